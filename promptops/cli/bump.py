"""`promptops bump`: write the version number that the change needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    LocalOption,
    current,
    emit,
    emit_json,
    json_document,
    say,
)
from promptops.errors import RefusedError, UsageError
from promptops.prompt.version import Level

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

_LEVELS = {one.label: one for one in (Level.PATCH, Level.MINOR, Level.MAJOR)}


def bump(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All prompts.")] = False,
    level: Annotated[
        str | None,
        typer.Option(
            "--level", metavar="LEVEL", help="Bump at least this much: patch, minor or major."
        ),
    ] = None,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Write the version number that the change since the last release needs.

    Nothing else in the file changes.
    """
    from promptops.delivery.bump import plan_bump, write_version
    from promptops.delivery.syncing import sync_releases
    from promptops.repository.repository import expand_names

    repository = current().repository
    if level is not None and level not in _LEVELS:
        raise UsageError(f"'{level}' is not a level", hint=f"one of: {', '.join(_LEVELS)}")
    _refuse_where_releases_write(repository, dry_run=dry_run)
    wanted = expand_names(repository.working, names or [], everything=everything)
    if not local:
        sync_releases(repository, wanted)
    bumps = [plan_bump(repository, name, _LEVELS[level] if level else None) for name in wanted]
    for one in bumps:
        if one.after != one.before and not dry_run:
            write_version(repository, one.name, one.after)
    if output is Format.JSON:
        rows = [
            {
                "prompt": one.name,
                "before": str(one.before),
                "after": str(one.after),
                "change": one.level.label,
                "base": str(one.base) if one.base else None,
            }
            for one in bumps
        ]
        emit_json(json_document("promptops.bump/v1", dry_run=dry_run, bumps=rows))
        return
    for one in bumps:
        if one.after != one.before:
            since = f"{describe_level(one.level)} since {one.base}" if one.base else "not released"
            emit(f"{one.name} {one.before} -> {one.after} ({since})")
        elif not everything:
            why = "not released yet" if one.base is None else "its version fits the change"
            say(f"{one.name} {one.before}: nothing to write, {why}")
    if all(one.after == one.before for one in bumps) and everything:
        say("nothing to write: every version fits its change")


def _refuse_where_releases_write(repository: Repository, *, dry_run: bool) -> None:
    if repository.config.gate.versions == "release" and not dry_run:
        raise RefusedError(
            'releases write the versions here ([gate] versions = "release")',
            hint="promptops bump --dry-run shows the next ones; "
            "promptops release --all --bump auto --push writes them",
        )


def describe_level(level: Level) -> str:
    """Describe a level: `minor change`, or `no change`."""
    return "no change" if level is Level.NONE else f"{level.label} change"
