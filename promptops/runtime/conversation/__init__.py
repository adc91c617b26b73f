"""Conversations: what was said earlier, kept in bounds, for a prompt's `{% history %}`."""
