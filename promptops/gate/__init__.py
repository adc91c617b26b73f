"""May this change merge? Pure: everything it judges by is handed to it."""

from __future__ import annotations

from promptops.gate.approval import Approval, Approvals, Entry, Review, ReviewState, latest_reviews

__all__ = ["Approval", "Approvals", "Entry", "Review", "ReviewState", "latest_reviews"]
