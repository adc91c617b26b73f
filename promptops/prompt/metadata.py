"""Validate frontmatter by the schema of its keys.

Plainly valid frontmatter is recognised without the schema engine. `explanation` explains the faults
of the rest.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.prompt.contract import compile_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptops.prompt.contract import ContractFault
    from promptops.prompt.finding import Finding
    from promptops.prompt.frontmatter.document import Document


WHOLE_NUMBERS = ("max_tokens", "seed")

MAX_FAULTS = 100


@cache
def frontmatter_schema() -> dict[str, Any]:
    """Return the JSON Schema of the frontmatter, as `promptops schema` prints it."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("prompt.schema.json").read_bytes())
    return loaded


@cache
def property_check(key: str) -> Callable[[Any], tuple[ContractFault, ...]]:
    """Return what gives the faults of a key's value. Raises KeyError for an unknown key."""
    schema = frontmatter_schema()
    return compile_contract(schema["properties"][key], schema["$defs"])


def check_metadata(document: Document) -> Iterator[Finding]:
    """Validate a document's frontmatter by the schema: unknown, missing and mistyped keys."""
    data = dict(document.data)
    schema = frontmatter_schema()
    if (
        data.keys() >= set(schema["required"])
        and data.keys() <= schema["properties"].keys()
        and not any(property_check(key)(value) for key, value in data.items())
        and not any(isinstance(data.get(key), float) for key in WHOLE_NUMBERS)
    ):
        return
    from promptops.prompt.explanation import explain_faults

    yield from islice(explain_faults(document, data), MAX_FAULTS)
