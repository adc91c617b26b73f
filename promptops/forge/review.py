"""A review as a forge lists it, in the words of GitHub's API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ReviewState(StrEnum):
    """What a review says, in the words of GitHub's API; a word not listed here is no approval."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Review:
    """One review as a forge lists it.

    Attributes:
        user: `@login`; None where the account is gone.
        state: the forge's word, known or not.
        commit: the commit that was looked at; None where the forge does not say.
        url: where a person can read it; empty where there is no such place.
        at: when it was given, where the forge says it.
    """

    user: str | None
    state: str
    commit: str | None
    url: str = ""
    at: datetime | None = None
