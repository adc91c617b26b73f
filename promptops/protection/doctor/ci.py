"""Check GitHub workflows on the default branch: is there a gate, and can a change bypass it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.forge.codeowners import Dialect
from promptops.prompt.finding import Severity
from promptops.protection.doctor.answer import error, fine, note, unknown, warning
from promptops.protection.doctor.workflows import (
    FOLDER,
    deploy_jobs,
    follows_reviews,
    gate_jobs,
    read_workflows,
    release_jobs,
    set_status_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject
    from promptops.protection.doctor.workflows import Workflow, WorkflowJob

_GUIDE = "docs/protection.md of promptops"
_HEAD = re.compile(r"github\.event\.pull_request\.head\.(?:sha|ref)|github\.head_ref|refs/pull/")
_CHANGES = ("pull_request", "pull_request_target")
# A run of these events uses the workflow file of the change merged into its target (GitHub, "Events
# that trigger workflows").
_OF_THE_CHANGE = ("pull_request", "pull_request_review")
# The default activity types of a workflow, which a gate must not miss.
_NEEDED_TYPES = {"opened", "synchronize", "reopened"}


def look_at_gate_workflow(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that CI runs the gate for every change, after every review, in a job that always
    runs.
    """
    # A bare repository uses a hook as its gate.
    if subject.git.is_bare or subject.dialect is Dialect.GITLAB:
        return
    workflows, faults = read_workflows(subject.paths, subject.read)
    for path, fault in faults.items():
        yield unknown(f"this workflow cannot be read: {fault}", path, "correct the file")
    yield from judge_gate_workflow(
        workflows, subject.read, where=subject.where, owned=subject.is_owned
    )


def judge_gate_workflow(
    workflows: Sequence[Workflow],
    read: Callable[[str], bytes | None],
    *,
    where: str,
    owned: Callable[[str], bool],
) -> Iterator[DoctorAnswer]:
    """Check the workflows of a branch.

    Args:
        workflows: all workflows.
        read: reads a file of the same branch, to recognise local actions.
        where: the branch, for messages.
        owned: tells whether a path has owners.
    """
    gates = gate_jobs(workflows, read)
    if not gates:
        yield error(
            f"no workflow on {where} runs the gate",
            FOLDER,
            risk="changes to prompts merge without a check of versions, owners and approvals",
            remedy="promptops init writes .github/workflows/promptops.yml; merge it, then require "
            "its status",
        )
    for workflow, job in gates:
        answers = [
            *_judge_triggers(workflow, job, workflows),
            *_judge_author(workflow, owned),
            *_judge_job(workflow, job),
        ]
        if all(answer.severity is Severity.NOTE for answer in answers):
            yield fine(f"the job {job.name} checks every change and always runs", workflow.path)
        yield from answers


def _judge_triggers(
    workflow: Workflow, job: WorkflowJob, workflows: Sequence[Workflow]
) -> Iterator[DoctorAnswer]:
    events = [event for event in _CHANGES if event in workflow.triggers]
    if not events:
        yield error(
            "the gate does not run for pull requests",
            workflow.path,
            risk="a required check that never runs blocks every merge",
            remedy="add pull_request_target: (or pull_request:) below on:",
        )
    for event in events:
        yield from _judge_filters(workflow, event, workflow.triggers[event])
    if not follows_reviews(workflow, workflows):
        yield warning(
            "a review does not start the gate",
            workflow.path,
            risk="the check stays red after an approval, and green after one is withdrawn",
            remedy="promptops init writes promptops-review.yml, whose end starts the gate by "
            "workflow_run: {workflows: [promptops review], types: [completed]}",
        )
    elif set_status_of(job) is None:
        yield warning(
            "the runs for a push and for a review are two checks, and none sets a status",
            workflow.path,
            risk="the check that failed before the approval remains, so an approved change "
            "stays blocked",
            remedy="let the gate set a commit status (statuses: write, PROMPTOPS_STATUS), and "
            "require that",
        )
    if "merge_group" not in workflow.triggers:
        yield warning(
            "a merge queue does not start the gate",
            workflow.path,
            risk="once the branch has a merge queue, every change waits in it forever",
            remedy="add merge_group: below on:",
        )


