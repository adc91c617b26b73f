"""GitLab's pipelines that look like a gate and are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.protection.doctor.answer import AnswerState
from tests.protection.doctor.pieces import ERROR, JOB, OWNERS, WARNING, ask_files

if TYPE_CHECKING:
    from promptops.prompt.finding import Severity


@pytest.mark.parametrize(
    ("text", "state", "severity", "said"),
    [
        (JOB, AnswerState.FINE, None, "checks every merge request"),
        (JOB + "  allow_failure: true\n", AnswerState.FINDING, ERROR, "is allowed to fail"),
        (JOB.replace("gate]", "gate || true]"), AnswerState.FINDING, ERROR, "is allowed to fail"),
        (JOB + "  when: manual\n", AnswerState.FINDING, ERROR, "can be skipped"),
        (
            JOB.replace('event"}', 'event", changes: [prompts/**]}'),
            AnswerState.FINDING,
            ERROR,
            "can be skipped",
        ),
        (
            "promptops: {script: promptops gate}\n",
            AnswerState.FINDING,
            WARNING,
            "does not run in merge",
        ),
        ("test: {script: make}\n", AnswerState.FINDING, ERROR, "does not run the gate"),
        (
            "include: [{local: ci/all.yml}]\n",
            AnswerState.UNKNOWN,
            None,
            "its includes are not checked",
        ),
        (
            "include: [{project: acme/promptops, file: templates/gitlab-ci.yml}]\n",
            AnswerState.FINE,
            None,
            "includes the one of promptops",
        ),
        (
            "test: {script: [!reference [.x, script], promptops gate]}\n",
            AnswerState.FINDING,
            WARNING,
            "merge",
        ),
        ("a: [\n", AnswerState.UNKNOWN, None, "cannot be read"),
        (
            JOB + 'workflow: {rules: [{changes: ["*.py"]}]}\n',
            AnswerState.FINDING,
            WARNING,
            "can keep the whole pipeline from running",
        ),
    ],
)
def test_pipelines_of_gitlab(
    text: str, state: AnswerState, severity: Severity | None, said: str
) -> None:
    (answer,) = ask_files("gate-job", {"CODEOWNERS": OWNERS, ".gitlab-ci.yml": text})
    assert (answer.state, answer.severity) == (state, severity)
    assert said in answer.seen
