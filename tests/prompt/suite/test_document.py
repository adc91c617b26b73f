"""A suite's file as plain values, each with its place."""

from __future__ import annotations

import pytest

from promptops.prompt.finding import Position
from promptops.prompt.suite.document import read_suite_document

TEXT = "\ufeffprompt: a\r\nsamples:\r\n- {name: x, trials: 2}\r\n"


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        (["prompt"], False, Position(1, 9, 1, 10)),
        (["samples", 0, "trials"], False, Position(3, 21, 3, 22)),
        (["samples", 0, "trials"], True, Position(3, 13, 3, 19)),
        # The nearest that is there.
        (["samples", 0, "inputs"], False, Position(3, 3, 3, 23)),
        (["models", 1], False, Position(1, 1, 1, 1)),
        ([], False, Position(1, 1, 1, 1)),
    ],
)
def test_values_are_found_where_they_are_written(
    path: list[str | int], key: bool, place: Position
) -> None:
    document = read_suite_document("evals/a.yaml", TEXT.encode())
    assert document.data == {"prompt": "a", "samples": [{"name": "x", "trials": 2}]}
    assert document.locate(path, key=key) == place


@pytest.mark.parametrize(
    ("data", "check", "said"),
    [
        (b"a: \xff", "not-utf8", "0xff"),
        (b"", "broken-suite", "the suite is empty"),
        (b"- a", "broken-suite", "the suite is not a mapping"),
        (b"a: [", "broken-suite", "the suite is not YAML"),
        (b"a: 1\na: 2", "duplicate-key", "'a' is given twice"),
        (b"a: " + b"x" * (4 * 1024 * 1024), "broken-suite", "larger than 4,194,304 characters"),
    ],
)
def test_a_file_that_is_no_mapping_is_a_fault_of_the_suite(
    data: bytes, check: str, said: str
) -> None:
    (fault,) = read_suite_document("evals/a.yaml", data).faults
    assert (fault.check, fault.path) == (check, "evals/a.yaml")
    assert said in fault.message
