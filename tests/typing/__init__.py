"""The public API, type-checked as a user would use it."""
