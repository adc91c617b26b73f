"""Attacks at a size for every test run; `python -m tests.attacks` runs them at full size."""
