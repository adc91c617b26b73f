"""What makes the gate the only way: push checks, CI, doctor, hooks."""
