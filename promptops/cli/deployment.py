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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.deployments import Action, DeploymentOutcome
    from promptops.delivery.environments import DeploymentChange

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
    from promptops.delivery.consequences import find_refused, find_still_live, undo_command

    repository = current().repository
    for change in outcome.changes:
        emit(f"{outcome.environment}: {_paint_change(change)}")
    if action.verb in {"promote", "rollback", "restore"}:
        for refused in find_refused(repository, outcome):
            warn(
                f"{refused.release} has no max_tokens, and {refused.guard} is set: "
                "its runs are refused",
                "promote a version with max_tokens, or lift the limit until there is one",
            )
    if outcome.deployment is not None:
        say(f"deployment {outcome.deployment.number} of {outcome.environment}")
        if outcome.changes:
            say(f"to undo it: {undo_command(outcome, action)}")
        if action.verb in {"rollback", "restore"}:
            for name, version, environment in find_still_live(repository, outcome):
                say(
                    f"{name} {version} is still live in {environment}; promptops yank "
                    f"{name}@{version} --reason TEXT keeps it from coming back"
                )
    elif dry_run and outcome.changed:
        if action.verb in {"rollback", "restore"}:
            _show_texts(outcome.changes)
        say("nothing was changed: this was a dry run")
    else:
        say(f"{outcome.environment}: nothing to change{_describe_live(outcome, action)}")
    warn_of_pending(outcome.environment)


def _paint_change(change: DeploymentChange) -> str:
    before, after = change.sides
    return f"{change.name} {paint(before, 'red')} -> {paint(after, 'green', bold=True)}"


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
    entries = outcome.after.entries
    live = [f"{name} {entries[name].describe()}" for name in action.names or () if name in entries]
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
