"""Runs prompts: calls models within limits, and records what happened."""
