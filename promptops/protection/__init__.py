"""Enforce the gate: push checks, CI, doctor, hooks."""
