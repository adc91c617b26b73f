"""What a forge says of a change: GitHub and GitLab, read over HTTP and believed only so far.

    with GitHub("acme/prompts", token=token) as github:
        for review in github.reviews(12):
            ...

A forge may be slow, failing, or somebody else: an answer is bounded in size, time and number of
pages and has the types that the forge's own description promises, or it is an error. No error is
ever an empty answer. Nothing is ever written.
"""

from __future__ import annotations

from promptops.forge.event import Event, read_event
from promptops.forge.github import GitHub, PullRequest
from promptops.forge.gitlab import GitLab, MergeRequest
from promptops.forge.limits import Limits
from promptops.forge.record import Record
from promptops.forge.transport import Transport

__all__ = [
    "Event",
    "GitHub",
    "GitLab",
    "Limits",
    "MergeRequest",
    "PullRequest",
    "Record",
    "Transport",
    "read_event",
]
