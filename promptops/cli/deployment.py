"""What the deploying verbs share: their options, their question, and how an outcome reads."""

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
    from promptops.delivery.deployments import Action, DeploymentOutcome

EnvironmentOption = Annotated[
    str,
    typer.Option("--env", metavar="ENV", help="The environment; default_environment unless given."),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; kept with the deployment.")
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
) -> None:
    """Show what `action` changes, ask where somebody can be asked, deploy, and say the outcome."""
    from promptops.delivery.deployments import deploy

    repository = current().repository
    agreed = None
    if not yes and not dry_run and is_terminal(sys.stdin) and is_terminal(sys.stderr):
        preview = deploy(repository, environment, action, reason=reason, local=local, dry_run=True)
        if preview.changed:
            for change in preview.changes:
                say(f"{environment}: {change}")
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


def _print_outcome(outcome: DeploymentOutcome, action: Action, *, dry_run: bool) -> None:
    for change in outcome.changes:
        before, after = paint(change.before, "red"), paint(change.after, "green", bold=True)
        emit(f"{outcome.environment}: {change.name} {before} -> {after}")
    if outcome.deployment is not None:
        say(f"deployment {outcome.deployment.number} of {outcome.environment}")
    elif dry_run and outcome.changed:
        say("nothing was changed: this was a dry run")
    else:
        live = _describe_live(outcome, action)
        say(f"{outcome.environment}: nothing to change, it is so already{live}")
    warn_of_pending(outcome.environment)


def warn_of_pending(environment: str) -> None:
    """Say which local deployments nobody else gets yet, and what to do with them."""
    from promptops.delivery.environments import count_pending, pending_remedy

    repository = current().repository
    pending = count_pending(repository, environment)
    if pending:
        what = "1 deployment is" if pending == 1 else f"{pending} deployments are"
        warn(
            f"{environment}: {what} only here, not on {repository.remote}",
            pending_remedy(repository, environment),
        )


def _describe_live(outcome: DeploymentOutcome, action: Action) -> str:
    """What is live of the prompts that the action would have touched."""
    from promptops.delivery.environments import read_head

    head = read_head(current().repository, outcome.environment)
    if head is None or not action.names:
        return ""
    entries = head.state.entries
    live = [f"{name} {entries[name].describe()}" for name in action.names if name in entries]
    return f": {', '.join(live[:5])}" if live else ""


def outcome_to_json(outcome: DeploymentOutcome, *, dry_run: bool) -> dict[str, Any]:
    """The outcome as `promptops.deployment/v1`."""
    made = outcome.deployment
    return json_document(
        "promptops.deployment/v1",
        environment=outcome.environment,
        dry_run=dry_run,
        pending=outcome.pending,
        deployment=None if made is None else {"number": made.number, "commit": made.commit},
        changes=[
            {"prompt": change.name, "from": change.before, "to": change.after}
            for change in outcome.changes
        ],
    )
