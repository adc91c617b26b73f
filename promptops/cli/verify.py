"""`promptops verify`: check that releases and environments are consistent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from promptops.cli.freshness import refresh_and_tell
from promptops.cli.session import (
    AllOption,
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    is_terminal,
    json_document,
    paint,
    refer,
    refuse_both,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.prompt.finding import Finding
    from promptops.provenance.verify import Verification

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_EVERY = 100


def verify(
    refs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REF]...",
            help="Prompts, prompt refs or environments; by default everything.",
            show_default=False,
        ),
    ] = None,
    everything: AllOption = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Check every deployment, not only the newest 50.")
    ] = False,
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust", metavar="FILE", help="Require signatures of the allowed signers in FILE."
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Check that releases, environments and stored texts are consistent.

    Compares tags, release commits, locks, stored texts, undo entries, numbers, trailers and
    signatures. Changes nothing and contacts no remote. Exit code 1: something is wrong. 2: nothing
    is wrong, but something could not be checked in this clone.
    """
    from promptops.provenance.verify import verify_repository

    refuse_both(refs, everything=everything)
    with _VerifyProgress() as progress:
        result = verify_repository(
            current().repository,
            refs or (),
            deep=deep,
            allowed_signers=trust,
            progress=progress.show,
        )
    if output is Format.JSON:
        emit_json(verification_to_json(result))
    else:
        lines = [line for finding in result.findings for line in _describe_finding(finding)]
        emit(
            "\n".join([*lines, paint(result.summary, "red" if result.errors else None, bold=True)])
        )
        refresh_and_tell(current().repository, offline=True)
        if result.skipped_trees:
            say(
                f"of {result.skipped_trees:,} older deployments only the messages were checked; "
                "use --deep to check their trees"
            )
        if result.errors:
            refer("docs/trust.md#what-a-digest-proves")
    if result.errors:
        raise typer.Exit(1)
    if result.unchecked:
        raise typer.Exit(2)


class _VerifyProgress:
    """A progress line, shown only on a terminal."""

    def __init__(self) -> None:
        self._is_shown = is_terminal(sys.stderr)
        self._is_dirty = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_dirty:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201 - wipes its own line

    def show(self, what: str, done: int, total: int) -> None:
        """Show progress, unless there is little work."""
        if self._is_shown and total > _EVERY and (done % _EVERY == 0 or done == total):
            print(f"\r\x1b[K{what}: {done:,} of {total:,}", end="", file=sys.stderr, flush=True)  # noqa: T201 - as above
            self._is_dirty = True


def _describe_finding(finding: Finding) -> Iterator[str]:
    severity = paint(f"{finding.severity.value}:", _COLOURS[finding.severity.value], bold=True)
    yield f"{severity} {paint(finding.path, bold=True)}: {finding.message} [{finding.check}]"
    if finding.hint:
        yield f"  {paint('hint:', 'cyan')} {finding.hint}"


def verification_to_json(result: Verification) -> dict[str, Any]:
    """Return the verification as `promptops.verify/v1`."""
    return json_document(
        "promptops.verify/v1",
        consistent=not result.errors and not result.unchecked,
        errors=result.errors,
        unchecked=result.unchecked,
        releases=result.releases,
        environments=list(result.environments),
        deployments=result.deployments,
        skipped_trees=result.skipped_trees,
        findings=[
            {
                "check": finding.check,
                "severity": finding.severity.value,
                "ref": finding.path,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in result.findings
        ],
    )
