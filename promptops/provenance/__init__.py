"""Trace, verify and blame released content."""
