"""`promptops eval nightly`: what a night prints, keeps and ends with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import PromptopsError
from promptops.evals.nightly.branch import BRANCH, HistoryBranch
from tests.cli.running import accept, refuse, run
from tests.evals.nightly.project import BAD, answer_with, make_project
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


def build_project(folder: Path) -> None:
    make_project(Repo.init(folder))


@pytest.fixture
def project(tmp_path: Path) -> Repo:
    """A live prompt with a suite whose samples all pass."""
    copy_template(build_project, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
def test_a_first_night_is_kept_and_compares_nothing(project: Repo) -> None:
    result = run(project, "eval", "nightly")
    assert result.exit_code == 0
    assert masked(result.stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  the first night of this version and suite: nothing to compare with
""")
    assert project.find(BRANCH)


@pytest.mark.slow
def test_an_alarm_says_what_to_do_next(project: Repo) -> None:
    run(project, "eval", "nightly", "--night", "2026-01-01")
    answer_with(project, BAD)
    result = run(project, "eval", "nightly", "--night", "2026-01-02")
    assert result.exit_code == 1
    assert masked(result.stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: alarm
  0 of 8 samples pass, served by scripted/answers.yaml
  compared with the night of 2026-01-01: worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -32.7), 8 of 8 samples differ, p = 0.0078; a loss of 80.2 points is found in 4 of 5 such suites
  first example: sample 1: equals: it is 'other', not 'billing'
  next: promptops eval trends ask --env production
  next: promptops runs replay ask --at production --since 1d
  next: promptops rollback ask --env production --reason TEXT
""")


def test_a_dry_run_prices_the_night_and_keeps_nothing(project: Repo) -> None:
    result = run(project, "eval", "nightly", "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 suite, 8 samples" in result.stderr
    assert not project.find(BRANCH)


@pytest.mark.slow
def test_a_live_prompt_without_a_suite_is_named(project: Repo) -> None:
    project.commit({"prompts/other.md": prompt_text()})
    accept(project, "release", "other")
    accept(project, "promote", "other", "--to", "production")
    result = run(project, "eval", "nightly", "--dry-run")
    assert "warning: other is live in production and has no eval suite" in result.stderr


def test_programs_get_the_night_with_its_exit_code(project: Repo) -> None:
    result = run(project, "eval", "nightly", "--format", "json", "--night", "2026-01-01")
    found = json.loads(result.stdout)
    assert (found["schema"], found["night"]) == ("promptops.eval-nightly/v1", "2026-01-01")
    assert (found["exit"], found["kept"], result.exit_code) == (0, True, 0)
    assert found["suites"][0]["state"] == "passed"


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2999-01-01"])
def test_a_night_is_a_date_that_was(project: Repo, text: str) -> None:
    refuse(project, "eval", "nightly", "--night", text, code=2)
    assert not project.find(BRANCH)


def test_a_night_that_cannot_be_kept_is_no_success(
    project: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise PromptopsError("the branch moved", hint="run it again")

    monkeypatch.setattr(HistoryBranch, "append", fail)
    result = run(project, "eval", "nightly")
    assert result.exit_code == 2
    assert "error: the branch moved" in result.stderr
