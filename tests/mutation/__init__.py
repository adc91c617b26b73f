"""Faults put into the rules on purpose, to see whether a test notices: `python3 dev.py mutants`."""
