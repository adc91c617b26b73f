"""Reach the stores of a configuration: their addresses, and connections to them."""
