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


def yank(
    ref: Annotated[str, typer.Argument(metavar="NAME@VERSION")],
    reason: Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="The reason.")] = "",
    push: Annotated[bool, typer.Option("--push", help="Push the yank.")] = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Withdraw a release: ranges, `latest` and promote refuse it, exact versions warn.

    The release itself stays, so users who pinned it still get it.
    """
    from promptops.delivery.releases import version_not_found
    from promptops.delivery.yanking import yank as yank_release
    from promptops.git.refs import short_name
    from promptops.prompt.reference import parse_ref

    repository = current().repository
    wanted = parse_ref(ref)
    if wanted.selector is None or wanted.selector.version is None:
        raise version_not_found(repository, "no version given", wanted.name)
    if not reason.strip():
        raise UsageError(
            "no reason given", hint="pass --reason TEXT, which users of the version see"
        )
    if push and local:
        raise UsageError("--push and --local cannot be combined", hint="give one or the other")
    name, version = wanted.name, wanted.selector.version
    done = yank_release(
        repository,
        name,
        version,
        reason,
        is_pushing=push or repository.config.push,
        is_local=local,
        is_dry=dry_run,
    )
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.yank/v1",
                prompt=name,
                version=str(version),
                yanked=done.is_new,
                reason=done.reason,
                pushed=done.is_pushed,
                dry_run=dry_run,
            )
        )
        return
    verb = ("would be yanked" if dry_run else "yanked") if done.is_new else "is already yanked"
    emit(f"{name} {version} {verb}: {done.reason}")
    if done.is_pushed:
        say(f"pushed to {repository.remote}")
    if done.unpublished is not None:
        say(f"to publish: git push {repository.remote} {short_name(done.unpublished)}")
