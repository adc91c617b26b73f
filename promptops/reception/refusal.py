"""Refusals: which ref a push may not move, why, and what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, RefusedError, UntrustedError

if TYPE_CHECKING:
    from promptops.errors import PromptopsError

_ANSWERS = (RefusedError, IntegrityError, UntrustedError)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one ref stays as it is.

    Attributes:
        ref: its full name.
        message: what is wrong.
        hint: what to do about it, or None.
        is_unclear: whether this could not be judged, which refuses it as well.
    """

    ref: str
    message: str
    hint: str | None
    is_unclear: bool


def describe_refusal(ref: str, error: PromptopsError) -> Refusal:
    """Give the refusal that an error means; one that is no answer means that nobody can tell."""
    return Refusal(ref, error.message, error.hint, not isinstance(error, _ANSWERS))
