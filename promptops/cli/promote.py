"""`promptops promote`: make versions live in an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.deployment import ReasonOption, deploy_and_report
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    LocalOption,
    YesOption,
    current,
    say,
)
from promptops.errors import UsageError

if TYPE_CHECKING:
    from promptops.delivery.release import Release
    from promptops.repository.repository import Repository

_MAX_TOLD = 5


def promote(
    refs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME[@SELECTOR]]...", show_default=False),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="ENV", help="The environment to deploy to.")
    ] = "",
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="ENV", help="Deploy the versions that are live in this environment."
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help=(
                "All prompts live in the previous environment; for the first one, all with a "
                "release."
            ),
        ),
    ] = False,
    share: Annotated[
        int,
        typer.Option(
            "--share",
            metavar="PERCENT",
            min=1,
            max=100,
            help="The share of the traffic, in percent.",
        ),
    ] = 100,
    again: Annotated[
        bool, typer.Option("--again", help="Allow a version that was rolled back there.")
    ] = False,
    reason: ReasonOption = "",
    yes: YesOption = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Make versions live in an environment, all in one deployment.

    Without a selector, the version comes from the environment before --to, or from --from. For the
    first environment, it is the latest release.
    """
    from promptops.delivery.actions import choose_releases, promote_action
    from promptops.gate.approvals.deployment import check_deployment
    from promptops.prompt.reference import parse_ref

    repository = current().repository
    if not to:
        known = ", ".join(repository.config.environment_names)
        raise UsageError("no environment given", hint=f"pass --to ENV, one of: {known}")
    repository.config.environment(to)
    if everything and refs:
        raise UsageError("names and --all cannot be combined", hint="give one or the other")
    if everything:
        refs = _list_names(repository, source, to, local=local)
        if not refs:
            raise UsageError(
                f"there is nothing to promote to {to}",
                hint="release versions with promptops release --all, or run promptops status",
            )
    if not refs:
        raise UsageError("no prompt given", hint="name prompts, or give --all")
    wanted = [parse_ref(ref) for ref in dict.fromkeys(refs)]
    releases = choose_releases(repository, to, wanted, source=source, local=local)
    check_deployment(repository, to, releases, local=local)
    action = promote_action(repository, to, releases, share, again=again)
    outcome = deploy_and_report(
        to, action, reason=reason, yes=yes, local=local, dry_run=dry_run, output=output
    )
    before = repository.config.environment_before(to)
    source = source or (before.name if before else None)
    if not outcome.changed and source is not None:
        named = {ref.name for ref in wanted if ref.selector is not None}
        _name_newer_releases([one for one in releases if one.name not in named], source)


def _name_newer_releases(releases: list[Release], source: str) -> None:
    """Name newer releases that were not promoted, because they are not live in `source`."""
    from promptops.delivery.releases import list_all_yanked, list_tags_of

    repository = current().repository
    released = list_tags_of(repository, [one.name for one in releases]).keys()
    usable = released - list_all_yanked(repository)
    waiting = []
    for one in releases:
        finals = [found for name, found in usable if name == one.name and not found.is_prerelease]
        latest = max(finals, default=one.version)
        if latest > one.version:
            waiting.append((one.name, latest))
            if len(waiting) <= _MAX_TOLD:
                say(f"{one.name} {latest} is released, but {source} has {one.version}")
    if len(waiting) > _MAX_TOLD:
        say(f"and {len(waiting) - _MAX_TOLD} more; promptops status lists all")
    if waiting:
        refs = " ".join(f"{name}@{version}" for name, version in waiting[:_MAX_TOLD])
        say(f"to bring it there first: promptops promote {refs} --to {source}")


def _list_names(repository: Repository, source: str | None, to: str, *, local: bool) -> list[str]:
    """Return the prompts live in the previous environment; for the first one, those with a final
    release.
    """
    from promptops.delivery.environments import live_names
    from promptops.delivery.places import fetch_environments
    from promptops.delivery.releases import list_all_yanked, list_tags

    before = repository.config.environment_before(to)
    if source is None and before is not None:
        source = before.name
    if source is not None:
        repository.config.environment(source)
        if not local:
            fetch_environments(repository, [source])
        return live_names(repository, source)
    usable = list_tags(repository).keys() - list_all_yanked(repository)
    return sorted({name for name, version in usable if not version.is_prerelease})
