"""`promptops list`: list prompts, or what is live where."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    OfflineOption,
    current,
    emit_json,
    emit_table,
    is_terminal,
    json_document,
    one_line,
    say,
)
from promptops.prompt.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.delivery.refresh import Freshness
    from promptops.delivery.state import Entry
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository


def list_prompts(
    live: Annotated[
        bool, typer.Option("--live", help="Show what is live in each environment.")
    ] = False,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="Show only prompts with this tag; repeatable."),
    ] = None,
    offline: OfflineOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """List the prompts in the work tree. With --live, list what is live in each environment.

    --live fetches first, for at most 2 seconds.
    """
    repository = current().repository
    if live:
        from promptops.cli.freshness import refresh_and_tell

        freshness = refresh_and_tell(repository, offline=offline)
        _list_live(repository, freshness, output)
    else:
        _list_all(repository, tags or [], output)


def _list_all(repository: Repository, tags: list[str], output: Format) -> None:
    from promptops.delivery.listing import list_prompts as list_all
    from promptops.delivery.releases import list_all_yanked

    has_work_tree = repository.git.work_tree is not None
    files = repository.working if has_work_tree else repository.at("HEAD")
    prompts = list_all(repository, files, tags=tags)
    if output is Format.JSON:
        rows = [
            {
                "name": one.name,
                "version": one.version,
                "status": one.status,
                "description": one.description,
                "author": one.author,
                "model": one.model,
                "tags": list(one.tags),
                "live": describe_live(one.live),
            }
            for one in prompts
        ]
        emit_json(json_document("promptops.list/v1", prompts=rows))
        return
    if not prompts:
        say(f"there are no prompts{' with these tags' if tags else ''} here")
        if not tags:
            say("hint: create one with promptops new NAME")
        return
    environments = repository.config.environment_names
    yanked = list_all_yanked(repository)
    emit_table(
        [
            (
                one.name,
                one_line(one.version or "?"),
                one_line(one.status),
                *(_cell(one.name, one.live.get(place), yanked) for place in environments),
                _shortened(one.description),
            )
            for one in prompts
        ],
        header=("NAME", "VERSION", "STATUS", *(name.upper() for name in environments), "WHAT FOR"),
    )


def _list_live(repository: Repository, freshness: Freshness, output: Format) -> None:
    from promptops.delivery.environments import count_pending, first_step
    from promptops.delivery.listing import list_live
    from promptops.delivery.releases import list_all_yanked

    found = list_live(repository)
    environments = repository.config.environment_names
    if output is Format.JSON:
        rows = [{"name": name, "live": describe_live(entries)} for name, entries in found.items()]
        as_of = None if freshness.seconds is None else format_time(int(freshness.seconds))
        emit_json(
            json_document(
                "promptops.live/v1", as_of=as_of, environments=list(environments), prompts=rows
            )
        )
    elif found:
        yanked = list_all_yanked(repository)
        emit_table(
            [
                (name, *(_cell(name, entries.get(place), yanked) for place in environments))
                for name, entries in found.items()
            ],
            header=("NAME", *(name.upper() for name in environments)),
        )
    else:
        known = freshness.is_current
        say(f"nothing is live{'' if known else ', according to this clone'}")
        say(f"hint: {first_step(repository, environments[0], is_current=known)}")
    for environment in environments:
        pending = count_pending(repository, environment)
        if pending:
            count = "1 deployment" if pending == 1 else f"{pending} deployments"
            say(f"{environment}: {count} not pushed yet, so not live")
            say(f"hint: git push {repository.remote} promptops/{environment}")


def describe_live(entries: Mapping[str, Entry]) -> dict[str, Any]:
    """Return environment -> what is live, for JSON: versions with shares, and the reason of a
    pause.
    """
    return {
        environment: {
            "versions": [
                {
                    "version": str(live.version),
                    "digest": live.digest,
                    "commit": live.commit,
                    "share": live.share,
                }
                for live in entry.live
            ],
            "paused": entry.paused,
        }
        for environment, entry in entries.items()
    }


def _cell(name: str, entry: Entry | None, yanked: set[tuple[str, Version]]) -> str:
    """Return a table cell with what is live, and remarks such as a pause."""
    if entry is None:
        return "-"
    troubled = yanked and any((name, version) in yanked for version in entry.versions)
    return (
        entry.describe()
        + (" (yanked)" if troubled else "")
        + (" (paused)" if entry.paused is not None else "")
    )


def _shortened(text: str) -> str:
    """Return a description shortened to the terminal's width; in full for programs."""
    longest = 60
    text = one_line(text)
    if not is_terminal(sys.stdout) or len(text) <= longest:
        return text
    return f"{text[: longest - 1].rstrip()}…"
