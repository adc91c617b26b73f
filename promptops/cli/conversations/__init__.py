"""`promptops conversations`: stored conversations with users. One verb, one file."""
