"""`promptops export`: freeze prompts into one file for machines without Git."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.resolve import TrustOption
from promptops.cli.session import DryRunOption, clean, current, say, warn
from promptops.errors import UsageError

if TYPE_CHECKING:
    from promptops.runtime.snapshot import Snapshot

_STDOUT = "-"


def export(
    refs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME[@SELECTOR]]...",
            help="What the snapshot shall answer; without a selector the default environment.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where to write; - is standard output."
        ),
    ] = "",
    environments: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            metavar="ENV",
            help="Everything live there; may be repeated.",
            show_default=False,
        ),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="KEY",
            help="Sign with this SSH key, into FILE.sig.",
            show_default=False,
        ),
    ] = None,
    trust: TrustOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Write a snapshot: resolved prompts with all they need, in one file that checks itself."""
    from promptops.runtime.resolution import open_view
    from promptops.runtime.snapshot import (
        format_snapshot,
        parse_refs,
        take_snapshot,
        write_snapshot,
    )

    if not file:
        raise UsageError("no file named", hint="say where to write: -o FILE, or -o - for a pipe")
    if not refs and not environments:
        raise UsageError("nothing to export", hint="name refs, or an environment with --env")
    if sign is not None and file == _STDOUT:
        raise UsageError(
            "a signature needs a file to stand beside", hint="write to a file: -o FILE --sign KEY"
        )
    view = open_view(current().repository, trust=trust)
    snapshot = take_snapshot(view, parse_refs(refs or []), environments or [])
    data = format_snapshot(snapshot)
    _warn(snapshot)
    count = len(snapshot.releases)
    what = f"{count} release{'' if count == 1 else 's'}"
    if dry_run:
        say(f"{what}, {len(data):,} bytes, would be written to {file}")
        return
    if file == _STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    signature = None
    if sign is not None:
        from promptops.git.signing.ssh import SNAPSHOT_NAMESPACE
        from promptops.git.signing.ssh import sign as sign_bytes

        signature = sign_bytes(data, sign, SNAPSHOT_NAMESPACE)
    write_snapshot(Path(file), data, signature)
    say(f"{what} in {file}" + (", signed" if sign else ""))


def _warn(snapshot: Snapshot) -> None:
    for release in snapshot.releases.values():
        if release.yanked is not None:
            warn(clean(f"{release.name} {release.version} was yanked: {release.yanked}"))
    for environment in snapshot.environments.values():
        for name, entry in environment.entries.items():
            if entry.paused is not None:
                where = environment.placement.environment
                warn(clean(f"{name} is paused in {where}: {entry.paused}"))
