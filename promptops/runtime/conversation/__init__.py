"""Conversations: bounded histories of messages for a prompt's `{% history %}`."""
