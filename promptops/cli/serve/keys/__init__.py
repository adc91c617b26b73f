"""`promptops serve keys`: the keys of the service."""
