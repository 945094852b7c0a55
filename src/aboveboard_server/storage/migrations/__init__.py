"""Alembic's migrations of the hand-written tables."""
