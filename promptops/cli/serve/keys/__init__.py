"""`promptops serve keys`: manage the service's keys."""
