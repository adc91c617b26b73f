"""`promptops rollback`: restore previous versions."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.deployment import (
    EnvironmentOption,
    NamesArgument,
    ReasonOption,
    deploy_and_report,
)
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    LocalOption,
    YesOption,
    current,
)
from promptops.errors import UsageError, quote


def rollback(
    names: NamesArgument = None,
    environment: EnvironmentOption = "",
    everything: Annotated[
        bool, typer.Option("--all", help="All live prompts, one version back each.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="VERSION", help="Go back to this version."),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(
            "--to-deployment",
            metavar="N",
            min=1,
            help="Restore everything that was live after deployment N.",
        ),
    ] = None,
    reason: ReasonOption = "",
    yes: YesOption = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Go back to the previous versions, in one deployment.

    Rolling back twice goes back two versions; a version that was rolled back is never restored by
    it. --to-deployment restores the whole environment.
    """
    from promptops.delivery.actions import restore_action, rollback_action
    from promptops.prompt.version import Version

    repository = current().repository
    environment = environment or repository.config.default_environment
    if number is not None:
        if names or to or everything:
            raise UsageError(
                "--to-deployment restores the whole environment",
                hint="leave out names, --all and --to, or leave out --to-deployment",
            )
        action = restore_action(repository, environment, number)
    elif bool(names) == everything:
        raise UsageError(
            "no prompt given" if not names else "names and --all cannot be combined",
            hint="name prompts, or give --all or --to-deployment N",
        )
    else:
        wanted = [_read_name(name) for name in dict.fromkeys(names)] if names else None
        version = None if to is None else Version.parse(to)
        action = rollback_action(repository, environment, wanted, version)
    deploy_and_report(
        environment, action, reason=reason, yes=yes, local=local, dry_run=dry_run, output=output
    )


def _read_name(word: str) -> str:
    from promptops.prompt.reference import check_name

    name, at, version = word.partition("@")
    if at:
        raise UsageError(
            f"{quote(word)} is not the name of a prompt",
            hint=f"promptops rollback {check_name(name)} --to VERSION"
            if not version
            else f"promptops rollback {check_name(name)} --to {version}",
        )
    return check_name(word)
