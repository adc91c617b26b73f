"""`promptops pause`: pause prompts in an environment."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.deployment import EnvironmentOption, NamesArgument, deploy_and_report
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    LocalOption,
    YesOption,
    current,
)
from promptops.errors import UsageError


def pause(
    names: NamesArgument = None,
    environment: EnvironmentOption = "",
    everything: Annotated[bool, typer.Option("--all", help="All live prompts.")] = False,
    reason: Annotated[
        str, typer.Option("--reason", "-m", metavar="TEXT", help="The reason, shown to callers.")
    ] = "",
    yes: YesOption = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Pause prompts in an environment. Callers get an error with the reason."""
    from promptops.delivery.actions import pause_action

    if not reason.strip():
        raise UsageError("no reason given", hint="pass --reason TEXT, which callers see")
    wanted = switch_names(names, everything=everything)
    environment = environment or current().repository.config.default_environment
    action = pause_action(environment, wanted, reason)
    deploy_and_report(
        environment, action, reason=reason, yes=yes, local=local, dry_run=dry_run, output=output
    )


def switch_names(names: list[str] | None, *, everything: bool) -> list[str] | None:
    """Return the prompts to pause or resume; None: all live ones."""
    from promptops.prompt.reference import check_name

    if bool(names) == everything:
        raise UsageError("no prompt given", hint="name prompts, or give --all")
    return [check_name(name) for name in dict.fromkeys(names)] if names else None
