"""The exact line that a change must write."""

from __future__ import annotations

import pytest

from promptops.gate.rules.version_lines import VERSION_RULES, list_version_lines
from promptops.prompt.finding import Finding, Severity
from tests.gate.pieces import PATH, PLAIN, UNBUMPED, edit
from tests.prompts import prompt_text

CHECK = "unchanged-version"
BROKEN = "---\nversion: one\n---\n"


def lines(
    after: str | None,
    check: str = CHECK,
    severity: Severity = Severity.ERROR,
    path: str = PATH,
    before: str = PLAIN,
) -> list[tuple[int, str]]:
    found = list_version_lines(
        [edit(before, after, before)], [Finding(check, severity, "why", path)]
    )
    return [(one.line, one.text) for one in found]


@pytest.mark.parametrize("check", sorted(VERSION_RULES - {"carried-version"}))
def test_the_line_has_the_next_version(check: str) -> None:
    (line,) = list_version_lines(
        [edit(PLAIN, UNBUMPED, PLAIN)], [Finding(check, Severity.ERROR, "why", PATH)]
    )
    assert str(line) == f"{PATH}, line 2: version: 1.1.0"
    assert (line.reason, line.check) == ("why", check)


def test_only_an_error_about_a_version_of_this_file_needs_a_line() -> None:
    assert lines(UNBUMPED) == [(2, "version: 1.1.0")]
    assert lines(UNBUMPED, check="long-line") == []
    assert lines(UNBUMPED, severity=Severity.WARNING) == []
    assert lines(UNBUMPED, path="prompts/other.md") == []
    assert lines(None) == []


def test_all_else_in_the_line_stays() -> None:
    commented = UNBUMPED.replace("version: 1.0.0", "  version:  1.0.0  # of the prompt\r")
    commented = commented.replace("\ndescription", "\n  description").replace(
        "\nauthor", "\n  author"
    )
    commented = commented.replace("\nmodel", "\n  model").replace("\ninputs", "\n  inputs")
    assert lines(commented) == [(2, "  version:  1.1.0  # of the prompt")]


def test_a_number_that_releases_write_goes_back_to_what_it_was() -> None:
    assert lines(prompt_text("7.0.0", "Else {{ question }}"), "carried-version") == [
        (2, "version: 1.0.0")
    ]


def test_a_file_without_a_version_has_no_line_to_write() -> None:
    assert lines(UNBUMPED.replace("version: 1.0.0\n", "")) == []


@pytest.mark.parametrize(
    ("before", "after", "check"),
    [
        # What was not there, or was not valid, has no number to go back to.
        (None, PLAIN, "carried-version"),
        (BROKEN, PLAIN, "carried-version"),
        # A number on two lines is for a person to write.
        (PLAIN, UNBUMPED.replace("version: 1.0.0", 'version: "1.0\\\n  .0"'), CHECK),
        (PLAIN, BROKEN, CHECK),
    ],
)
def test_where_nobody_can_tell_the_line_there_is_none(
    before: str | None, after: str, check: str
) -> None:
    finding = Finding(check, Severity.ERROR, "why", PATH)
    assert list_version_lines([edit(before, after)], [finding]) == []
