"""Validate prompts: rules, engine, results, reports."""
