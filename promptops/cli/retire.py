"""`promptops retire`: remove prompts from an environment."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.deployment import (
    EnvironmentOption,
    NamesArgument,
    ReasonOption,
    deploy_and_report,
)
from promptops.cli.pause import switch_names
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    LocalOption,
    YesOption,
    current,
)
from promptops.errors import UsageError


def retire(
    names: NamesArgument = None,
    environment: EnvironmentOption = "",
    everything: Annotated[bool, typer.Option("--all", help="All live prompts.")] = False,
    reason: ReasonOption = "",
    yes: YesOption = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Remove prompts from an environment. A rollback brings them back."""
    from promptops.delivery.actions import retire_action

    wanted = switch_names(names, everything=everything)
    if not reason.strip():
        raise UsageError(
            "no reason given", hint="pass --reason TEXT, which is stored with the deployment"
        )
    environment = environment or current().repository.config.default_environment
    action = retire_action(environment, wanted)
    deploy_and_report(
        environment, action, reason=reason, yes=yes, local=local, dry_run=dry_run, output=output
    )
