"""Refusals of a push: ref, reason and hint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, RefusedError, UntrustedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.errors import PromptopsError
    from promptops.prompt.finding import Finding

# Git shows the output of a hook on a terminal, so keep it short.
_MAX_SHOWN = 20
_GATE = "run promptops gate before you push to see what is missing"
_RULES = "see docs/server.md of promptops for what a push may do"
_ANSWERS = (RefusedError, IntegrityError, UntrustedError)


@dataclass(frozen=True, slots=True)
class PushRefusal:
    """The refusal of one ref.

    Attributes:
        ref: its full name.
        message: what is wrong.
        hint: what to do about it.
        is_unclear: whether it could not be checked, which is refused too.
    """

    ref: str
    message: str
    hint: str
    is_unclear: bool


class RefusedChangeError(RefusedError):
    """A change may not merge.

    Attributes:
        findings: the reasons, at least one.
    """

    page = "docs/gate.md#findings"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("the change may not merge")
        self.findings = tuple(findings)


def describe_refusals(ref: str, error: PromptopsError) -> list[PushRefusal]:
    """Return the refusals for an error; an unexpected error is an unclear refusal."""
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
