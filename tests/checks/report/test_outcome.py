"""What a report says of all findings together: counts, and a fingerprint for each."""

from __future__ import annotations

import json
import re

import pytest
from inline_snapshot import snapshot

from promptops.checks import report
from promptops.checks.report.outcome import (
    ReportOutcome,
    count_checks,
    fingerprints,
    summarize,
    visible,
)
from promptops.prompt.finding import Finding, Fix, Position, Severity
from tests.checks.report.pieces import ERROR, WHOLE
from tests.screens import masked


def test_a_fingerprint_outlives_changes_elsewhere() -> None:
    def mark(text: str, line: int, *, check: str = "syntax", path: str = "a.md") -> list[str]:
        finding = Finding(check, Severity.ERROR, "m", path, Position(line, 1, line, 2))
        return fingerprints(ReportOutcome([finding, finding], 1, {"a.md": text, "b.md": text}))

    first = mark("x\nfault", 2)
    assert first == mark("new\n\nx\n  fault", 4)
    assert first[0].endswith(":1")
    assert first[1] == first[0].replace(":1", ":2")
    assert first != mark("x\nother", 2)
    assert first != mark("x\nfault", 2, check="syntax-two")
    assert first != mark("x\nfault", 2, path="b.md")
    assert all(re.fullmatch("[0-9a-f]{16}:[12]", one) for one in first)


def test_what_can_be_mended_is_counted() -> None:
    fix = Fix("a.md", 0, 1, "")
    fixable = Finding("byte-order-mark", Severity.WARNING, "m", "a.md", fixes=(fix,))
    plain = Finding("syntax", Severity.NOTE, "m", "a.md")
    outcome = ReportOutcome([plain, fixable, plain._replace(severity=Severity.ERROR)], 1)
    assert masked(summarize(outcome)) == snapshot(
        "1 prompt checked: 1 error, 1 warning, 1 note; --fix fixes 1"
    )
    assert count_checks(outcome) == [
        (2, Severity.ERROR, "syntax", 0),
        (1, Severity.WARNING, "byte-order-mark", 1),
    ]
    document = json.loads(report.render("json", outcome))
    assert [one["fixable"] for one in document["findings"]] == [False, True, False]


def test_the_summary_counts_each_kind() -> None:
    assert summarize(ReportOutcome([ERROR, ERROR, WHOLE], 1)) == snapshot(
        "1 prompt checked: 2 errors, 1 note"
    )


def test_older_problems_are_counted_apart() -> None:
    told = summarize(ReportOutcome([], 1_200, elsewhere=2))
    assert told == (
        "1,200 prompts checked: no problems found; 2 older problems in files that are not staged"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("é 日 \U0001f600", "é 日 \U0001f600"),
        ("a\tb", "a    b"),
        ("a\u202eb\x07", "a<U+202E>b<U+0007>"),
        # Joiners make one sign of several in many scripts.
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("\ud800", "<U+D800>"),
    ],
)
def test_a_line_of_a_stranger_shows_what_is_in_it(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_the_fingerprint_of_a_whole_file_is_of_what_is_said() -> None:
    def mark(message: str, line: int | None) -> str:
        place = None if line is None else Position(line, 1, line, 2)
        finding = Finding("syntax", Severity.ERROR, message, "a.md", place)
        return fingerprints(ReportOutcome([finding], 1, {"a.md": "x"}))[0]

    assert mark("m", None) == mark("m", 7) != mark("n", None)
    assert mark("m", 1) == mark("n", 1)
