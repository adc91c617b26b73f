"""`promptops changelog`: the release notes of a prompt, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    say,
)
from promptops.errors import UsageError
from promptops.prompt.times import format_time

if TYPE_CHECKING:
    from promptops.delivery.release import Release
    from promptops.repository.repository import Repository


def changelog(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All prompts with a release.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print the release notes of prompts as Markdown, newest version first."""
    from promptops.delivery.release import find_yank
    from promptops.delivery.releases import version_not_found

    repository = current().repository
    found = _find_releases(repository, names or [], everything=everything)
    for name, releases in found.items():
        if not releases:
            raise version_not_found(repository, f"{name} has no release", name)
    if not found:
        say("nothing is released yet")
    documents = []
    parts = []
    for name, releases in found.items():
        yanked = [find_yank(repository, name, release.version) for release in releases]
        rows = list(zip(releases, yanked, strict=True))
        parts.append("\n\n".join([f"# {name}", *(_describe(*row) for row in rows)]))
        documents.append({"prompt": name, "releases": [_row(*row) for row in rows]})
    if output is Format.TEXT:
        if parts:
            emit("\n\n".join(parts))
    elif everything or len(documents) > 1:
        emit_json(json_document("promptops.changelogs/v1", changelogs=documents))
    else:
        emit_json(json_document("promptops.changelog/v1", **documents[0]))


def _find_releases(
    repository: Repository, names: list[str], *, everything: bool
) -> dict[str, list[Release]]:
    """Return each prompt's releases, newest first; with `everything`, of all prompts."""
    from promptops.delivery.releases import list_all_releases, list_releases
    from promptops.prompt.reference import check_name

    if names and everything:
        raise UsageError("names and --all cannot be combined", hint="give one or the other")
    if not names and not everything:
        raise UsageError("no prompt given", hint="name prompts, or give --all")
    if names:
        return {name: list_releases(repository, check_name(name)) for name in names}
    return list_all_releases(repository)


def _describe(release: Release, yanked: str | None) -> str:
    day = format_time(release.tagger.time_seconds)[:10]
    parts = [f"## {release.version} ({day}, {release.tagger.name})"]
    if yanked is not None:
        parts.append(f"**Yanked**: {yanked}")
    if release.notes:
        parts.append(release.notes)
    return "\n\n".join(parts)


def _row(release: Release, yanked: str | None) -> dict[str, Any]:
    return {
        "version": str(release.version),
        "time": format_time(release.tagger.time_seconds),
        "by": {"name": release.tagger.name, "email": release.tagger.email},
        "change": release.change,
        "digest": release.digest,
        "commit": release.commit,
        "yanked": yanked,
        "notes": release.notes,
    }
