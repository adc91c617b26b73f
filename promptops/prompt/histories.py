"""Find the inputs of a prompt that contain earlier messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.faults import read_template

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt

# By digest: a version's template never changes.
_KNOWN: dict[str, tuple[str, ...]] = {}
_MAX_KNOWN = 1000


def find_histories(prompt: Prompt) -> tuple[str, ...]:
    """Return the inputs that a prompt's `{% history %}` tags insert."""
    known = _KNOWN.get(prompt.digest)
    if known is None:
        found = read_template(prompt.closure, prompt.closure.path).histories
        known = tuple(dict.fromkeys(name for name, _ in found))
        if len(_KNOWN) >= _MAX_KNOWN:
            _KNOWN.clear()
        _KNOWN[prompt.digest] = known
    return known
