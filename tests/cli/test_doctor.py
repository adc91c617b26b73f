"""`promptops doctor`: findings first, alike ones once, and the exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from promptops.protection.doctor import AnswerState, Diagnosis, DoctorAnswer
from tests.cli.running import run

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.repositories import Repo

OPEN = DoctorAnswer(
    AnswerState.FINDING,
    "anybody may push",
    "branch main",
    Severity.ERROR,
    risk="a change merges\nunseen",
    remedy="protect it",
    check="open-branch",
)
LATE = DoctorAnswer(
    AnswerState.FINDING, "an old version", "here", Severity.WARNING, check="old-version"
)
HIDDEN = DoctorAnswer(AnswerState.UNKNOWN, "the forge did not answer", "forge", check="reviews")
FINE = DoctorAnswer(AnswerState.FINE, "commits are signed", "commits", check="signatures")


def examined(
    monkeypatch: pytest.MonkeyPatch, repo: Repo, answers: list[DoctorAnswer], *words: str
) -> Result:
    """What is printed of some answers."""
    monkeypatch.setattr(
        "promptops.protection.doctor.examine", lambda _subject, **_more: Diagnosis(tuple(answers))
    )
    return run(repo, "doctor", *words)


def test_findings_come_before_what_is_unknown_and_what_is_fine(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [FINE, HIDDEN, LATE, OPEN, replace(OPEN, place="branch next")]
    result = examined(monkeypatch, repo, answers)
    assert result.stdout == snapshot("""\
  error  anybody may push [open-branch]
         where: branch main, branch next
          risk: a change merges unseen
         remedy: protect it

warning  an old version [old-version]
         where: here

unknown  the forge did not answer [reviews]

   fine  commits are signed [signatures]
""")
    assert result.stderr == snapshot("2 errors, 1 warning, 1 unknown; 1 fine\n")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([FINE], 0),
        ([FINE, LATE], 0),
        ([FINE, HIDDEN], 2),
        ([OPEN, HIDDEN], 1),
    ],
    ids=["all is fine", "a warning", "something is unknown", "the gate can be bypassed"],
)
@pytest.mark.parametrize("output", ["text", "json", "concise", "github"])
def test_the_exit_code_is_the_same_in_each_format(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, answers: list[DoctorAnswer], code: int, output: str
) -> None:
    assert examined(monkeypatch, repo, answers, "--format", output).exit_code == code


def test_programs_get_every_answer(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(examined(monkeypatch, repo, [OPEN, FINE], "--format", "json").stdout)
    assert (found["schema"], found["protected"], found["certain"]) == (
        "promptops.doctor/v1",
        False,
        True,
    )
    assert found["answers"][0] == {
        "check": "open-branch",
        "state": "finding",
        "severity": "error",
        "seen": "anybody may push",
        "place": "branch main",
        "risk": "a change merges\nunseen",
        "remedy": "protect it",
    }
    assert found["answers"][1]["severity"] is None


def test_a_forge_shows_findings_beside_the_code(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = examined(monkeypatch, repo, [FINE, OPEN, HIDDEN], "--format", "github")
    assert [line.partition(" ")[0] for line in result.stdout.splitlines()] == [
        "::error",
        "::warning",
    ]
