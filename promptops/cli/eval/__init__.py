"""`promptops eval`: run and compare evals. One verb, one file."""
