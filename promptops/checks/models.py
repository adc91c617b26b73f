"""Known models: token limits and unsupported parameters.

`nox -s models` makes the table from LiteLLM's data, because importing LiteLLM takes seconds. It has
only providers with a closed list of models.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PARAMETERS = {
    "e": "seed",
    "f": "tools",
    "m": "max_tokens",
    "p": "top_p",
    "r": "response_format",
    "s": "stop",
    "t": "temperature",
}
"""The table's letters for parameters that a model does not support."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model.

    Attributes:
        name: the provider's name for it.
        window: the maximum number of input tokens; 0 if unknown.
        longest_answer: the maximum number of output tokens; 0 if unknown.
        refused: parameters that it does not support.
    """

    name: str
    window: int
    longest_answer: int
    refused: frozenset[str]


@cache
def _table() -> dict[str, dict[str, tuple[int, int, str]]]:
    loaded: dict[str, dict[str, tuple[int, int, str]]] = json.loads(
        Path(__file__).with_name("models.json").read_bytes()
    )
    return loaded


def find_model(written: str) -> KnownModel | None:
    """Return the model by `provider/name`, or by name alone; None if unknown."""
    provider, slash, name = written.partition("/")
    table = _table()
    if not slash:
        provider = next((one for one, models in table.items() if written in models), "")
        name = written
    facts = table.get(provider, {}).get(name)
    if facts is None:
        return None
    window, longest_answer, letters = facts
    refused = frozenset(PARAMETERS[letter] for letter in letters)
    return KnownModel(name, window, longest_answer, refused)


def known_names(written: str) -> list[str]:
    """Return all models of the provider in `written`; empty for a provider that is not in the
    table.
    """
    provider, slash, name = written.partition("/")
    # Fine-tuned models and dated previews are not in the table.
    if not slash or name.startswith("ft:"):
        return []
    return [f"{provider}/{one}" for one in _table().get(provider, {})]
