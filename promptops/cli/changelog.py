"""`promptops changelog`: the release notes of a prompt, newest first."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
)
from promptops.prompt.times import format_time


def changelog(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Print what every release of a prompt says of itself, as Markdown, newest version first."""
    from promptops.delivery.release import find_yank
    from promptops.delivery.releases import list_releases, version_not_found
    from promptops.prompt.reference import check_name

    repository = current().repository
    releases = list_releases(repository, check_name(name))
    if not releases:
        raise version_not_found(repository, f"{name} has no release", name)
    yanked = {release.version: find_yank(repository, name, release.version) for release in releases}
    if output is Format.JSON:
        rows = [
            {
                "version": str(release.version),
                "time": format_time(release.tagger.time_seconds),
                "by": {"name": release.tagger.name, "email": release.tagger.email},
                "change": release.change,
                "digest": release.digest,
                "commit": release.commit,
                "yanked": yanked[release.version],
                "notes": release.notes,
            }
            for release in releases
        ]
        emit_json(json_document("promptops.changelog/v1", prompt=name, releases=rows))
        return
    parts = [f"# {name}"]
    for release in releases:
        day = format_time(release.tagger.time_seconds)[:10]
        parts.append(f"## {release.version} ({day}, {release.tagger.name})")
        reason = yanked[release.version]
        if reason is not None:
            parts.append(f"**Yanked**: {reason}")
        if release.notes:
            parts.append(release.notes)
    emit("\n\n".join(parts))
