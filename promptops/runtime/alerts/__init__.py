"""Alerts: tell a person that a limit was reached, a breaker opened, or a provider refuses
requests.
"""
