"""JSON that every parser reads alike, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.exact_json import MAX_INTEGER, normalize_numbers, read_exact

NUMBERS = st.integers(-MAX_INTEGER, MAX_INTEGER) | st.floats(0.001, 1e15)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.story
@given(VALUES)
def test_what_is_settled_reads_back_as_it_is(value: Any) -> None:
    settled = normalize_numbers(value)
    for is_ascii in (False, True):
        assert read_exact(json.dumps(settled, ensure_ascii=is_ascii).encode()) == settled
    assert settled == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "100.0",
            "1e2",
            "1E2",
            "-0",
            "-0.0",
            "0.10",
            "1.50",
            "1e-7",
            "0.00001",
            "NaN",
            "Infinity",
        ),
        *(
            "9007199254740992",
            "-9007199254740992",
            "9" * 400,
            "9" * 5000,
            f"0.{'1' * 400}",
            "1e400",
        ),
        *('{"a": 1, "a": 1}', '[{"a": {}, "b": 1, "a": {}}]', '"\\ud800"', '{"\\udc00": 1}'),
        *('["\\ud800"]', '[[1], {"a": "\\ud800"}]', "9007199254740992.5", "-" + "9" * 99),
        *('"\\udc00\\ud800"', "", "[", "\ufeff1", "01", "'a'", "[1,]"),
    ],
)
def test_what_parsers_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_exact(text.encode())


def test_the_key_that_is_given_twice_is_named() -> None:
    with pytest.raises(ValueError, match="key 'b' is given twice"):
        read_exact(b'{"a": 1, "b": 2, "c": 3, "b": 4}')


def test_other_encodings_are_refused() -> None:
    for encoding in ("utf-16", "utf-32", "utf-16-le", "latin-1"):
        with pytest.raises(ValueError, match=r"."):
            read_exact('{"ä": 1}'.encode(encoding))


def test_half_of_a_pair_is_read_where_it_may_stand() -> None:
    assert read_exact(b'"\\ud800"', allow_surrogates=True) == "\ud800"
    assert read_exact(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("value", [1e-7, 2.0**60, float("nan"), float("inf"), 2**53, [{"a": 1e-9}]])
def test_numbers_that_programs_write_differently_are_refused(value: Any) -> None:
    with pytest.raises((ValueError, OverflowError), match=r"."):
        normalize_numbers(value)
