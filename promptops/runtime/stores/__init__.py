"""Find the configured stores, and connect to them."""
