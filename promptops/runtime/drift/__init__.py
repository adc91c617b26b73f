"""Drift: compare recent runs with those of a reference window."""
