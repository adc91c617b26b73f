"""The configuration tables for running prompts, one module each."""
