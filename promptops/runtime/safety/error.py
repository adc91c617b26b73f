"""The error that stops a run for safety reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence


class SafetyError(RefusedError):
    """A run was stopped for safety reasons.

    Attributes:
        rules: the rules that matched.
    """

    page = "docs/safety.md"

    def __init__(self, message: str, *, rules: Sequence[str], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.rules = tuple(rules)
