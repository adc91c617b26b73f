"""Workflows of nightly evals: who gets their keys, and who hears their alarms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptops.protection.doctor.answer import AnswerState
from tests.protection.doctor.pieces import ERROR, WARNING, ask_files

if TYPE_CHECKING:
    from promptops.prompt.finding import Severity

NIGHTLY = """\
name: nightly
on:
  schedule: [{cron: "17 2 * * *"}]
permissions: {}
jobs:
  evals:
    runs-on: ubuntu-latest
    environment: promptops-nightly
    permissions: {contents: write}
    steps:
      - run: promptops eval nightly --alert
"""


@pytest.mark.parametrize(
    ("old", "new", "severity", "said"),
    [
        ("  schedule:", "  pull_request: {}\n  schedule:", ERROR, "pull_request starts the job"),
        ("  schedule:", "  push: {}\n  schedule:", ERROR, "push starts the job evals"),
        ('schedule: [{cron: "17 2 * * *"}]', "workflow_dispatch:", WARNING, "nothing starts"),
        ("    environment: promptops-nightly\n", "", WARNING, "has no environment"),
        ("{contents: write}", "write-all", WARNING, "may write everything"),
        ("{contents: write}", "{issues: write}", WARNING, "may write issues"),
        (" --alert", "", WARNING, "sends no alerts"),
        (
            "    runs-on",
            "    continue-on-error: true\n    runs-on",
            ERROR,
            "counts as success",
        ),
    ],
)
def test_each_hole_of_a_nightly_workflow_is_found(
    old: str, new: str, severity: Severity, said: str
) -> None:
    path = ".github/workflows/nightly.yml"
    (answer,) = ask_files("nightly-workflow", {path: NIGHTLY})
    assert (answer.state, answer.place) == (AnswerState.FINE, path)
    (answer,) = ask_files("nightly-workflow", {path: NIGHTLY.replace(old, new)})
    assert answer.severity is severity
    assert said in answer.seen


def test_the_nightly_workflow_that_init_writes_has_no_hole() -> None:
    templates = Path(__file__).parents[3] / "promptops" / "repository" / "workflows"
    text = (templates / "promptops-nightly.yml").read_text("utf-8")
    path = ".github/workflows/promptops-nightly.yml"
    (answer,) = ask_files("nightly-workflow", {path: text})
    assert answer.state is AnswerState.FINE
