"""Shared parts of the deploying verbs: options, confirmation, report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    confirm,
    current,
    emit,
    emit_json,
    is_terminal,
    json_document,
    paint,
    say,
    warn,
)
from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.deployments import Action, DeploymentOutcome
    from promptops.delivery.environments import DeploymentChange


# Commands that undo more than this name the deployment instead.
_MAX_NAMED = 5

EnvironmentOption = Annotated[
    str,
    typer.Option("--env", metavar="ENV", help="The environment; by default default_environment."),
]
ReasonOption = Annotated[
    str,
    typer.Option("--reason", "-m", metavar="TEXT", help="The reason, stored with the deployment."),
]
NamesArgument = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)]


def deploy_and_report(
    environment: str,
    action: Action,
    *,
    reason: str,
    yes: bool,
    local: bool,
    dry_run: bool,
    output: Format,
) -> DeploymentOutcome:
    """Show what `action` changes, ask for confirmation on a terminal, deploy, and report."""
    from promptops.delivery.deployments import deploy

    repository = current().repository
    agreed = None
    if not yes and not dry_run and is_terminal(sys.stdin) and is_terminal(sys.stderr):
        preview = deploy(repository, environment, action, reason=reason, local=local, dry_run=True)
        if preview.changed:
            for change in preview.changes:
                say(f"{environment}: {change}")
            if action.verb in {"rollback", "restore"}:
                _show_texts(preview.changes)
            confirm("Deploy this?", yes=False)
            agreed = preview.changes
    outcome = deploy(
        repository,
        environment,
        action,
        reason=reason,
        local=local,
        dry_run=dry_run,
        agreed=agreed,
    )
    if output is Format.JSON:
        emit_json(outcome_to_json(outcome, dry_run=dry_run))
    else:
        _print_outcome(outcome, action, dry_run=dry_run)
    return outcome


def _show_texts(changes: Sequence[DeploymentChange]) -> None:
    """Show changed texts, as `diff` does."""
    from promptops.cli.diff import describe_change

    for change in changes:
        for line in describe_change(current().repository, change):
            say(line)


def _print_outcome(outcome: DeploymentOutcome, action: Action, *, dry_run: bool) -> None:
    for change in outcome.changes:
        emit(f"{outcome.environment}: {_paint_change(change)}")
    if action.verb in {"promote", "rollback", "restore"}:
        _warn_of_unbounded(outcome)
    if outcome.deployment is not None:
        say(f"deployment {outcome.deployment.number} of {outcome.environment}")
        if outcome.changes:
            say(f"to undo it: {undo_command(outcome, action)}")
        if action.verb in {"rollback", "restore"}:
            _warn_of_others(outcome)
    elif dry_run and outcome.changed:
        if action.verb in {"rollback", "restore"}:
            _show_texts(outcome.changes)
        say("nothing was changed: this was a dry run")
    else:
        live = _describe_live(outcome, action)
        say(f"{outcome.environment}: nothing to change{live}")
    warn_of_pending(outcome.environment)


def _paint_change(change: DeploymentChange) -> str:
    name, _, versions = str(change).partition(" ")
    before, _, after = versions.partition(" -> ")
    return f"{name} {paint(before, 'red')} -> {paint(after, 'green', bold=True)}"


def undo_command(outcome: DeploymentOutcome, action: Action) -> str:
    """Return the command that brings back what was live before a deployment."""
    from promptops.delivery.environments import NOTHING

    environment = outcome.environment
    number = outcome.deployment.number - 1 if outcome.deployment else 0
    restore = f"promptops rollback --env {environment} --to-deployment {number}"
    is_first = all(change.before == NOTHING for change in outcome.changes)
    if len(outcome.changes) > _MAX_NAMED:
        if number:
            return restore
        if action.verb == "promote":
            return f"promptops retire --all --env {environment} --reason TEXT"
    names = " ".join(change.name for change in outcome.changes)
    if action.verb in {"pause", "resume"}:
        opposite = "resume" if action.verb == "pause" else "pause"
        reason = "" if opposite == "resume" else " --reason TEXT"
        return f"promptops {opposite} {names} --env {environment}{reason}"
    if action.verb == "retire" or (
        action.verb == "promote" and all(change.before != NOTHING for change in outcome.changes)
    ):
        return f"promptops rollback {names} --env {environment}"
    if action.verb == "promote" and is_first:
        return f"promptops retire {names} --env {environment} --reason TEXT"
    return restore


def _warn_of_others(outcome: DeploymentOutcome) -> None:
    """Warn of environments in which a rolled-back version is still live."""
    from promptops.delivery.environments import read_head

    repository = current().repository
    for environment in repository.config.environment_names:
        head = read_head(repository, environment)
        if head is None or environment == outcome.environment:
            continue
        for change in outcome.changes:
            entry = head.state.entries.get(change.name)
            gone = [
                str(version)
                for version in (entry.versions if entry else ())
                if str(version) in change.before.split() and str(version) not in change.after
            ]
            for version in gone:
                say(
                    f"{change.name} {version} is still live in {environment}; promptops yank "
                    f"{change.name}@{version} --reason TEXT keeps it from coming back"
                )


def _warn_of_unbounded(outcome: DeploymentOutcome) -> None:
    """Warn of versions that a limit on spending or tokens will refuse whenever they run.

    One from before the limit may come back by a rollback, when nobody thinks of `validate`.
    """
    from promptops.checks.context import read_costs
    from promptops.checks.rules.unbounded_cost import bounds_answers
    from promptops.delivery.release import load_all_released
    from promptops.delivery.releases import list_releases

    repository = current().repository
    find_limits, is_free = read_costs(repository.config)
    limited = [one for one in outcome.changes if find_limits(one.name) is not None]
    releases = [
        release
        for change in limited
        for release in list_releases(repository, change.name)
        if str(release.version) in change.after.replace(",", " ").split()
    ]
    for release, prompt in zip(releases, load_all_released(repository, releases), strict=True):
        limits = find_limits(release.name)
        if isinstance(prompt, PromptopsError) or limits is None:
            continue
        data = prompt.closure.document.data
        guard = limits.tokens
        if guard is None and is_free(str(data.get("model"))) is not True:
            guard = limits.spending
        if guard is not None and not bounds_answers(data):
            warn(
                f"{release} has no max_tokens, and {guard} is set: its runs are refused",
                "promote a version with max_tokens, or lift the limit until there is one",
            )


def warn_of_pending(environment: str) -> None:
    """Warn of deployments that are not pushed, and say what to do."""
    from promptops.delivery.environments import count_pending, pending_remedy

    repository = current().repository
    pending = count_pending(repository, environment)
    if pending:
        what = "1 deployment is" if pending == 1 else f"{pending} deployments are"
        warn(
            f"{environment}: {what} not pushed to {repository.remote}",
            pending_remedy(repository, environment),
        )


def _describe_live(outcome: DeploymentOutcome, action: Action) -> str:
    """Describe what is live of the action's prompts."""
    from promptops.delivery.environments import read_head

    head = read_head(current().repository, outcome.environment)
    if head is None or not action.names:
        return ""
    entries = head.state.entries
    live = [f"{name} {entries[name].describe()}" for name in action.names if name in entries]
    return f": {', '.join(live[:5])}" if live else ""


def outcome_to_json(outcome: DeploymentOutcome, *, dry_run: bool) -> dict[str, Any]:
    """Return the outcome as `promptops.deployment/v2`."""
    from promptops.runtime.documents import describe_deployed_change

    made = outcome.deployment
    return json_document(
        "promptops.deployment/v2",
        environment=outcome.environment,
        dry_run=dry_run,
        pending=outcome.pending,
        deployment=None if made is None else {"number": made.number, "commit": made.commit},
        changes=[describe_deployed_change(change) for change in outcome.changes],
    )
