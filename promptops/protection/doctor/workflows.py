"""Parse GitHub workflow files: triggers and jobs.

Never raises: any file gives a workflow or the reason why it is invalid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from promptops.prompt.untrusted_yaml import load_untrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FOLDER = ".github/workflows/"
# The default of `action.yml`.
DEFAULT_STATUS = "promptops"
_GATE_COMMAND = re.compile(r"\bpromptops(?:\.(?:protection\.)?ci\b|\b[^\n;|&]*?\sgate\b)")
_DEPLOY_COMMAND = re.compile(
    r"\bpromptops\b[^\n;|&]*?\s(?:promote|rollback|retire|pause|resume|\"?\$\{?\w+\}?\"?)(?=\s|$)"
)
_RELEASE_COMMAND = re.compile(
    r"\bpromptops\b[^\n;|&]*?\srelease\b(?=[^\n;|&]*\s--bump\b)(?=[^\n;|&]*\s--push\b)"
)
_PROMPTOPS_ACTION = re.compile(r"(?:^|/)(?:git-)?promptops(?:[/@.]|$)")
_ALWAYS = re.compile(r"(?:\$\{\{)?\s*(?:always\(\)|!\s*cancelled\(\))\s*(?:\}\})?")


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """One job.

    Attributes:
        key: its key below `jobs`.
        name: the name of its check.
        uses: the reusable workflow that it calls, or None.
        condition: its `if`, or None.
        needs: the jobs that it depends on.
        is_tolerant: whether a failure of the job or of a step counts as success.
        environment: the environment that it deploys to, or None.
        concurrency: whether only one runs at a time.
        permissions: its token's permissions; None: the workflow's.
        steps: its steps as written.
    """

    key: str
    name: str
    uses: str | None = None
    condition: str | None = None
    needs: tuple[str, ...] = ()
    is_tolerant: bool = False
    environment: str | None = None
    concurrency: bool = False
    permissions: Any = None
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def always_runs(self) -> bool:
        """Whether GitHub never skips it. A skipped check counts as passed."""
        if self.condition is None:
            return not self.needs
        return _ALWAYS.fullmatch(self.condition.strip()) is not None

    @property
    def commands(self) -> str:
        """The commands of its steps."""
        return "\n".join(str(step["run"]) for step in self.steps if "run" in step)

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions of its steps, and the reusable workflow that it calls."""
        used = [str(step["uses"]) for step in self.steps if "uses" in step]
        return (*used, *([self.uses] if self.uses else []))


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow file.

    Attributes:
        path: its path from the repository's top.
        name: its name.
        triggers: each event with its filters.
        jobs: the jobs, in file order.
        permissions: its token's permissions; None: the repository's default.
        concurrency: whether only one runs at a time.
        text: the file's text.
    """

    path: str
    name: str
    triggers: Mapping[str, Mapping[str, Any]]
    jobs: tuple[WorkflowJob, ...]
    permissions: Any = None
    concurrency: bool = False
    text: str = field(default="", repr=False)


def read_workflows(
    paths: Iterable[str], read: Callable[[str], bytes | None]
) -> tuple[list[Workflow], dict[str, str]]:
    """Return all workflows of a repository, and path -> reason for invalid files."""
    workflows: list[Workflow] = []
    faults: dict[str, str] = {}
    for path in sorted(paths):
        name = path.removeprefix(FOLDER)
        if name == path or "/" in name or not name.endswith((".yml", ".yaml")):
            continue
        found = parse_workflow(path, read(path) or b"")
        if isinstance(found, Workflow):
            workflows.append(found)
        else:
            faults[path] = found
    return workflows, faults


def parse_workflow(path: str, data: bytes) -> Workflow | str:
    """Parse a workflow; return the reason if it is invalid."""
    text = data.decode("utf-8", "replace")
    try:
        document = load_untrusted(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return " ".join(str(error).split())[:200]
    if not isinstance(document, dict) or not isinstance(document.get("jobs"), dict):
        return "it has no jobs"
    # YAML 1.1 reads the key `on` as a boolean.
    triggers = _triggers(document.get("on", document.get(True)))
    jobs = tuple(
        _job(str(key), value) for key, value in document["jobs"].items() if isinstance(value, dict)
    )
    name = str(document.get("name") or path)
    return Workflow(
        path, name, triggers, jobs, document.get("permissions"), "concurrency" in document, text
    )


def _triggers(value: object) -> dict[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, list):
        return {str(event): {} for event in value}
    if isinstance(value, dict):
        return {
            str(event): filters if isinstance(filters, dict) else {}
            for event, filters in value.items()
        }
    return {}


def _job(key: str, table: Mapping[str, Any]) -> WorkflowJob:
    written = table.get("steps")
    listed = written if isinstance(written, list) else ()
    steps = tuple(step for step in listed if isinstance(step, dict))
    needs = table.get("needs")
    environment = table.get("environment")
    if isinstance(environment, dict):
        environment = environment.get("name")
    return WorkflowJob(
        key,
        str(table.get("name") or key),
        uses=_text(table.get("uses")),
        condition=_text(table.get("if")),
        needs=tuple(map(str, needs if isinstance(needs, list) else [needs])) if needs else (),
        is_tolerant=any(one.get("continue-on-error", False) for one in (table, *steps)),
        environment=_text(environment),
        concurrency="concurrency" in table,
        permissions=table.get("permissions"),
        steps=steps,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def gate_jobs(
    workflows: Iterable[Workflow], read: Callable[[str], bytes | None]
) -> list[tuple[Workflow, WorkflowJob]]:
    """Return the jobs that run the gate, by command or action."""
    return [
        (workflow, job)
        for workflow in workflows
        for job in workflow.jobs
        if _GATE_COMMAND.search(job.commands)
        or any(_is_promptops(action, read) for action in job.actions)
    ]


def follows_reviews(workflow: Workflow, workflows: Iterable[Workflow]) -> bool:
    """Return whether a review starts the workflow, directly or by `workflow_run`."""
    if "pull_request_review" in workflow.triggers:
        return True
    after = workflow.triggers.get("workflow_run", {}).get("workflows")
    names = {str(name) for name in (after if isinstance(after, list) else [after])}
    return any(one.name in names and "pull_request_review" in one.triggers for one in workflows)


def set_status_of(job: WorkflowJob) -> str | None:
    """Return the commit status that a job sets for the gate, if visible; None if none."""
    for step in job.steps:
        given, variables = step.get("with"), step.get("env")
        used = str(step.get("uses", "")).partition("@")[0]
        if used == "./" or _PROMPTOPS_ACTION.search(used):
            table = given if isinstance(given, dict) else {}
            return str(table.get("status", DEFAULT_STATUS)) or None
        if isinstance(variables, dict) and variables.get("PROMPTOPS_STATUS"):
            return str(variables["PROMPTOPS_STATUS"])
    # The steps of a reusable workflow are in another file.
    return DEFAULT_STATUS if job.uses is not None else None


def status_names(workflow: Workflow, job: WorkflowJob) -> frozenset[str]:
    """Return the names that can be required of a job that runs the gate: its status, else its
    check.

    A run after a review is a separate check, so only a status has the latest result.
    """
    status = set_status_of(job)
    if status is not None:
        return frozenset({status})
    return frozenset({job.name}) if "pull_request_review" not in workflow.triggers else frozenset()


def deploy_jobs(workflows: Iterable[Workflow]) -> list[tuple[Workflow, WorkflowJob]]:
    """Return the jobs that deploy manually: started by a person, with a deploying command."""
    return [
        (workflow, job)
        for workflow in workflows
        if "workflow_dispatch" in workflow.triggers
        for job in workflow.jobs
        if _DEPLOY_COMMAND.search(job.commands)
    ]


def release_jobs(workflows: Iterable[Workflow]) -> list[tuple[Workflow, WorkflowJob]]:
    """Return the jobs that release and push versions."""
    return [
        (workflow, job)
        for workflow in workflows
        for job in workflow.jobs
        if _RELEASE_COMMAND.search(job.commands)
    ]


def _is_promptops(action: str, read: Callable[[str], bytes | None]) -> bool:
    """Return whether an action is promptops'. A local action is recognised by its file."""
    if not action.startswith("./"):
        return _PROMPTOPS_ACTION.search(action.partition("@")[0]) is not None
    folder = action.removeprefix("./").strip("/")
    files = [folder]
    if not folder.endswith((".yml", ".yaml")):
        files = [f"{folder}/{name}".lstrip("/") for name in ("action.yml", "action.yaml")]
    return any(b"promptops gate" in (read(file) or b"") for file in files)
