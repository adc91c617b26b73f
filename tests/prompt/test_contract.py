"""The keywords of our own schemas: every answer is the engine's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.contract import compile_contract
from promptops.prompt.metadata import frontmatter_schema
from promptops.prompt.schema import compile_schema

_WORDS = st.sampled_from(
    [
        *("", "a", "b", "é", "a\\nb", "a\\n", "1.2.3", "1.2.3\\n", "1.02.3", "1.2.3-rc.1"),
        *(
            "1.2.3.lock",
            "draft",
            "string",
            "text",
            "untrusted",
            "type",
            "_x",
            "1x",
            "model",
            "when",
            "x" * 1025,
        ),
    ]
)
# The engine's paths leave an empty name out.
_NAMES = _WORDS.filter(bool)
_ATOMS = st.one_of(
    _WORDS,
    st.none(),
    st.booleans(),
    st.integers(-3, 7),
    st.sampled_from([2**53, 2**64, 0.5, 1.0, 1.5, -0.0]),
)
_VALUES = st.recursive(
    _ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)
_FRONTMATTER = frontmatter_schema()
_SCHEMAS = [
    *({"$defs": _FRONTMATTER["$defs"], **one} for one in _FRONTMATTER["properties"].values()),
    {"enum": [1, True, "a", [1, {"a": True}]]},
    {"type": "integer"},
    {"not": {"type": "string"}},
    {"uniqueItems": True},
    {"type": "array", "items": {"type": "array", "uniqueItems": True}, "uniqueItems": False},
]


def faults_of(schema: dict[str, Any], value: object) -> list[tuple[tuple[str | int, ...], str]]:
    """List the engine's faults; a value of a wrong type has no other, to be told once."""
    found = [
        (tuple(one.instance_path), one.kind.name)
        for one in compile_schema(schema).iter_errors(value)
    ]
    mistyped = {path for path, kind in found if kind == "type"}
    return sorted((one for one in found if one[0] not in mistyped or one[1] == "type"), key=str)


@pytest.mark.slow
@given(st.sampled_from(_SCHEMAS), _VALUES)
def test_the_faults_are_those_of_the_engine(schema: dict[str, Any], value: object) -> None:
    found = compile_contract(schema)(value)
    ours = sorted(((fault.path, fault.kind) for fault in found), key=str)
    assert ours == faults_of(schema, value)


def test_a_keyword_that_is_not_known_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="multipleOf"):
        compile_contract({"type": "array", "items": {"multipleOf": 2}})
