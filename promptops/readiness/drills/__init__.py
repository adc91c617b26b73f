"""Drills in a temporary copy of the repository, with real processes. Nothing outside changes.

Modules:
    scratch: a copy of the repository with a remote of its own.
    rollback, source_loss, provider_outage, restore: one drill each.
    catalogue: the drills by name.
"""
