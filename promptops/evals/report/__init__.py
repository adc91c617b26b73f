"""Reports of eval runs: one module a format, each from a result to a text."""
