"""HTTP: blocking, from the standard library, and on event loops."""
