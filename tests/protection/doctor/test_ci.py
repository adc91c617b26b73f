"""CI files that look like a gate and are none: each hole in a table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.protection.doctor import LOCAL_CHECKS
from promptops.protection.doctor.answer import AnswerState
from promptops.protection.doctor.github import GITHUB_CHECKS
from promptops.protection.doctor.gitlab import GITLAB_CHECKS
from tests.protection.doctor.pieces import (
    DEPLOY,
    ERROR,
    GATE,
    NOTE,
    OWNERS,
    WARNING,
    ask,
    ask_files,
)
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.prompt.finding import Severity
    from promptops.protection.doctor.answer import DoctorAnswer
    from tests.repositories import Repo

ACTION = "acme/promptops@0123456789012345678901234567890123456789"
HEAD = "${{ github.event.pull_request.head.sha }}"
CHECKOUT = f"      - {{uses: actions/checkout@v5, with: {{ref: '{HEAD}'}}}}\n"
TOLERANT = "      - continue-on-error: true\n        uses"
PATH = ".github/workflows/promptops.yml"


def judge(check: str, files: dict[str, str]) -> list[DoctorAnswer]:
    return ask_files(check, {"CODEOWNERS": OWNERS, **files})


def grave(answers: list[DoctorAnswer]) -> DoctorAnswer:
    """The one answer that is no note."""
    (answer,) = (one for one in answers if one.severity is not NOTE)
    return answer


def test_a_whole_gate_is_fine() -> None:
    answer = grave(judge("gate-workflow", {PATH: GATE}))
    assert (answer.state, answer.place) == (AnswerState.FINE, PATH)


def test_a_gate_is_known_by_action_command_or_local_action() -> None:
    script = "run: |\n          make\n          promptops -C . gate --base origin/main"
    command = GATE.replace(f"uses: {ACTION}", script)
    local = GATE.replace(ACTION, "./")
    reused = GATE.partition("    runs-on")[0]
    reused += "    uses: acme/ci/.github/workflows/promptops.yml@v1\n"
    action = {"action.yml": "name: promptops gate\n"}
    for text, more in ((command, {}), (local, action), (reused, {})):
        answer = judge("gate-workflow", {PATH: text, **more})[0]
        assert "no workflow" not in answer.seen, text
    (answer,) = judge("gate-workflow", {PATH: local})
    assert answer.seen == snapshot("no workflow on main runs the gate")


HOLES: list[tuple[str, str, Severity, str]] = [
    ("  pull_request_target:\n", "", ERROR, "does not run for pull requests"),
    (
        "pull_request_target:",
        "pull_request_target: {paths: [prompts/**]}",
        WARNING,
        "is filtered by paths",
    ),
    (
        "pull_request_target:",
        "pull_request_target: {types: [opened]}",
        ERROR,
        "leaves out reopened, synchronize",
    ),
    (
        "  pull_request_review: {types: [submitted, edited, dismissed]}\n",
        "",
        WARNING,
        "a review does not start the gate",
    ),
    ("  merge_group:\n", "", WARNING, "a merge queue does not start the gate"),
    ("  gate:\n", "  gate:\n    if: github.actor != 'bot'\n", ERROR, "can be skipped (if: "),
    ("  gate:\n", "  gate:\n    needs: build\n", ERROR, "can be skipped (needs: build)"),
    ("  gate:\n", "  gate:\n    continue-on-error: true\n", ERROR, "ignores errors"),
    (
        "      - uses",
        "      - continue-on-error: true\n        uses",
        ERROR,
        "ignores errors",
    ),
    (
        "      - uses: acme",
        "      - run: promptops gate || true\n      - uses: acme",
        ERROR,
        "discards an exit code",
    ),
    (
        "      - uses: acme",
        f"{CHECKOUT}      - uses: acme",
        ERROR,
        "checks out the change with the permissions of the default branch",
    ),
    ("permissions: {contents: read}\n", "", WARNING, "does not restrict its token"),
    ("permissions: {contents: read}", "permissions: write-all", WARNING, "has all permissions"),
]


@pytest.mark.parametrize(("old", "new", "severity", "said"), HOLES)
def test_each_hole_of_a_gate_is_found(old: str, new: str, severity: Severity, said: str) -> None:
    assert old in GATE
    answer = grave(judge("gate-workflow", {PATH: GATE.replace(old, new, 1)}))
    assert answer.severity is severity
    assert said in answer.seen
    assert answer.risk
    assert answer.remedy


def test_a_workflow_that_the_change_writes_is_only_as_good_as_its_owners() -> None:
    text = GATE.replace("pull_request_target:", "pull_request:")
    fine, note = judge("gate-workflow", {PATH: text})
    assert (fine.state, note.severity) == (AnswerState.FINE, NOTE)
    assert note.seen == snapshot(
        "on pull_request and pull_request_review the workflow runs as the change defines it"
    )
    (answer,) = judge("gate-workflow", {PATH: text, "CODEOWNERS": "/prompts/ @acme/everybody\n"})
    assert answer.severity is WARNING
    assert masked(answer.seen) == snapshot(
        "on pull_request and pull_request_review the workflow runs as the change defines it, and it has no owner"
    )


def test_the_end_of_a_workflow_that_a_review_starts_will_do() -> None:
    review = "  pull_request_review: {types: [submitted, edited, dismissed]}\n"
    text = GATE.replace(review, "  workflow_run: {workflows: [reviewed], types: [completed]}\n")
    (answer,) = judge("gate-workflow", {PATH: text})
    assert answer.seen == snapshot("a review does not start the gate")
    other = f"name: reviewed\non:\n{review}jobs: {{}}\n"
    (answer,) = judge("gate-workflow", {PATH: text, ".github/workflows/review.yml": other})
    assert (answer.state, answer.severity) == (AnswerState.FINE, None)


def test_two_checks_of_one_name_are_found() -> None:
    step = "run: promptops gate --base origin/main"
    text = GATE.replace(f"uses: {ACTION}", step)
    answers = judge("gate-workflow", {PATH: text})
    assert [one.severity for one in answers] == [WARNING, NOTE]
    assert answers[0].seen == snapshot(
        "the runs for a push and for a review are two checks, and none sets a status"
    )
    text = text.replace(step, f"{step}\n        env: {{PROMPTOPS_STATUS: promptops}}")
    assert judge("gate-workflow", {PATH: text})[0].state is AnswerState.FINE


def test_a_job_that_runs_always_may_need_others() -> None:
    text = GATE.replace("  gate:\n", "  gate:\n    needs: [build]\n    if: ${{ always() }}\n")
    answer = grave(judge("gate-workflow", {PATH: text}))
    assert answer.state is AnswerState.FINE


def test_a_workflow_that_is_no_yaml_is_unknown_and_no_gate() -> None:
    answers = judge("gate-workflow", {PATH: "a: [\n"})
    assert [one.state for one in answers] == [AnswerState.UNKNOWN, AnswerState.FINDING]


def test_a_gate_that_is_only_in_the_work_tree_is_none(repo: Repo) -> None:
    repo.commit({"CODEOWNERS": OWNERS})
    repo.write(PATH, GATE)
    (answer,) = ask(repo, "gate-workflow")
    assert answer.severity is ERROR


@pytest.mark.parametrize(
    ("old", "new", "severity", "said"),
    [
        ("    environment: production\n", "", ERROR, "deploys without an environment"),
        (
            "concurrency: {group: promptops, cancel-in-progress: false}\n",
            "",
            WARNING,
            "can deploy at once",
        ),
        ('"$PROMPT"', '"${{ inputs.prompt }}"', ERROR, "inserts an input into its script"),
    ],
)
def test_each_hole_of_a_deploy_workflow_is_found(
    old: str, new: str, severity: Severity, said: str
) -> None:
    path = ".github/workflows/deploy.yml"
    (answer,) = judge("deploy-workflow", {path: DEPLOY})
    assert (answer.state, answer.place) == (AnswerState.FINE, path)
    (answer,) = judge("deploy-workflow", {path: DEPLOY.replace(old, new)})
    assert answer.severity is severity
    assert said in answer.seen


RELEASE = """\
on: workflow_dispatch
concurrency: promptops-release
jobs:
  release:
    environment: promptops-release
    runs-on: ubuntu-latest
    steps:
      - run: promptops release --all --bump auto --push
