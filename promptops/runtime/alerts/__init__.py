"""Alerts: telling a person that a guard tripped, a breaker opened, or a provider refuses us."""
