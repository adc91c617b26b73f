"""What is known about models: how much they take, and which parameters they do not.

The table is made from LiteLLM's own data by `nox -s models`, because importing LiteLLM takes
seconds. It has the providers whose models are a closed list; about all others nothing is said.
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
"""The letters by which the table names what a model does not take."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model.

    Attributes:
        name: as its provider has it.
        window: how many tokens it reads at most; 0 where that is not known.
        longest_answer: how many tokens it writes at most, likewise.
        refused: parameters of a call that it does not take.
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
    """Return the model that `provider/name`, or a name alone, means; None where it is not known."""
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
    """Return all models of the provider that `written` names; empty for one that is not judged."""
    provider, slash, name = written.partition("/")
    # Tuned models and dated previews have names of their own.
    if not slash or name.startswith("ft:"):
        return []
    return [f"{provider}/{one}" for one in _table().get(provider, {})]
