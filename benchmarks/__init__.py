"""Measures Aboveboard against the limit of its own store; `python -m benchmarks --help`."""
