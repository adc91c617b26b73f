"""`promptops retire`: take prompts out of an environment."""

from __future__ import annotations

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
from promptops.errors import UsageError


def retire(
    names: NamesArgument = None,
    environment: EnvironmentOption = "",
    reason: ReasonOption = "",
    yes: YesOption = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Take prompts out of an environment; a rollback brings them back."""
    from promptops.delivery.actions import retire_action
    from promptops.prompt.reference import check_name

    if not names:
        raise UsageError("no prompt named", hint="promptops retire NAME --env ENV")
    if not reason.strip():
        raise UsageError("no reason given", hint="--reason TEXT: kept with the deployment")
    environment = environment or current().repository.config.default_environment
    action = retire_action(environment, [check_name(name) for name in dict.fromkeys(names)])
    deploy_and_report(
        environment, action, reason=reason, yes=yes, local=local, dry_run=dry_run, output=output
    )