"""
FREE = {"promptops.toml": '[gate]\nversions = "release"\n'}


@pytest.mark.parametrize(
    ("old", "new", "severity", "said"),
    [
        ("--bump auto", "", WARNING, "no workflow on"),
        ("    environment: promptops-release\n", "", ERROR, "without an environment"),
        ("workflow_dispatch", "pull_request", ERROR, "pull_request starts the job release"),
        ("concurrency: promptops-release\n", "", WARNING, "can release at once"),
    ],
)
def test_each_hole_of_a_release_workflow_is_found(
    old: str, new: str, severity: Severity, said: str
) -> None:
    path = ".github/workflows/release.yml"
    assert judge("release-workflow", {path: RELEASE}) == []
    (answer,) = judge("release-workflow", {path: RELEASE, **FREE})
    assert (answer.state, answer.place) == (AnswerState.FINE, path)
    (answer,) = judge("release-workflow", {path: RELEASE.replace(old, new), **FREE})
    assert answer.severity is severity
    assert said in answer.seen


def test_every_check_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "protection.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \|", guide, re.MULTILINE)
    known = [*LOCAL_CHECKS, *GITHUB_CHECKS, *GITLAB_CHECKS]
    # The first table of that form is that of the action's inputs.
    assert listed[-len(known) :] == known
