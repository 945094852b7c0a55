"""The `aboveboard` command: one module for each group of commands."""