def _judge_author(workflow: Workflow, owned: Callable[[str], bool]) -> Iterator[DoctorAnswer]:
    """Check whether the workflow file comes from the default branch or from the change."""
    events = [event for event in _OF_THE_CHANGE if event in workflow.triggers]
    if not events:
        return
    seen = f"on {' and '.join(events)} the workflow runs as the change defines it"
    risk = "a change can edit this file so that its own check passes"
    remedy = "run it on pull_request_target and workflow_run, or from an organisation's ruleset"
    if owned(workflow.path):
        yield note(
            seen,
            workflow.path,
            risk=f"{risk}, and only the forge's review by owners prevents it",
            remedy=f"{remedy} ({_GUIDE})",
        )
    else:
        yield warning(
            f"{seen}, and it has no owner",
            workflow.path,
            risk=risk,
            remedy=f"assign owners to {FOLDER}, and {remedy} ({_GUIDE})",
        )


def _judge_filters(workflow: Workflow, event: str, filters: Any) -> Iterator[DoctorAnswer]:  # noqa: ANN401 - YAML
    narrowing = [
        key for key in ("paths", "paths-ignore", "branches", "branches-ignore") if key in filters
    ]
    if narrowing:
        yield warning(
            f"{event} is filtered by {' and '.join(narrowing)}",
            workflow.path,
            risk="the required check never reports for changes outside the filter, and files "
            "that it misses are not checked",
            remedy=f"remove {' and '.join(narrowing)}: the gate passes unrelated changes within "
            "a second",
        )
    types = filters.get("types")
    missing = _NEEDED_TYPES.difference(map(str, types if isinstance(types, list) else [types]))
    if types and missing:
        yield error(
            f"{event} leaves out {', '.join(sorted(missing))}",
            workflow.path,
            risk="later pushes are not checked, and the check stays green",
            remedy=f"remove types below {event}:, or list {', '.join(sorted(_NEEDED_TYPES))}",
        )


def _judge_job(workflow: Workflow, job: WorkflowJob) -> Iterator[DoctorAnswer]:
    if not job.always_runs:
        why = f"if: {job.condition}" if job.condition else f"needs: {', '.join(job.needs)}"
        yield error(
            f"the job {job.name} can be skipped ({why})",
            workflow.path,
            risk="GitHub counts a required check that was skipped as passed",
            remedy="let the job always run: remove if: and needs:, or write if: always()",
        )
    if job.is_tolerant:
        yield error(
            f"the job {job.name} ignores errors (continue-on-error)",
            workflow.path,
            risk="the gate fails, and the check is green",
            remedy="remove continue-on-error",
        )
    if re.search(r"\|\|\s*(?:true|:|exit 0)\b", job.commands):
        yield error(
            f"the job {job.name} discards an exit code (|| true)",
            workflow.path,
            risk="the gate fails, and the check is green",
            remedy="remove it",
        )
    if "pull_request_target" in workflow.triggers and _checks_out_head(job):
        yield error(
            f"the job {job.name} checks out the change with the permissions of the default branch",
            workflow.path,
            risk="anyone who opens a pull request can run code with this repository's token and "
            "secrets",
            remedy="remove ref: from the checkout; the gate fetches the change as data",
        )
    permissions = workflow.permissions if job.permissions is None else job.permissions
    if permissions is None or permissions == "write-all":
        yield warning(
            f"the job {job.name} does not restrict its token"
            if permissions is None
            else f"the token of the job {job.name} has all permissions",
            workflow.path,
            risk="anything that runs in it, such as a dependency, can push, release and deploy",
            remedy="write permissions: {contents: read, pull-requests: read} at the top",
        )


def _checks_out_head(job: WorkflowJob) -> bool:
    for step in job.steps:
        settings = step.get("with")
        script = str(step.get("run", ""))
        if "checkout" in script and _HEAD.search(script):
            return True
        if isinstance(settings, dict) and str(step.get("uses", "")).startswith("actions/checkout"):
            wanted = f"{settings.get('ref', '')} {settings.get('repository', '')}"
            if _HEAD.search(wanted):
                return True
    return False


