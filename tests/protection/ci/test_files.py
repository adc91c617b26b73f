"""The files that CI systems read, before those who know them: schemas, a linter, and bash."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import check_jsonschema
import pytest
import yaml

from promptops.protection.doctor.answer import AnswerState
from promptops.protection.doctor.ci import (
    judge_deploy_workflow,
    judge_gate_workflow,
    judge_release_workflow,
)
from promptops.protection.doctor.workflows import Workflow, parse_workflow
from promptops.repository.pipelines import with_evals as _with_evals

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "promptops" / "repository" / "workflows"
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITHUB = sorted(path for path in TEMPLATES.glob("*.yml") if not path.name.startswith("gitlab"))
ACTION = ROOT / "action.yml"
EVERYTHING = [ACTION, *OWN, *GITHUB]


def check(schema: str, *options: str | Path) -> str:
    """Check files by a schema; give what is wrong with them."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), pytest.raises(SystemExit) as ended:
        check_jsonschema.main(["--builtin-schema", schema, *map(str, options)])
    return told.getvalue() if ended.value.code else ""


@pytest.mark.slow
def test_workflows_follow_githubs_schema() -> None:
    assert check("vendor.github-workflows", *OWN, *GITHUB) == ""


def test_the_action_follows_githubs_schema() -> None:
    assert check("vendor.github-actions", ACTION) == ""


@pytest.mark.parametrize("name", ["gitlab-ci.yml", "gitlab-evals.yml", "gitlab-nightly.yml"])
def test_the_pipeline_follows_gitlabs_schema(name: str) -> None:
    file = TEMPLATES / name
    assert check("vendor.gitlab-ci", "--data-transform", "gitlab-ci", file) == ""


@pytest.mark.slow
def test_a_linter_for_workflows_finds_nothing() -> None:
    """No injection, no token left on the disk, nothing unpinned, no rights without need."""
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--no-config", "--format", "plain", *EVERYTHING],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def scripts(file: Path) -> list[Any]:
    document = yaml.safe_load(file.read_text("utf-8"))
    jobs = document.get("jobs", {}).values()
    steps = [step for job in jobs for step in job.get("steps", [])]
    steps += document.get("runs", {}).get("steps", [])
    return [step["run"] for step in steps if "run" in step]


@pytest.mark.parametrize("file", EVERYTHING, ids=lambda file: file.name)
def test_no_value_is_put_into_a_script(file: Path) -> None:
    assert [script for script in scripts(file) if "${{" in script] == []


@pytest.mark.parametrize("file", EVERYTHING, ids=lambda file: file.name)
def test_bash_understands_every_script(file: Path) -> None:
    for script in scripts(file):
        done = subprocess.run(
            ["bash", "-n"], input=script, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_shell_of_a_pipeline_understands_every_line() -> None:
    job = yaml.safe_load((TEMPLATES / "gitlab-ci.yml").read_text("utf-8"))["promptops"]
    for line in [*job["before_script"], *job["script"], *job["after_script"]]:
        done = subprocess.run(["sh", "-n"], input=line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_no_variable_of_a_pipeline_is_itself() -> None:
    """GitLab takes `X: $X` for the text `$X` where the project has no X, and at times where it has
    one (gitlab.com/gitlab-org/gitlab/-/issues/350685 and 482790): a token that is none."""
    job = yaml.safe_load((TEMPLATES / "gitlab-ci.yml").read_text("utf-8"))["promptops"]
    assert [name for name, value in job["variables"].items() if f"${name}" in value] == []


@pytest.mark.parametrize("file", EVERYTHING, ids=lambda file: file.name)
def test_every_action_is_pinned(file: Path) -> None:
    for action in re.findall(r"^[ -]+uses: (\S+)", file.read_text("utf-8"), re.MULTILINE):
        assert action.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action


def read(file: Path) -> Workflow:
    found = parse_workflow(f".github/workflows/{file.name}", file.read_bytes())
    assert isinstance(found, Workflow)
    return found


@pytest.mark.slow
def test_the_gate_that_waits_for_evals_is_as_sound(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (TEMPLATES / "promptops.yml").read_text("utf-8")
    (folder / "promptops.yml").write_text(_with_evals(text))
    (folder / "promptops-evals.yml").write_bytes((TEMPLATES / "promptops-evals.yml").read_bytes())
    files = sorted(folder.iterdir())
    assert check("vendor.github-workflows", *files) == ""
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--no-config", "--format", "plain", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    gate = yaml.safe_load((folder / "promptops.yml").read_text())["jobs"]["gate"]
    assert gate["needs"] == "evals"
    assert gate["steps"][0]["with"]["name"] == "promptops-evals"
    judging = gate["steps"][-2]
    assert {"PROMPTOPS_EVIDENCE", "PROMPTOPS_VERDICT"} <= set(judging["env"])
    assert gate["steps"][-1]["with"]["name"] == "promptops-verdict"
    workflows = [read(folder / "promptops.yml"), read(TEMPLATES / "promptops-review.yml")]
    answers = list(
        judge_gate_workflow(workflows, lambda _path: None, where="main", owned=lambda _path: True)
    )
    assert [answer.state for answer in answers] == [AnswerState.FINE], answers


@pytest.mark.parametrize("folder", [TEMPLATES, ROOT / ".github" / "workflows"])
def test_the_doctor_has_nothing_to_say_about_our_own(folder: Path) -> None:
    workflows = [read(folder / name) for name in ("promptops.yml", "promptops-review.yml")]
    action = {"action.yml": ACTION.read_bytes()}
    answers = list(
        judge_gate_workflow(workflows, action.get, where="main", owned=lambda _path: True)
    )
    assert [answer.state for answer in answers] == [AnswerState.FINE], answers


def test_the_doctor_has_nothing_to_say_about_our_deploying() -> None:
    answers = list(judge_deploy_workflow([read(TEMPLATES / "promptops-deploy.yml")]))
    assert [answer.state for answer in answers] == [AnswerState.FINE], answers


def test_the_doctor_has_nothing_to_say_about_our_releasing() -> None:
    answers = list(judge_release_workflow([read(TEMPLATES / "promptops-release.yml")]))
    assert [answer.state for answer in answers] == [AnswerState.FINE], answers
