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
def property_checks() -> dict[str, Callable[[Any], tuple[ContractFault, ...]]]:
    """Return for each key what gives the faults of its value."""
    schema = frontmatter_schema()
    definitions = schema["$defs"]
    return {
        key: compile_contract(inner, definitions) for key, inner in schema["properties"].items()
    }


def check_metadata(document: Document) -> Iterator[Finding]:
    """Validate a document's frontmatter by the schema: unknown, missing and mistyped keys."""
    data = dict(document.data)
    checks = property_checks()
    if data.keys() >= set(frontmatter_schema()["required"]) and all(
        key in checks
        and not checks[key](value)
        and not (key in WHOLE_NUMBERS and isinstance(value, float))
        for key, value in data.items()
    ):
        return
    from promptops.prompt.explanation import explain_faults

    yield from islice(explain_faults(document, data), MAX_FAULTS)
