"""Render unapproved templates in a process with limits."""
