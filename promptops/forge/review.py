"""A review as a forge lists it, in the words of GitHub's API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ReviewState(StrEnum):
    """A review's state in GitHub's API. A state that is not listed here is not an approval."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Review:
    """One review as a forge lists it.

    Attributes:
        user: `@login`; None if the account was deleted.
        state: the forge's word, which may be unknown here.
        commit: the reviewed commit; None if the forge does not say.
        url: its page; empty if there is none.
        at: when it was given, if the forge says so.
    """

    user: str | None
    state: str
    commit: str | None
    url: str = ""
    at: datetime | None = None
