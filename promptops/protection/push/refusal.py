"""Refusals: which ref a push may not move, why, and what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, RefusedError, UntrustedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.errors import PromptopsError
    from promptops.prompt.finding import Finding

# What git shows of a hook goes by on a terminal.
_MAX_SHOWN = 20
_GATE = "promptops gate shows all that is missing before you push"
_RULES = "docs/server.md of promptops says what a push may do here"
_ANSWERS = (RefusedError, IntegrityError, UntrustedError)


@dataclass(frozen=True, slots=True)
class PushRefusal:
    """Why one ref stays as it is.

    Attributes:
        ref: its full name.
        message: what is wrong.
        hint: what to do about it.
        is_unclear: whether this could not be judged, which refuses it as well.
    """

    ref: str
    message: str
    hint: str
    is_unclear: bool


class RefusedChangeError(RefusedError):
    """A change may not merge.

    Attributes:
        findings: why not, at least one.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("the change may not merge")
        self.findings = tuple(findings)


def describe_refusals(ref: str, error: PromptopsError) -> list[PushRefusal]:
    """Return the refusals that an error means; one that is no answer means that nobody can tell."""
    if not isinstance(error, RefusedChangeError):
        return [
            PushRefusal(ref, error.message, error.hint or _RULES, not isinstance(error, _ANSWERS))
        ]
    refusals = [
        PushRefusal(ref, f"{one.place}: {one.message}", one.hint or _GATE, is_unclear=False)
        for one in error.findings[:_MAX_SHOWN]
    ]
    more = len(error.findings) - _MAX_SHOWN
    if more > 0:
        message = f"the change may not merge for {more} more reasons"
        refusals.append(PushRefusal(ref, message, _GATE, is_unclear=False))
    return refusals
