"""Looks at the CI files on the default branch: is there a gate, and can a change slip past it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.doctor.answer import error, fine, note, unknown, warning
from promptops.doctor.workflows import FOLDER, deploy_jobs, gate_jobs, read_workflows
from promptops.owners import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.doctor.answer import Answer
    from promptops.doctor.subject import Subject
    from promptops.doctor.workflows import Job, Workflow

_GUIDE = "docs/protection.md of promptops"
_HEAD = re.compile(r"github\.event\.pull_request\.head\.(?:sha|ref)|github\.head_ref|refs/pull/")
_CHANGES = ("pull_request", "pull_request_target")
# What GitHub starts a workflow for unless `types` says otherwise, and that a gate must not miss.
_NEEDED_TYPES = {"opened", "synchronize", "reopened"}


def look_at_gate_workflow(subject: Subject) -> Iterator[Answer]:
    """Does CI run the gate for every change, after every review, in a job that always runs?"""
    if subject.git.is_bare and not subject.paths:
        return
    if subject.dialect is Dialect.GITLAB:
        return
    workflows, faults = read_workflows(subject.paths, subject.read)
    for path, fault in faults.items():
        yield unknown(f"this workflow cannot be read: {fault}", path, "correct the file")
    gates = gate_jobs(workflows, subject.read)
    if not gates:
        if subject.git.is_bare:
            return  # the server's hook is the gate there
        yield error(
            f"no workflow on {subject.where} runs the gate",
            FOLDER,
            risk="nothing asks for versions, owners and approvals when a change to prompts merges",
            remedy="promptops init writes .github/workflows/promptops.yml; merge it, then require "
            "its check",
        )
        return
    for workflow, job in gates:
        answers = [*_judge_triggers(workflow), *_judge_job(workflow, job)]
        yield from answers or [
            fine(f"the job {job.name} judges every change and always runs", workflow.path)
        ]


def _judge_triggers(workflow: Workflow) -> Iterator[Answer]:
    events = [event for event in _CHANGES if event in workflow.triggers]
    if not events:
        yield error(
            "the gate does not run for pull requests",
            workflow.path,
            risk="a required check that never runs blocks every merge, until somebody takes it off",
            remedy="add pull_request_target: (or pull_request:) below on:",
        )
    for event in events:
        yield from _judge_filters(workflow, event, workflow.triggers[event])
    if "pull_request_target" not in events and events:
        yield warning(
            "the workflow runs as the change has written it",
            workflow.path,
            risk="a change can rewrite this very file so that its own gate says yes",
            remedy="give .github/ to owners and require their review, and better: run it on "
            f"pull_request_target, or from an organisation's ruleset ({_GUIDE})",
        )
    if "pull_request_review" not in workflow.triggers:
        yield warning(
            "a review does not start the gate",
            workflow.path,
            risk="an approval does not turn the check green, and one that is taken back leaves it "
            "green",
            remedy="add pull_request_review: {types: [submitted, edited, dismissed]} below on:",
        )
    if "merge_group" not in workflow.triggers:
        yield warning(
            "a merge queue does not start the gate",
            workflow.path,
            risk="once the branch has a merge queue, every change waits in it for ever, and the "
            "check is taken off to get work done",
            remedy="add merge_group: below on:",
        )


def _judge_filters(workflow: Workflow, event: str, filters: Any) -> Iterator[Answer]:  # noqa: ANN401 - YAML
    narrowing = [
        key for key in ("paths", "paths-ignore", "branches", "branches-ignore") if key in filters
    ]
    if narrowing:
        yield warning(
            f"{event} is narrowed by {' and '.join(narrowing)}",
            workflow.path,
            risk="for changes outside of the filter the required check never reports; and a file "
            "that the filter forgets is not judged",
            remedy=f"take {' and '.join(narrowing)} out: the gate passes changes that do not "
            "concern it within a second",
        )
    types = filters.get("types")
    missing = _NEEDED_TYPES.difference(map(str, types if isinstance(types, list) else [types]))
    if types and missing:
        yield error(
            f"{event} leaves out {', '.join(sorted(missing))}",
            workflow.path,
            risk="what is pushed after the first look is not judged, and the check stays green",
            remedy=f"take types out below {event}:, or name {', '.join(sorted(_NEEDED_TYPES))}",
        )


def _judge_job(workflow: Workflow, job: Job) -> Iterator[Answer]:
    if not job.always_runs:
        why = f"if: {job.condition}" if job.condition else f"needs: {', '.join(job.needs)}"
        yield error(
            f"the job {job.name} can be skipped ({why})",
            workflow.path,
            risk="GitHub counts a required check that was skipped as passed",
            remedy="let the job run always: take if: and needs: out, or write if: always()",
        )
    if job.is_tolerant:
        yield error(
            f"the job {job.name} goes on after an error (continue-on-error)",
            workflow.path,
            risk="the gate says no, and the check is green",
            remedy="take continue-on-error out",
        )
    if re.search(r"\|\|\s*(?:true|:|exit 0)\b", job.commands):
        yield error(
            f"the job {job.name} throws an exit code away (|| true)",
            workflow.path,
            risk="the gate says no, and the check is green",
            remedy="take it out",
        )
    if "pull_request_target" in workflow.triggers and _checks_out_head(job):
        yield error(
            f"the job {job.name} checks the change out with the rights of the default branch",
            workflow.path,
            risk="anybody who opens a pull request runs their own code with this repository's "
            "token and secrets",
            remedy="remove ref: from the checkout; the gate fetches the change as data",
        )
    permissions = workflow.permissions if job.permissions is None else job.permissions
    if permissions is None or permissions == "write-all":
        yield warning(
            f"the job {job.name} does not say what its token may do"
            if permissions is None
            else f"the token of the job {job.name} may do everything",
            workflow.path,
            risk="whatever runs in it, a dependency for example, may push, release and deploy",
            remedy="write permissions: {contents: read, pull-requests: read} at the top",
        )


def _checks_out_head(job: Job) -> bool:
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


def look_at_deploy_workflow(subject: Subject) -> Iterator[Answer]:
    """If CI deploys: does a person approve it, and does it run one at a time?"""
    if subject.dialect is Dialect.GITLAB:
        return
    workflows, _ = read_workflows(subject.paths, subject.read)
    jobs = deploy_jobs(workflows)
    if not jobs and not subject.git.is_bare and "github" in (subject.url or ""):
        yield note(
            f"no workflow on {subject.where} deploys",
            FOLDER,
            risk="people push to promptops/* themselves, and GitHub has no hook that judges it: "
            "whoever may push deploys anything",
            remedy="promptops init --deploy writes .github/workflows/promptops-deploy.yml; let "
            f"nobody else write to promptops/* ({_GUIDE})",
        )
    for workflow, job in jobs:
        answers = list(_judge_deploying(workflow, job))
        yield from answers or [
            fine(f"the job {job.name} deploys to {job.environment}", workflow.path)
        ]


def _judge_deploying(workflow: Workflow, job: Job) -> Iterator[Answer]:
    if job.environment is None:
        yield error(
            f"the job {job.name} deploys without an environment",
            workflow.path,
            risk="nobody is asked before it runs, and its token is there for every branch",
            remedy="write environment: production, and give that environment required reviewers",
        )
    if not job.concurrency and not workflow.concurrency:
        yield warning(
            f"two runs of the job {job.name} can deploy at once",
            workflow.path,
            risk="they race, and which version is live in the end is a matter of luck",
            remedy="write concurrency: {group: promptops-…, cancel-in-progress: false}",
        )
    if re.search(r"\$\{\{[^}]*(?:inputs\.|github\.event\.)", job.commands):
        yield error(
            f"the job {job.name} puts an input into its script",
            workflow.path,
            risk="whoever may start it runs any command with the right to deploy",
            remedy='hand it over by env: and write "$NAME" in the script',
        )
