"""Subjects, their opt-outs, and the keys that keep them from being guessed."""
