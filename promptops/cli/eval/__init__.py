"""`promptops eval`: is a change better or worse? One verb, one file."""
