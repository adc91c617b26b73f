"""Read cases from tables: a row is a case, a column a variable, and `__expected` an assertion."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.draft import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPES = [
    "agent-rubric",
    "answer-relevance",
    "bleu",
    "classifier",
    "contains",
    "contains-all",
    "contains-any",
    "contains-html",
    "contains-json",
    "contains-sql",
    "contains-xml",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "conversation-relevance",
    "cost",
    "equals",
    "factuality",
    "finish-reason",
    "g-eval",
    "gleu",
    "guardrails",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-html",
    "is-json",
    "is-refusal",
    "is-sql",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "javascript",
    "latency",
    "levenshtein",
    "llm-rubric",
    "pi",
    "meteor",
    "model-graded-closedqa",
    "model-graded-factuality",
    "moderation",
    "perplexity",
    "perplexity-score",
    "python",
    "regex",
    "rouge-n",
    "ruby",
    "similar",
    "similar:cosine",
    "similar:dot",
    "similar:euclidean",
    "starts-with",
    "tool-call-f1",
    "skill-used",
    "search-rubric",
    "webhook",
    "word-count",
]
_TYPED = re.compile(
    rf"(?P<type>(?:not-)?(?:{'|'.join(map(re.escape, _TYPES))}))"
    r"(?:\((?P<threshold>\d+(?:\.\d+)?)\))?(?::(?P<value>[\s\S]*))?"
)
_WITH_LIMIT = frozenset(
    [
        "answer-relevance",
        "classifier",
        "context-faithfulness",
        "context-recall",
        "context-relevance",
        "cost",
        "latency",
        "levenshtein",
        "perplexity-score",
        "perplexity",
        "rouge-n",
        "similar",
        "starts-with",
    ]
)
_PREFIXES = {
    "javascript:": "javascript",
    "fn:": "javascript",
    "eval:": "javascript",
    "grade:": "llm-rubric",
    "llm-rubric:": "llm-rubric",
    "python:": "python",
}
_PROGRAM = re.compile(r"\.(?:[cm]?[jt]s\Z|(py)(?:\Z|:))")
_UNTRIMMED = frozenset({"contains-json", "is-json"})
_TEXTS = ("description", "providerOutput")
_SPECIAL = re.compile(
    r"__(?:expected|config:|metadata|(?:prefix|suffix|threshold|metric|description|providerOutput)\Z)"
)
_COLUMN = re.compile(r"__expected(\d*)")
_LOOKS_LIKE_CHECKS = re.compile(r"_?_?expected\d*", re.IGNORECASE)


def read_cell(text: str) -> dict[str, Any]:
    """Return the assertion in a cell of `__expected`."""
    text = text.strip()
    for prefix, kind in _PREFIXES.items():
        if text.startswith(prefix):
            value = text.removeprefix(prefix)
            return {"type": kind, "value": value if kind == "llm-rubric" else value.strip()}
    if text.startswith("file://") and (program := _PROGRAM.search(text)) is not None:
        return {"type": "python" if program[1] else "javascript", "value": text}
    match = _TYPED.fullmatch(text)
    return {"type": "equals", "value": text} if match is None else _read_typed(match)


def _read_typed(match: re.Match[str]) -> dict[str, Any]:
    kind = match["type"].removeprefix("not-")
    found: dict[str, Any] = {"type": match["type"]}
    if match["value"] is not None:
        found["value"] = match["value"] if kind in _UNTRIMMED else match["value"].strip()
    if kind in _WITH_LIMIT:
        default = 0.8 if kind == "similar" else 0.75
        found["threshold"] = float(match["threshold"]) if match["threshold"] else default
    return found


def read_rows(text: str, file: str) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    """Return the cases of a CSV file with their lines, and notes on unusual columns.

    Raises:
        UnreadableError: it cannot be read, or promptfoo would not load it.
    """
    if not text.strip():
        raise UnreadableError(f"{file} is empty")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip() for column in next(reader)]
        odd = list(_find_oddities(header))
        cases = []
        line = reader.line_num + 1
        for row in reader:
            if any(row):
                cases.append((line, _read_row(header, row, f"{file}:{line}")))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"{file} is not CSV: {error}") from None
    return cases, odd


def _find_oddities(header: list[str]) -> Iterator[str]:
    if len(header) == 1 and ";" in header[0]:
        yield "has ';' between its columns, so that promptfoo sees one column and no check"
    for column in header:
        if _LOOKS_LIKE_CHECKS.fullmatch(column) and not _COLUMN.fullmatch(column):
            yield f"has a column '{column}', which is a variable and checks nothing"
    if not any(column.startswith("__expected") for column in header):
        yield "has no column '__expected'"


def _read_row(header: list[str], row: list[str], where: str) -> dict[str, Any]:
    cells = dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=False))
    filled = {column: cell for column, cell in cells.items() if cell}
    asserts = [
        read_cell(cell)
        for column, cell in cells.items()
        if column.startswith("__expected") and cell.strip()
    ]
    for column, cell in cells.items():
        if column.startswith("__config:"):
            index, limit = _read_limit(column, cell, where)
            if index < len(asserts):
                asserts[index]["threshold"] = limit
    case: dict[str, Any] = {
        "vars": {name: cell for name, cell in cells.items() if not _SPECIAL.match(name)},
        "assert": asserts,
        "options": {
            key: filled[f"__{key}"] for key in ("prefix", "suffix") if f"__{key}" in filled
        },
    }
    case |= {key: filled[f"__{key}"] for key in _TEXTS if f"__{key}" in filled}
    if (threshold := _number(cells.get("__threshold", ""))) is not None:
        case["threshold"] = threshold
    return case


def _read_limit(column: str, cell: str, where: str) -> tuple[int, float]:
    of, _, key = column.removeprefix("__config:").partition(":")
    match = _COLUMN.fullmatch(of)
    limit = _number(cell)
    if match is None or key != "threshold" or limit is None or match[1] == "0":
        raise UnreadableError(f"{where}: promptfoo does not load '{column}' with {cell!r}")
    return int(match[1] or 1) - 1, limit


def _number(cell: str) -> float | None:
    text = cell.strip()
    return float(text) if re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text) else None
