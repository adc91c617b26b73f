"""Attacks at a size for every test run; `python -m tests.attacks.forks` takes any size."""
