"""`promptops yank`: mark a release as not to be used."""

from __future__ import annotations

from typing import Annotated

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
from promptops.errors import UsageError
from promptops.git.message import one_line


def yank(
    ref: Annotated[str, typer.Argument(metavar="NAME@VERSION")],
    reason: Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why.")] = "",
    push: Annotated[bool, typer.Option("--push", help="Push the yank.")] = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Mark a release as not to be used: ranges, `latest` and promote refuse it, exact pins warn.

    The release itself stays, so that whoever pinned it still gets what they pinned.
    """
    from promptops.delivery.publication import push_yank, yank_release
    from promptops.delivery.release import find_yank
    from promptops.delivery.releases import require_release, version_not_found
    from promptops.delivery.syncing import is_published, sync_releases
    from promptops.git.refs import short_name
    from promptops.prompt.reference import parse_ref, yank_tag

    repository = current().repository
    wanted = parse_ref(ref)
    if wanted.selector is None or wanted.selector.version is None:
        raise version_not_found(repository, "which version is not clear", wanted.name)
    if not reason.strip():
        raise UsageError("no reason given", hint="--reason TEXT: who pinned it will be told")
    if push and local:
        raise UsageError("--push and --local together", hint="give one or the other")
    name, version = wanted.name, wanted.selector.version
    if not local:
        sync_releases(repository, [name])
    require_release(repository, name, version)
    made = find_yank(repository, name, version) is None
    if made and not dry_run:
        made = yank_release(repository, name, version, reason)
    pushing = (push or repository.config.push) and not local and not dry_run
    if pushing:
        push_yank(repository, name, version, made=made)
    why = find_yank(repository, name, version) or one_line(reason)
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.yank/v1",
                prompt=name,
                version=str(version),
                yanked=made,
                reason=why,
                pushed=pushing,
                dry_run=dry_run,
            )
        )
        return
    verb = ("would be yanked" if dry_run else "yanked") if made else "was yanked already"
    emit(f"{name} {version} {verb}: {why}")
    if pushing:
        say(f"pushed to {repository.remote}")
    tag = yank_tag(name, version)
    waits = not pushing and not dry_run and repository.remote is not None
    if waits and (local or not is_published(repository, tag)):
        say(f"to publish: git push {repository.remote} {short_name(tag)}")