def look_at_deploy_workflow(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """If CI deploys, check that a person approves it and that only one run deploys at a time."""
    if subject.dialect is Dialect.GITLAB:
        return
    workflows, _ = read_workflows(subject.paths, subject.read)
    answers = list(judge_deploy_workflow(workflows))
    yield from answers
    if not answers and not subject.git.is_bare and "github" in (subject.url or ""):
        yield note(
            f"no workflow on {subject.where} deploys",
            FOLDER,
            risk="people push to promptops/* directly, and GitHub runs no push checks: anyone "
            "with push access can deploy anything",
            remedy="promptops init --deploy writes .github/workflows/promptops-deploy.yml; "
            f"allow no other writers on promptops/* ({_GUIDE})",
        )


def look_at_release_workflow(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """If releases write the versions, check that one workflow does it, and who can start it."""
    if subject.config.gate.versions != "release" or subject.git.is_bare:
        return
    if subject.dialect is Dialect.GITLAB:
        yield note(
            "releases write the version numbers, bypassing the rules of the default branch",
            subject.where,
            risk="anyone who may push there can merge without review",
            remedy="let one deploy key push to the protected branch, in a protected job that runs "
            "promptops release --all --bump auto --push",
        )
        return
    workflows, _ = read_workflows(subject.paths, subject.read)
    answers = list(judge_release_workflow(workflows))
    yield from answers or [
        warning(
            f"releases write the version numbers, and no workflow on {subject.where} runs them",
            FOLDER,
            risk="somebody must be allowed to push to the default branch from their machine",
            remedy="promptops init --release writes .github/workflows/promptops-release.yml",
        )
    ]


def judge_release_workflow(workflows: Iterable[Workflow]) -> Iterator[DoctorAnswer]:
    """Check the jobs that write versions and push them; no answer if there are none."""
    for workflow, job in release_jobs(workflows):
        answers = list(_judge_releasing(workflow, job))
        yield from answers or [
            fine(f"only the job {job.name} writes the version numbers", workflow.path)
        ]


def _judge_releasing(workflow: Workflow, job: WorkflowJob) -> Iterator[DoctorAnswer]:
    if job.environment is None:
        yield error(
            f"the job {job.name} pushes to the default branch without an environment",
            workflow.path,
            risk="every branch can use its key, so anyone who may push a branch can bypass the "
            "gate",
            remedy="write environment: promptops-release, for the default branch only, and keep "
            f"the deploy key there ({_GUIDE})",
        )
    for event in sorted({*_CHANGES, *_OF_THE_CHANGE} & set(workflow.triggers)):
        yield error(
            f"{event} starts the job {job.name}",
            workflow.path,
            risk="an unmerged change can be released",
            remedy="start it by workflow_dispatch, or by a push to the default branch",
        )
    if not job.concurrency and not workflow.concurrency:
        yield warning(
            f"two runs of the job {job.name} can release at once",
            workflow.path,
            risk="the second is refused and must be started again",
            remedy="write concurrency: {group: promptops-release, cancel-in-progress: false}",
        )


def judge_deploy_workflow(workflows: Iterable[Workflow]) -> Iterator[DoctorAnswer]:
    """Check the jobs that deploy; no answer if there are none."""
    for workflow, job in deploy_jobs(workflows):
        answers = list(_judge_deploying(workflow, job))
        yield from answers or [fine(f"the job {job.name} waits for its environment", workflow.path)]


def _judge_deploying(workflow: Workflow, job: WorkflowJob) -> Iterator[DoctorAnswer]:
    if job.environment is None:
        yield error(
            f"the job {job.name} deploys without an environment",
            workflow.path,
            risk="it runs without approval, and every branch can use its token",
            remedy="write environment: production, and add required reviewers to that environment",
        )
    if not job.concurrency and not workflow.concurrency:
        yield warning(
            f"two runs of the job {job.name} can deploy at once",
            workflow.path,
            risk="they race, and either version may end up live",
            remedy="write concurrency: {group: promptops-…, cancel-in-progress: false}",
        )
    if re.search(r"\$\{\{[^}]*(?:inputs\.|github\.event\.)", job.commands):
        yield error(
            f"the job {job.name} inserts an input into its script",
            workflow.path,
            risk="anyone who may start it can run any command with permission to deploy",
            remedy='pass it through env: and use "$NAME" in the script',
        )
