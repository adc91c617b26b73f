"""Rows of CSV, JSON Lines and JSON, each with its line, and what is wrong with a file of them."""

from __future__ import annotations

import pytest

from promptops.prompt.suite.rows import Row, RowFault, read_rows


def test_a_second_mark_of_the_order_of_bytes_is_refused() -> None:
    with pytest.raises(RowFault, match="unexpected UTF-8 BOM"):
        list(read_rows("a.jsonl", "\ufeff\ufeff{}".encode()))


@pytest.mark.parametrize(
    ("path", "text", "rows"),
    [
        ("a.csv", "\ufeffa, b\r\n1,2\r\n", [Row(2, {"a": "1", "b": "2"})]),
        # A cell may hold lines, and an empty line is no row.
        (
            "a.csv",
            'a,b\n"x\ny","z ""q"""\n\n3,4',
            [Row(2, {"a": "x\ny", "b": 'z "q"'}), Row(5, {"a": "3", "b": "4"})],
        ),
        ("a.jsonl", '{"a": 1}\n \n{"a": [2]}', [Row(1, {"a": 1}), Row(3, {"a": [2]})]),
        ("a.jsonl", '{"a": "x\u2028y"}', [Row(1, {"a": "x\u2028y"})]),
        ("a.json", '[\n{"a": 1},\n{"a": null}]', [Row(1, {"a": 1}), Row(1, {"a": None})]),
    ],
)
def test_rows_keep_their_values_and_their_lines(path: str, text: str, rows: list[Row]) -> None:
    assert list(read_rows(path, text.encode())) == rows


@pytest.mark.parametrize(
    ("path", "text", "line", "message"),
    [
        ("a.csv", "", 1, "the file is empty"),
        ("a.csv", ",\n1,2", 1, "the file is empty"),
        ("a.csv", "a\n", 1, "the file has no rows"),
        ("a.csv", "a;b\n1;2", 1, "the columns are not separated by commas"),
        ("a.csv", "a,,b\n1,2,3", 1, "column 2 has no name"),
        ("a.csv", "a,b,a\n1,2,3", 1, "there are two columns 'a'"),
        ("a.csv", 'a,b\n"x\ny",1\n2', 4, "the row has 1 cell, and the header 2"),
        ("a.csv", 'a\n"x" y', 2, "the file is not CSV"),
        ("a.jsonl", '{"a": 1}\n\n[1]', 3, "the sample is not a mapping"),
        ("a.jsonl", '{"a": 1}\n{"a": NaN}', 2, "NaN is not a JSON number"),
        ("a.jsonl", '{"a": 1}\n{"a": }', 2, "the file is not JSON: expecting value"),
        ("a.jsonl", '{"a": 1, "a": 2}', 1, "the file is not JSON"),
        ("a.jsonl", "\n\n", 1, "the file has no rows"),
        ("a.json", '[\n{"a": }]', 2, "the file is not JSON: expecting value"),
        ("a.json", '{"a": 1}', 1, "the file is not a list of samples"),
        ("a.json", "[1]", 1, "the sample is not a mapping"),
        ("a.json", "[" * 100_000, 1, "the file is nested too deep"),
    ],
)
def test_a_fault_of_a_file_of_rows_has_its_line(
    path: str, text: str, line: int, message: str
) -> None:
    with pytest.raises(RowFault, match=message) as caught:
        list(read_rows(path, text.encode()))
    assert caught.value.line == line


def test_bytes_that_are_no_text_are_told_where_they_are() -> None:
    with pytest.raises(RowFault) as caught:
        list(read_rows("a.csv", b"a\nx\n\xff"))
    assert caught.value.line == 3
