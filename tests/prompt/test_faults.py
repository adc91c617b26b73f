"""Schemas that a document declares, judged in their place."""

from __future__ import annotations

import pytest

from promptops.prompt.faults import check_declarations
from tests.prompt.pieces import judge, read


@pytest.mark.parametrize(
    ("line", "check", "column", "message"),
    [
        ("inputs: {a: {pattern: '('}}", "invalid-schema", 23, "input 'a' has no valid schema"),
        ("inputs: {a: {minLength: -1}}", "invalid-schema", 25, "less than the minimum"),
        ("inputs: {a: {items: {type: x}}}", "invalid-schema", 28, "'items.type' is not a JSON Schema type"),
        ("inputs: {a: {$ref: 'https://example.com/s'}}", "invalid-schema", 13,
         "refers to 'https://example.com/s', which is outside"),
        ("inputs: {a: {$ref: 'file:///etc/passwd'}}", "invalid-schema", 13, "outside"),
        ("inputs: {a: {$ref: other.json}}", "invalid-schema", 13, "'other.json', which is outside"),
        ("inputs: {a: {$ref: '#/$defs/x'}}", "invalid-schema", 13, "'#/$defs/x', which does not"),
        ("inputs: {a: {type: integer, default: x}}", "invalid-default", 38,
         "the default of input 'a' is not a whole number"),
        ("inputs: {a: {type: string, default: null}}", "invalid-default", 37, "not a text"),
        ("inputs: {a: {maxLength: 1, default: xyz}}", "invalid-default", 37, "is refused"),
        ("inputs: {loop: string}", "reserved-input", 10, "called 'loop'"),
        ("output: {type: objct}", "invalid-schema", 16, "the output has no valid schema"),
    ],
)  # fmt: skip
def test_declared_schemas_are_judged_in_their_place(
    line: str, check: str, column: int, message: str
) -> None:
    assert judge(line) == []
    (finding,) = check_declarations(read(line))
    assert finding.check == check
    assert message in finding.message
    assert finding.position is not None
    assert finding.position.column == column
