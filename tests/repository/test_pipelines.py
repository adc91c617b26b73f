"""The files of a forge's CI, with the names of this repository and only what it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from promptops.repository import pipelines
from promptops.repository.origin import UNKNOWN, Origin
from promptops.repository.pipelines import (
    fit_template,
    with_advice,
    with_evals,
    write_pipeline,
    write_workflows,
)
from promptops.repository.repository import open_repository
from promptops.repository.steps import ScaffoldStep, StepResult

if TYPE_CHECKING:
    from tests.repositories import Repo

PLACE = ".github/workflows"


def write(repo: Repo, *workflows: str, **options: Any) -> dict[str, ScaffoldStep]:
    """The steps for GitHub, by the name of the file."""
    given = {"is_gitlab": False, "evals": False, "dry_run": False, **options}
    steps = write_workflows(open_repository(repo.path), workflows=workflows, **given)
    return {step.path.removeprefix(f"{PLACE}/"): step for step in steps}


def test_only_the_workflows_that_were_asked_for_are_written(repo: Repo) -> None:
    written = write(repo, "deploy", nightly=True, dry_run=True)
    assert list(written) == [
        "promptops.yml",
        "promptops-review.yml",
        "promptops-deploy.yml",
        "promptops-nightly.yml",
    ]
    assert not (repo.path / ".github").exists()
    assert list(write(repo, evals=True)) == [
        "promptops.yml",
        "promptops-review.yml",
        "promptops-evals.yml",
    ]
    for file in (repo.path / PLACE).iterdir():
        assert isinstance(yaml.safe_load(file.read_text()), dict)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("on: push\n", ["promptops.yml"]),
        ("run: promptops review\n", ["promptops.yml", "promptops-review.yml"]),
    ],
)
def test_a_workflow_that_another_one_would_have_to_start_is_not_written_beside_it(
    repo: Repo, text: str, names: list[str]
) -> None:
    repo.write(f"{PLACE}/promptops.yml", text)
    assert list(write(repo)) == names
    assert (repo.path / PLACE / "promptops.yml").read_text() == text


def test_a_gate_that_is_there_is_left_with_what_to_add(repo: Repo) -> None:
    repo.write(f"{PLACE}/promptops.yml", "on: push\n")
    step = write(repo, evals=True)["promptops.yml"]
    assert step.result is StepResult.LEFT
    for needed in ("needs: evals", "promptops-evals.yml", "PROMPTOPS_EVIDENCE", "verdict.json"):
        assert needed in step.detail
    repo.write(f"{PLACE}/promptops.yml", "uses: ./.github/workflows/promptops-evals.yml\n")
    assert write(repo, evals=True)["promptops.yml"].result is StepResult.KEPT


def test_the_gate_with_evals_waits_for_them_and_hands_on_the_verdict(repo: Repo) -> None:
    before = fit_template(open_repository(repo.path), "promptops.yml")
    jobs = yaml.safe_load(with_evals(before))["jobs"]
    assert list(jobs) == ["evals", "gate"]
    assert jobs["gate"]["needs"] == "evals"
    steps = jobs["gate"]["steps"]
    assert len(steps) == len(yaml.safe_load(before)["jobs"]["gate"]["steps"]) + 2
    assert [step["uses"].partition("@")[0] for step in (steps[0], steps[-1])] == [
        "actions/download-artifact",
        "actions/upload-artifact",
    ]
    variables = [step["env"] for step in steps if "PROMPTOPS_EVIDENCE" in step.get("env", {})]
    assert len(variables) == 1
    assert "PROMPTOPS_VERDICT" in variables[0]


SETTINGS = """\
prompts = "p"
evals = "e"
environments = ["canary", "live"]
default_environment = "canary"
[log]
encryption_key = "LOG_KEY"
[alerts.slack]
url_variable = "SLACK"
[alerts.pagerduty]
key = "PAGER"
[alerts.command]
run_variable = "COMMAND"
[eval]
judge = "judges/strict/rubric@1.0.0"
"""


def test_a_template_has_the_names_of_the_repository(repo: Repo) -> None:
    repo.write("promptops.toml", SETTINGS)
    repository = open_repository(repo.path)
    deploy: Any = yaml.safe_load(fit_template(repository, "promptops-deploy.yml"))
    # YAML 1.1 takes the key `on` for a truth value.
    inputs = deploy[True]["workflow_dispatch"]["inputs"]
    assert inputs["environment"]["options"] == ["canary", "live"]
    nightly = fit_template(repository, "promptops-nightly.yml")
    assert "ENVIRONMENT: canary" in nightly
    evals = fit_template(repository, "promptops-evals.yml")
    assert "FOLDERS: p e\n" in evals
    assert "KEPT: p/judges/strict e/judges/strict\n" in evals


def test_a_workflow_gets_only_the_secrets_that_the_configuration_names(repo: Repo) -> None:
    bare = fit_template(open_repository(repo.path), "promptops-nightly.yml")
    repo.write("promptops.toml", SETTINGS)
    nightly = fit_template(open_repository(repo.path), "promptops-nightly.yml")
    for name in ("SLACK", "PAGER", "LOG_KEY"):
        assert f"  {name}: ${{{{ secrets.{name} }}}}\n" in nightly
        assert f"secrets.{name}" not in bare
    for placeholder in ("ALERT_KEY", "PROMPTOPS_LOG_KEY", "COMMAND"):
        assert f"secrets.{placeholder}" not in nightly
        assert f"secrets.{placeholder}" not in bare


def test_advice_is_given_once_with_the_first_file_that_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, *others = (
        ScaffoldStep(path, result)
        for path, result in (
            ("a", StepResult.KEPT),
            ("b", StepResult.WRITTEN),
            ("c", StepResult.WRITTEN),
        )
    )
    monkeypatch.setattr(pipelines, "find_origin", lambda: UNKNOWN)
    assert [step.detail for step in with_advice([kept, *others])] == ["", UNKNOWN.advice, ""]
    assert with_advice([kept]) == [kept]
    monkeypatch.setattr(pipelines, "find_origin", lambda: Origin("==1.2.0"))
    assert with_advice([kept, *others]) == [kept, *others]


GATE = "promptops:\n  script: promptops gate --base main\n"


@pytest.mark.parametrize(
    ("text", "options", "result", "detail"),
    [
        (None, {}, StepResult.WRITTEN, ""),
        ("test: {script: make}\n", {}, StepResult.LEFT, "add this job:\n# May a merge request"),
        (GATE, {}, StepResult.KEPT, "runs promptops gate"),
        (GATE, {"evals": True}, StepResult.LEFT, "let its gate wait for evals, as in:\n"),
        (f"{GATE}promptops-evals: {{}}\n", {"evals": True}, StepResult.KEPT, "runs promptops"),
        (GATE, {"nightly": True}, StepResult.LEFT, "add these jobs, and a pipeline schedule:\n"),
        (f"{GATE}promptops-nightly: {{}}\n", {"nightly": True}, StepResult.KEPT, "runs promptops"),
    ],
)
def test_a_pipeline_of_gitlab_is_new_or_left_with_what_it_lacks(
    repo: Repo, text: str | None, options: dict[str, bool], result: StepResult, detail: str
) -> None:
    if text is not None:
        repo.write(".gitlab-ci.yml", text)
    given = {"evals": False, "dry_run": False, **options}
    step = write_pipeline(open_repository(repo.path), **given)
    assert step.result is result
    assert step.detail.startswith(detail)
    if text is not None:
        assert (repo.path / ".gitlab-ci.yml").read_text() == text
