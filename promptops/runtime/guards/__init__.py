"""Guards: limits that refuse a run before money is spent, shared by all processes."""
