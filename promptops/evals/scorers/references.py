"""The reference texts of a check: one text, a list, or a mapping with `texts`."""

from __future__ import annotations

from typing import Any


def references(argument: Any) -> list[str]:  # noqa: ANN401 - as the schemas say
    """Return all reference texts of an argument, at least one."""
    texts = argument["texts"] if isinstance(argument, dict) else argument
    return [texts] if isinstance(texts, str) else list(texts)
