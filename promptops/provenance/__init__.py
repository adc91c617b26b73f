"""Look back: trace, verify, blame."""
