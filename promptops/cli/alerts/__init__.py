"""`promptops alerts`: send alerts. One verb, one file."""
