"""Faults put into the rules on purpose, to see whether a test notices: `nox -s mutants`."""
