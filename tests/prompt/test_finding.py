"""Findings: where they are, how they are sorted, and what their fixes replace."""

from __future__ import annotations

import pytest

from promptops.prompt.finding import Finding, Fix, Inclusion, Position, Problem, Severity, sort_key

PLACE = Position(2, 3, 2, 5)


@pytest.mark.parametrize(
    ("source", "position", "start", "end"),
    [
        ("abc", Position(1, 2, 1, 3), 1, 2),
        ("ab\ncd\nef", Position(2, 1, 3, 2), 3, 7),
        # A byte order mark takes an offset, and no column.
        ("\ufeffab\ncd", Position(1, 1, 1, 2), 1, 2),
        ("\ufeffab\ncd", Position(1, 3, 2, 1), 3, 4),
        ("", Position(1, 1, 1, 1), 0, 0),
    ],
)
def test_a_fix_replaces_the_characters_at_its_position(
    source: str, position: Position, start: int, end: int
) -> None:
    assert Fix.at("a.md", source, position, "x") == Fix("a.md", start, end, "x")


def test_a_finding_below_a_folder_takes_its_fixes_along() -> None:
    finding = Finding("syntax", Severity.ERROR, "m", "a.md", PLACE, None, (Fix("b.md", 0, 1, ""),))
    placed = finding.below("prompts")
    assert (placed.path, placed.fixes[0].path) == ("prompts/a.md", "prompts/b.md")
    assert finding.below("") is finding


def test_a_place_is_a_line_and_a_column_or_the_whole_file() -> None:
    finding = Finding("syntax", Severity.ERROR, "m", "a.md", PLACE)
    whole = finding._replace(position=None)
    assert (finding.place, whole.place) == ("a.md:2:3", "a.md")
    assert Inclusion("a.md", PLACE).place == "a.md:2:3"
    lines = [(one["line"], one["column"]) for one in (finding.as_json(), whole.as_json())]
    assert lines == [(2, 3), (None, None)]


def test_a_problem_keeps_all_it_says_when_it_becomes_a_finding() -> None:
    fixes = (Fix("a.md", 0, 1, ""),)
    problem = Problem("m", "a.md", PLACE, "h", fixes)
    assert Finding.from_problem("syntax", Severity.NOTE, problem) == Finding(
        "syntax", Severity.NOTE, "m", "a.md", PLACE, "h", fixes
    )


def test_findings_are_sorted_by_file_and_lines_as_numbers_the_whole_file_first() -> None:
    def found(path: str, line: int | None, check: str = "b") -> Finding:
        place = None if line is None else Position(line, 1, line, 2)
        return Finding(check, Severity.NOTE, "m", path, place)

    expected = [
        found("a.md", None),
        found("a.md", 2),
        found("a.md", 10, "a"),
        found("a.md", 10, "b"),
        found("b.md", 1),
    ]
    assert sorted(expected, key=sort_key) == expected
