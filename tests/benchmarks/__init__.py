"""Measurements: how fast, how steady, how frugal. `python -m tests.benchmarks` (or `make bench`) runs them all."""
