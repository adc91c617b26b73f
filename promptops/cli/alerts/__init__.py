"""`promptops alerts`: telling people. One verb, one file."""
