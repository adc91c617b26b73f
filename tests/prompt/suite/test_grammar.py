"""What a suite's own file may say, and the patterns it may use."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.prompt.suite.document import read_suite_document
from promptops.prompt.suite.grammar import (
    Named,
    check_grammar,
    compile_pattern,
    default_minimums,
    name_scorer,
    pattern_fault,
)


def judge(text: str) -> list[str]:
    document = read_suite_document("a.yaml", f"schema: promptops.suite/v1\n{text}\n".encode())
    return [
        f"{one.place.removeprefix('a.yaml:')} {one.check} {one.message}"
        for one in check_grammar(document)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prompt: a\nsamples: [{name: x}]", []),
        ("samples: [{name: x}]", ["1:1 missing-key 'prompt' is missing"]),
        ("prompt: a\nsamples: []", ["3:10 mistyped-key the suite has no samples"]),
        # YAML's parser has told of the value already.
        ("prompt: a\nsamples: [{name: x, trials: 1_0}]", []),
        ("prompt: a\nsamples: [", []),
        (
            "prompt: a\nsamples: [{name: x, expect: [{all: [{equals: a}, {any: [{}]}]}]}]",
            ["3:57 invalid-check the check has no scorer"],
        ),
        (
            "prompt: a\nsamples: [{name: x, turns: [{user: q, expect: [{regex: '('}]}]}]",
            [
                (
                    "3:56 invalid-check the pattern '(' cannot be used: missing ), unterminated "
                    "subpattern at position 0"
                )
            ],
        ),
    ],
)
def test_faults_are_told_once_and_as_deep_as_checks_go(text: str, expected: list[str]) -> None:
    assert judge(text) == expected


def test_masses_of_faults_are_cut_off() -> None:
    samples = ", ".join("{name: 1}" for _ in range(500))
    assert 10 < len(judge(f"prompt: a\nsamples: [{samples}]")) <= 200


@pytest.mark.parametrize(
    ("check", "named"),
    [
        ({"contains": "a", "weight": 2, "min": 0.5}, Named("contains", "contains", False)),
        ({"not_contains": "a"}, Named("not_contains", "contains", True)),
        ({"not": []}, Named("not", "not", False)),
        ({"weight": 2}, None),
        ({"contains": "a", "equals": "b"}, None),
    ],
)
def test_a_check_names_one_scorer(check: dict[str, Any], named: Named | None) -> None:
    assert name_scorer(check) == named


def test_a_scorer_that_measures_passes_below_one() -> None:
    minimums = default_minimums()
    assert (minimums["contains"], minimums["rouge"]) == (1.0, 0.75)
    assert not [name for name in minimums if name.startswith("not_") or name in {"min", "weight"}]


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        (r"^\d{3}-\w+$", None),
        ("(", "missing )"),
        ("(?=a)", "linear time"),
        (r"(a)\1", "linear time"),
    ],
)
def test_a_pattern_runs_in_linear_time_or_is_refused(pattern: str, fault: str | None) -> None:
    found = pattern_fault(pattern)
    assert found is None if fault is None else fault in str(found)


def test_a_pattern_may_match_anywhere_in_the_text() -> None:
    pattern = compile_pattern("b+")
    assert [pattern.is_valid(text) for text in ("abbc", "ac", 1)] == [True, False, False]
