"""Check the GitHub workflow of nightly evals: who gets its keys and its alerts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.forge.codeowners import Dialect
from promptops.protection.doctor.answer import error, fine, warning
from promptops.protection.doctor.workflows import read_workflows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject
    from promptops.protection.doctor.workflows import Workflow, WorkflowJob

_COMMAND = re.compile(r"\bpromptops\b[^\n;|&]*?\seval\s+nightly\b")
_TELLS = re.compile(r"--alert\b")
_CHANGES = ("pull_request", "pull_request_target", "pull_request_review", "push")
_REMEDY = "promptops init --schedule writes .github/workflows/promptops-nightly.yml"


def look_at_nightly_workflow(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """If a workflow runs nightly evals, check its triggers, environment, rights and alarm."""
    if subject.git.is_bare or subject.dialect is Dialect.GITLAB:
        return
    workflows, _ = read_workflows(subject.paths, subject.read)
    yield from judge_nightly_workflow(workflows)


def judge_nightly_workflow(workflows: Iterable[Workflow]) -> Iterator[DoctorAnswer]:
    """Check the jobs that run nightly evals; no answer if there are none."""
    for workflow in workflows:
        for job in workflow.jobs:
            if _COMMAND.search(job.commands):
                answers = list(_judge(workflow, job))
                yield from answers or [
                    fine(f"the job {job.name} compares what is live every night", workflow.path)
                ]


def _judge(workflow: Workflow, job: WorkflowJob) -> Iterator[DoctorAnswer]:
    for event in sorted(set(_CHANGES) & set(workflow.triggers)):
        yield error(
            f"{event} starts the job {job.name}",
            workflow.path,
            risk="a change runs with the keys of providers and a token that may push",
            remedy="start it by schedule and workflow_dispatch only",
        )
    if "schedule" not in workflow.triggers:
        yield warning(
            f"nothing starts the job {job.name} at night",
            workflow.path,
            risk="users notice a changed provider first",
            remedy="add schedule: [{cron: ...}] below on:",
        )
    if job.environment is None:
        yield warning(
            f"the job {job.name} has no environment",
            workflow.path,
            risk="its keys are available to every branch, so anyone who may push a branch "
            "can read them",
            remedy="write environment: promptops-nightly, for the default branch only, and keep "
            "the keys there",
        )
    rights = _find_rights(job.permissions if job.permissions is not None else workflow.permissions)
    if rights:
        yield warning(
            f"the token of the job {job.name} may write {rights}",
            workflow.path,
            risk="what the job installs or runs can change more than the results of evals",
            remedy="write permissions: {contents: write}, which pushing the results takes",
        )
    if not _TELLS.search(job.commands):
        yield warning(
            f"the job {job.name} sends no alerts",
            workflow.path,
            risk="an alarm is only a red job",
            remedy=f"add --alert, and a channel in [alerts]; {_REMEDY}",
        )
    if job.is_tolerant:
        yield error(
            f"a failure of the job {job.name} counts as success",
            workflow.path,
            risk="a night with an alarm, or without a result, is green",
            remedy="remove continue-on-error",
        )


def _find_rights(permissions: Any) -> str:  # noqa: ANN401 - YAML
    """Return what a token may write besides contents; "" for nothing."""
    if permissions is None:
        return "whatever the repository's default allows"
    if isinstance(permissions, str):
        return "everything" if permissions == "write-all" else ""
    if not isinstance(permissions, dict):
        return ""
    return ", ".join(
        sorted(
            str(name)
            for name, right in permissions.items()
            if right == "write" and name != "contents"
        )
    )
