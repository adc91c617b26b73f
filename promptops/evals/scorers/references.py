"""The reference texts of a check: one text, a list, or a mapping with `text` or `texts`."""

from __future__ import annotations

from typing import Any


def references(argument: Any) -> list[str]:  # noqa: ANN401 - as the schemas say
    """Return all reference texts of an argument, at least one."""
    if isinstance(argument, dict):
        argument = argument["texts"] if "texts" in argument else argument["text"]
    return [argument] if isinstance(argument, str) else list(argument)
