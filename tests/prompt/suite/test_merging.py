"""Samples made from rows: an entry without placeholders is read the short way, with one result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.suite.merging import has_placeholders, merge_row
from promptops.prompt.suite.reading import _RowSamples, _sample
from promptops.prompt.suite.rows import RowFault

if TYPE_CHECKING:
    from collections.abc import Callable


TEXTS = st.sampled_from(["a", "b", "{{ answer }}", "is {{answer}}.", "{{ }}", "{{ question }}"])


CHECKS = st.lists(
    st.sampled_from(["contains", "equals"]).flatmap(
        lambda key: st.builds(lambda text: {key: text}, TEXTS)
    ),
    max_size=3,
)


ENTRIES = st.fixed_dictionaries(
    {"from": st.just("rows.csv")},
    optional={
        "expect": CHECKS,
        "inputs": st.dictionaries(st.sampled_from(["question", "more"]), TEXTS, max_size=2),
        "columns": st.just({"question": "asked"}),
        "tags": st.lists(st.sampled_from(["x", "y"]), max_size=2),
        "trials": st.integers(1, 3),
        "threshold": st.just(0.5),
    },
)  # fmt: skip


DEFAULTS = st.fixed_dictionaries(
    {},
    optional={
        "expect": CHECKS,
        "inputs": st.just({"more": "m"}),
        "tags": st.just(["x", "z"]),
        "trials": st.just(2),
        "outcome": st.just("error"),
    },
)


ROWS = st.fixed_dictionaries(
    {},
    optional={
        "question": st.just("q"),
        "asked": st.just("Who?"),
        "answer": st.just("42"),
        "name": st.just("n"),
        "tags": st.sampled_from(["x, w", ["w"]]),
        "expect": st.just([{"contains": "c"}]),
        "inputs": st.just({"question": "whole"}),
    },
)


DECLARED = st.sampled_from([None, frozenset({"question", "more"}), frozenset({"question", "tags"})])


def told(work: Callable[[], dict[str, Any]]) -> object:
    try:
        return work()
    except RowFault as fault:
        return fault.message, fault.hint


@pytest.mark.story
@given(written=ENTRIES, defaults=DEFAULTS, row=ROWS, declared=DECLARED)
def test_a_row_makes_the_same_sample_either_way(
    written: dict[str, Any],
    defaults: dict[str, Any],
    row: dict[str, Any],
    declared: frozenset[str] | None,
) -> None:
    maker = _RowSamples(written, defaults, declared)
    expected = told(lambda: merge_row(row, written, declared))
    merged = told(lambda: maker.merge(row))
    assert merged == expected
    if not isinstance(merged, dict):
        return
    named = {**merged, "name": "a"}
    # Twice, because the second row reuses what the first one left.
    for _ in range(2):
        assert maker.make(row, named) == _sample(named, defaults, "a")


@pytest.mark.parametrize(
    ("value", "has"),
    [
        ("{{ a }}", True),
        ({"a": [1, {"b": "x {{ a }}"}]}, True),
        (["{{}}", "{ a }", 5, None, {"{{ a }}": "b"}], False),
    ],
)
def test_what_a_row_changes(value: object, has: bool) -> None:
    assert has_placeholders(value) is has
