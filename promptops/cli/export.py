"""`promptops export`: write a snapshot, or prompts in the formats of other tools."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.resolve import TrustOption
from promptops.cli.session import DryRunOption, clean, current, emit, refuse_both, say, warn
from promptops.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from promptops.repository.repository import Repository
    from promptops.runtime.sources.snapshot import Snapshot

_STDOUT = "-"


class PromptExportFormat(StrEnum):
    """The formats to write: a snapshot, or the format of another tool."""

    SNAPSHOT = "snapshot"
    DOTPROMPT = "dotprompt"
    PROMPTY = "prompty"
    OPENAI = "openai"
    LANGFUSE = "langfuse"
    JSON = "json"


def export(
    refs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME[@SELECTOR]]...",
            help="Prompts to export; without a selector, as live in the default environment.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Everything live in the default environment.")
    ] = False,
    file: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="The file to write; - is standard output."
        ),
    ] = "",
    environments: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            metavar="ENV",
            help="Export everything live in this environment; repeatable.",
            show_default=False,
        ),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="KEY",
            help="Sign with this SSH key; writes FILE.sig.",
            show_default=False,
        ),
    ] = None,
    trust: TrustOption = None,
    output: Annotated[
        PromptExportFormat,
        typer.Option("--format", help="The format to write."),
    ] = PromptExportFormat.SNAPSHOT,
    dry_run: DryRunOption = False,
) -> None:
    """Write a snapshot: resolved prompts with everything they need, in one file with checksums.

    With --format, write prompts for other tools instead, and list what is not carried over. One
    prompt goes to -o FILE or standard output, several go to the folder -o DIR.
    """
    refuse_both(refs, everything=everything)
    repository = current().repository
    if output is not PromptExportFormat.SNAPSHOT:
        refs = _list_live(repository, trust) if everything else refs or []
        if environments or sign is not None:
            raise UsageError(
                "--env and --sign are for snapshots", hint=f"name prompts: --format {output} NAME"
            )
        _export(refs, output, file, trust=trust, dry_run=dry_run)
        return
    from promptops.runtime.resolution import open_view
    from promptops.runtime.sources.snapshot import (
        format_snapshot,
        parse_refs,
        take_snapshot,
        write_snapshot,
    )

    if not file:
        raise UsageError("no output file given", hint="use -o FILE, or -o - for standard output")
    if everything:
        environments = list(
            dict.fromkeys([repository.config.default_environment, *(environments or [])])
        )
    if not refs and not environments:
        raise UsageError(
            "nothing to export", hint="name refs, an environment with --env, or give --all"
        )
    if sign is not None and file == _STDOUT:
        raise UsageError("--sign needs an output file", hint="write -o FILE --sign KEY")
    view = open_view(repository, trust=trust)
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


def _list_live(repository: Repository, trust: str | None) -> list[str]:
    """Return the prompts that are live in the default environment."""
    from promptops.runtime.resolution import open_view

    default = repository.config.default_environment
    live = open_view(repository, trust=trust).live(default)
    if not live.entries:
        raise UsageError(f"nothing is live in {default}", hint="name prompts, with a selector")
    return sorted(live.entries)


def _export(
    refs: list[str], output: PromptExportFormat, file: str, *, trust: str | None, dry_run: bool
) -> None:
    from promptops.prompt.reference import parse_ref
    from promptops.repository.adoption.exports import WRITERS, write
    from promptops.repository.adoption.exports.parts import UnexportableError
    from promptops.repository.writing import write_atomically
    from promptops.runtime.resolution import open_view, with_default

    if not refs:
        raise UsageError("nothing to export", hint="name prompts, or give --all")
    folder = (
        Path(file) if len(refs) > 1 or file.endswith("/") or Path(file or "-").is_dir() else None
    )
    if folder is not None and not file:
        raise UsageError("several prompts need a folder", hint="use -o DIR")
    repository = current().repository
    view = open_view(repository, trust=trust)
    written = []
    for ref in refs:
        named = with_default(parse_ref(ref), repository.config.default_environment)
        prompt = view.resolve(named).prompt
        try:
            export = write(prompt, output.value)
        except UnexportableError as error:
            raise RefusedError(
                f"{prompt.name} cannot be written as {output.value}: {error}",
                hint="write it by hand, or use only features of the format",
            ) from None
        for note in export.notes:
            warn(clean(f"{prompt.name}: {note}"))
        written.append((prompt.name, export.text))
    for name, text in written:
        if folder is None and file in {"", _STDOUT}:
            emit(text.removesuffix("\n"))
            continue
        target = Path(file) if folder is None else folder / f"{name}{WRITERS[output.value].SUFFIX}"
        if dry_run:
            say(f"{name} would be written to {target}")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, text.encode())
        say(f"{name} written to {target}")
