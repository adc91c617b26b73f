"""`promptops resume`: resume paused prompts."""

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


def resume(
    names: NamesArgument = None,
    environment: EnvironmentOption = "",
    everything: Annotated[bool, typer.Option("--all", help="All paused prompts.")] = False,
    reason: ReasonOption = "",
    yes: YesOption = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Resume paused prompts, with the versions that were live."""
    from promptops.delivery.actions import resume_action

    wanted = switch_names(names, everything=everything)
    environment = environment or current().repository.config.default_environment
    deploy_and_report(
        environment,
        resume_action(environment, wanted),
        reason=reason,
        yes=yes,
        local=local,
        dry_run=dry_run,
        output=output,
    )
