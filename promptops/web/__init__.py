"""Blocking HTTP from the standard library, for everything except models on event loops."""
