"""Attacks at a size for every test run; `python -m tests.attacks` tries them at full size."""
