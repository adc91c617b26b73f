"""Read rows of samples from CSV, JSON Lines and JSON. A row maps columns to values."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from promptops.errors import count_of, quote
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.exact_json import unique_members
from promptops.prompt.frontmatter.document import find_undecodable

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDINGS = (".csv", ".jsonl", ".json")
_MAX_CELL = 4 * 1024 * 1024


class RowFault(ValueError):  # noqa: N818 - it becomes a finding
    """A file of samples cannot be read.

    Attributes:
        message: what is wrong.
        line: the line, from 1.
        hint: what to do.
    """

    def __init__(self, message: str, line: int = 1, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


class Row(NamedTuple):
    """One row, and the line on which it begins."""

    line: int
    values: dict[str, Any]


def read_rows(path: str, data: bytes) -> Iterator[Row]:
    """Yield the rows of the file at `path`, at least one. Raises RowFault."""
    undecodable = find_undecodable(path, data)
    if undecodable is not None:
        place = undecodable.position
        line = place.line if place is not None else 1
        raise RowFault(undecodable.message, line, undecodable.hint)
    text = normalize_newlines(data).decode().removeprefix("\ufeff")
    reading = _read_csv if path.endswith(".csv") else _read_json
    if path.endswith(".jsonl"):
        reading = _read_lines
    count = 0
    for row in reading(text):
        count += 1
        yield row
    if not count:
        raise RowFault("the file has no rows", 1, "a file without samples shows nothing")


def _read_csv(text: str) -> Iterator[Row]:
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if not header or not any(header):
            raise RowFault("the file is empty", 1, "begin with a line of column names")
        names = [name.strip() for name in header]
        _check_header(names)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                if len(cells) != len(names):
                    count = count_of(len(cells), "cell")
                    message = f"the row has {count}, and the header {len(names)}"
                    raise RowFault(message, line, "put cells with commas in double quotes")
                yield Row(line, dict(zip(names, cells, strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise RowFault(f"the file is not CSV: {error}", reader.line_num) from None


def _check_header(names: list[str]) -> None:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise RowFault("the columns are not separated by commas", 1, "save the file with commas")
    if "" in names:
        raise RowFault(f"column {names.index('') + 1} has no name", 1, "name it, or remove it")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RowFault(f"there are two columns {quote(twice)}", 1, "rename one")


def _read_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(_split_lines(text), 1):
        if line.strip():
            yield Row(number, _mapping(_parse(line, number - 1), number))


def _split_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, of which there may be many."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _read_json(text: str) -> Iterator[Row]:
    values = _parse(text, 0)
    if not isinstance(values, list):
        raise RowFault("the file is not a list of samples", 1, "write [{...}, {...}]")
    for value in values:
        yield Row(1, _mapping(value, 1))


def _mapping(value: object, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RowFault("the sample is not a mapping", line, "write one object for each sample")
    return value


def _parse(text: str, lines_before: int) -> Any:  # noqa: ANN401 - any JSON value
    try:
        # `loads` would make a new decoder for each line; it has its own words for this mark.
        return json.loads(text) if text.startswith("\ufeff") else _DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = f"the file is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise RowFault(message, lines_before + error.lineno) from None
    except RecursionError:
        raise RowFault("the file is nested too deep", lines_before + 1) from None
    except ValueError as error:
        raise RowFault(f"the file is not JSON: {error}", lines_before + 1) from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=unique_members)
