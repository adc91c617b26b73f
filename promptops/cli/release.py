"""`promptops release`: freeze versions as release tags."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.bump import describe_level
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    LocalOption,
    current,
    emit,
    emit_json,
    is_terminal,
    paint,
    say,
    warn,
)
from promptops.errors import UsageError
from promptops.files import read_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.bump import Bump
    from promptops.delivery.numbering import Numbering
    from promptops.delivery.planning import ReleasePlan
    from promptops.delivery.release import Release
    from promptops.repository.repository import Repository


def release(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All prompts with an unreleased version, except drafts.")
    ] = False,
    notes: Annotated[
        str | None,
        typer.Option("--notes", metavar="TEXT", help="Release notes; @FILE reads a file."),
    ] = None,
    bump: Annotated[
        str | None,
        typer.Option(
            "--bump",
            metavar="LEVEL",
            help="First bump the version and commit it: patch, minor, major or auto.",
        ),
    ] = None,
    backport: Annotated[
        bool, typer.Option("--backport", help="Allow a version below a newer release.")
    ] = False,
    verdict: Annotated[
        Path | None,
        typer.Option(
            "--verdict",
            metavar="FILE",
            help="The gate's verdict, written by `gate --report json=FILE`.",
        ),
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="Push the tags.")] = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Create a release tag for each prompt named, or for none if one is refused.

    Releases the commit at HEAD. The version must fit the change since the previous release.
    """
    from promptops.gate.releasing import (
        ManyRefusedError,
        ReleaseRequest,
        make_releases,
        prepare_release,
    )

    repository = current().repository
    file = None
    if verdict is not None:
        file = (str(verdict), read_named(current().directory / verdict))
    request = ReleaseRequest(names or [], everything, bump, backport, file, push, local)
    try:
        prepared = prepare_release(repository, request, is_dry=dry_run, tell_bumps=_tell_bumps)
    except ManyRefusedError as error:
        for refusal in error.refusals:
            warn(refusal.message, refusal.hint)
        raise
    if dry_run:
        _report(repository, prepared.plans, None, pushed=False, output=output)
        return
    text = _notes(repository, prepared.plans, notes)
    plans, releases = make_releases(repository, prepared, text)
    _report(repository, plans, releases, pushed=prepared.is_pushing, output=output)
    if prepared.numbering is not None:
        _move_on(repository, prepared.numbering)


def _tell_bumps(bumps: Sequence[Bump]) -> None:
    for one in bumps:
        say(f"{one.name} {one.before} -> {one.after}, committed")


def _move_on(repository: Repository, numbering: Numbering) -> None:
    """Report what was pushed, and update the checked-out branch."""
    from promptops.delivery.numbering import follow_numbering

    count = len(numbering.bumps)
    noun = "1 version number" if count == 1 else f"{count} version numbers"
    say(f"{numbering.branch} {numbering.commit[:12]} writes {noun} and nothing else")
    if not follow_numbering(repository, numbering):
        say(f" hint: git pull brings that commit to your {numbering.branch}")


def _notes(repository: Repository, plans: Sequence[ReleasePlan], notes: str | None) -> str | None:
    """Return the given notes, or those from the editor on a terminal; None: generate notes."""
    if notes is not None and notes.startswith("@"):
        return _read(notes[1:])
    new = [plan for plan in plans if plan.existing is None]
    if notes is not None or not new or not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        return notes
    from promptops.cli.editor import edit_text
    from promptops.delivery.publication import default_notes

    draft = "\n".join(default_notes(plan) for plan in new[:1])
    titles = ", ".join(f"{plan.prompt.name} {plan.prompt.version}" for plan in new)
    return edit_text(repository, draft, f"Release notes for {titles}")


def _read(path: str) -> str:

    try:
        data = sys.stdin.buffer.read() if path == "-" else read_named(path)
        return data.decode()
    except UnicodeDecodeError as error:
        name = "standard input" if path == "-" else path
        raise UsageError(f"{name} is not UTF-8", hint="save the notes as UTF-8") from error


def _report(
    repository: Repository,
    plans: Sequence[ReleasePlan],
    releases: Sequence[Release] | None,
    *,
    pushed: bool,
    output: Format,
) -> None:
    if output is Format.JSON:
        from promptops.gate.releasing import describe_releases

        emit_json(describe_releases(plans, releases, is_pushed=pushed))
        return
    from promptops.delivery.publication import list_evidence
    from promptops.git.refs import short_name

    unpushed: list[str] = []
    unmerged: list[str] = []
    for index, plan in enumerate(plans):
        made = releases[index] if releases else None
        name = f"{plan.prompt.name} {plan.prompt.version}"
        if plan.existing is not None:
            emit(f"{name} already released by {plan.existing.tagger.name}")
            _warn_of_yank(repository, plan)
        else:
            change = (
                "first release"
                if plan.base is None
                else f"{describe_level(plan.diff.level)} since {plan.base.version}"
            )
            verb = paint("released" if made else "would be released", "green", bold=True)
            emit(f"{name} {verb} ({change}, {plan.prompt.digest[:19]})")
            if made is not None and (plan.merged is not False or made.version.is_prerelease):
                unpushed += [made.ref, *list_evidence(repository, [made])]
        if plan.merged is False and plan.existing is None:
            unmerged.append(plan.prompt.name)
    if unmerged:
        branch = short_name(repository.default_branch_ref or "the default branch")
        then = f"promptops release {' '.join(unmerged)} --push"
        what = "it" if len(unmerged) == 1 else "them"
        say(f"not merged yet: the commit is not on {branch}; once it is, {then} publishes {what}")
    if not plans:
        say("nothing to release")
    if pushed and plans:
        say(f"pushed to {repository.remote}")
    elif unpushed and repository.remote is not None:
        refs = " ".join(ref.removeprefix("refs/tags/") for ref in unpushed)
        say(f"to publish: git push {repository.remote} {refs}")


def _warn_of_yank(repository: Repository, plan: ReleasePlan) -> None:
    from promptops.delivery.release import find_yank

    reason = find_yank(repository, plan.prompt.name, plan.prompt.version)
    if reason is not None:
        warn(
            f"{plan.prompt.name} {plan.prompt.version} is yanked: {reason}",
            f"promptops bump {plan.prompt.name} --level patch writes the next version",
        )
