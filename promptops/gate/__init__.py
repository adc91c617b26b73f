"""Decide whether a change may be merged."""
