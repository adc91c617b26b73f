"""The result for one prompt, as it goes to the store and comes back."""

from __future__ import annotations

import json

from promptops.checks.result import ValidationResult, fingerprint
from promptops.prompt.finding import Finding, Fix, Position, Severity

PLACE = Position(3, 1, 3, 9)
FINDING = Finding(
    "unused-input", Severity.WARNING, "m", "a.md", PLACE, "h", (Fix("a.md", 1, 2, "é"),)
)
RESULT = ValidationResult(
    "a.md",
    {"a.md": "1", "_p.md": "2"},
    (FINDING, Finding("syntax", Severity.ERROR, "whole file", "_p.md")),
    {"a.md": (("_p.md", PLACE), ("_q.md", PLACE))},
    40,
    7,
    "openai/gpt-4o",
    "evals/a.yaml",
    is_lasting=True,
    draft=PLACE,
)


def test_a_result_comes_back_from_json_as_it_was() -> None:
    assert ValidationResult.decode(json.loads(json.dumps(RESULT.encode()))) == RESULT


def test_what_a_prompt_does_not_have_comes_back_as_nothing() -> None:
    plain = ValidationResult("a.md", {}, (), {}, 0, 1, "m", None, is_lasting=False)
    assert ValidationResult.decode(json.loads(json.dumps(plain.encode()))) == plain


def test_files_that_include_nothing_take_no_room() -> None:
    bare = ValidationResult("a.md", {}, (), {"a.md": ()}, 0, 1, "m", None, is_lasting=True)
    assert ValidationResult.decode(bare.encode()).inclusions == {}


def test_a_fingerprint_is_of_every_byte() -> None:
    prints = {fingerprint(data) for data in (b"", b"a", b"a\n", b"a\r\n")}
    assert len(prints) == 4
