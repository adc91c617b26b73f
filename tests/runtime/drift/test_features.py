"""What is compared of a run."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.runtime.drift.features import find_language, input_names, read_features
from tests.runtime.log.pieces import end, make_run


@pytest.mark.parametrize(
    ("value", "kind", "number", "known"),
    [
        ("a", "string", ("length", 1), '"a"'),
        ("", "empty string", ("length", 0), '""'),
        (2.5, "number", ("number", 2.5), "2.5"),
        (True, "boolean", None, "true"),
        (None, "null", None, None),
        ([1, 2], "array", ("size", 2), None),
        ({"b": 1}, "object", ("size", 1), None),
    ],
)
def test_an_input_is_compared_by_its_type_size_and_value(
    value: object, kind: str, number: tuple[str, float] | None, known: str | None
) -> None:
    found = read_features(make_run(inputs={"a": value}), ["a"])
    assert found.classes["input a: type"] == kind
    expected = {} if number is None else {f"input a: {number[0]}": number[1]}
    assert found.numbers == expected
    assert found.values == ({} if known is None else {"input a: new values": known})


def test_an_input_that_only_other_runs_have_is_missing() -> None:
    runs = [make_run(inputs={"a": 1}), make_run(inputs={"b": 1}), make_run(inputs=None)]
    names = input_names(runs)
    assert names == ["a", "b"]
    assert read_features(runs[0], names).classes["input b: type"] == "missing"
    # Nothing is known of inputs that were not stored.
    assert "input a: type" not in read_features(runs[2], names).classes


@pytest.mark.story
@pytest.mark.parametrize(
    ("values", "refusals", "failures"),
    [
        ({"answer": "Paris."}, "answers", "passes"),
        ({"answer": "I'm sorry, but I can't help with that."}, "refuses", "passes"),
        ({"answer": "Paris.", "finish": "content_filter"}, "refuses", "passes"),
        ({"answer": "Paris.", "stage": "parse", "status": "failed"}, "answers", "fails"),
        ({"answer": None, "stage": "call", "status": "failed"}, None, "passes"),
    ],
)
def test_refusals_and_answers_that_break_the_schema_are_told_apart(
    values: dict[str, Any], refusals: str | None, failures: str
) -> None:
    found = read_features(end(make_run(), **values), [])
    assert found.classes.get("refusals") == refusals
    assert found.classes["schema failures"] == failures
    assert ("output length" in found.numbers) == (values["answer"] is not None)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Betrag wurde zweimal abgebucht, und der Kunde möchte sein Geld.", "de"),
        ("The amount was charged twice, and the customer wants the money.", "en"),
        ("der die das und ist 1234567890", None),
        ("1234567890 " * 9, None),
    ],
)
def test_a_language_is_found_only_where_there_is_enough_to_read(
    text: str, language: str | None
) -> None:
    pytest.importorskip("py3langid")
    assert find_language(text) == language
