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
    json_document,
    paint,
    say,
)

if TYPE_CHECKING:
    from promptops.environments import Action, Outcome

EnvironmentOption = Annotated[str, typer.Option("--env", metavar="ENV", help="The environment.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; kept with the deployment.")
]
NamesArgument = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)]


def deploy_and_report(  # noqa: PLR0913 - the options every deploying verb has
    environment: str,
    action: Action,
    *,
    reason: str,
    yes: bool,
    local: bool,
    dry_run: bool,
    output: Format,
) -> None:
    """Show what `action` changes, ask where somebody can be asked, deploy, and say what happened."""
    from promptops.environments import deploy
    from promptops.cli.session import is_terminal

    repository = current().repository
    if not yes and not dry_run and is_terminal(sys.stdin) and is_terminal(sys.stderr):
        preview = deploy(repository, environment, action, reason=reason, local=local, dry_run=True)
        if preview.changed:
            for change in preview.changes:
                say(f"{environment}: {change}")
            confirm("Deploy this?", yes=False)
    outcome = deploy(repository, environment, action, reason=reason, local=local, dry_run=dry_run)
    if output is Format.JSON:
        emit_json(outcome_to_json(outcome, dry_run=dry_run))
    else:
        _print_outcome(outcome, dry_run=dry_run)


def _print_outcome(outcome: Outcome, *, dry_run: bool) -> None:
    for change in outcome.changes:
        before, after = paint(change.before, "red"), paint(change.after, "green", bold=True)
        emit(f"{outcome.environment}: {change.name} {before} -> {after}")
    if outcome.deployment is not None:
        say(f"deployment {outcome.deployment.number} of {outcome.environment}")
    elif dry_run and outcome.changed:
        say("nothing was changed: this was a dry run")
    else:
        say(f"{outcome.environment}: nothing to change, it is so already")
    if outcome.pending:
        say(
            f"pending: git push {current().repository.config.remote} promptops/{outcome.environment}"
        )


def outcome_to_json(outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
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
