"""`promptops release`: freeze versions as release tags."""

from __future__ import annotations

import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    json_document,
    paint,
    say,
    warn,
)
from promptops.errors import RefusedError, UsageError
from promptops.files import read_named
from promptops.prompt.version import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.numbering import Numbering
    from promptops.delivery.publication import ReleasePlan
    from promptops.delivery.release import Release
    from promptops.gate.verdicts import Attested
    from promptops.repository.repository import Repository


def release(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All prompts with an unreleased version; drafts never.")
    ] = False,
    notes: Annotated[
        str | None, typer.Option("--notes", metavar="TEXT", help="Release notes; @FILE reads them.")
    ] = None,
    bump: Annotated[
        str | None,
        typer.Option(
            "--bump",
            metavar="LEVEL",
            help="Write the next version and commit it first: patch, minor, major or auto.",
        ),
    ] = None,
    backport: Annotated[
        bool, typer.Option("--backport", help="Allow a version below a newer release.")
    ] = False,
    verdict: Annotated[
        Path | None,
        typer.Option(
            "--verdict", metavar="FILE", help="The gate's verdict, as --report json=FILE wrote it."
        ),
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="Push the tags.")] = False,
    local: LocalOption = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Freeze versions as annotated tags: all of those named, or none.

    The commit at HEAD is released. The version must fit the change since the release below it.
    """
    from promptops.delivery.publication import create_releases, push_releases, refuse_unmerged
    from promptops.delivery.syncing import sync_releases
    from promptops.repository.repository import expand_names

    repository = current().repository
    if push and local:
        raise UsageError("--push and --local together", hint="give one or the other")
    pushing = (push or (repository.config.push and bump is None)) and not local
    wanted = expand_names(repository.at("HEAD"), names or [], everything=everything)
    if not local:
        sync_releases(repository, wanted)
    numbering = None
    if bump is not None and push and repository.remote is not None:
        numbering = _number(repository, wanted, bump, everything=everything)
    elif bump is not None:
        _bump(repository, wanted, bump, dry_run=dry_run)
    commit = None if numbering is None else numbering.commit
    plans = _plan(repository, wanted, everything=everything, backport=backport, commit=commit)
    plans = _attest(repository, plans, verdict)
    if pushing:
        refuse_unmerged(repository, plans)
    if dry_run:
        _report(repository, plans, None, pushed=False, output=output)
        return
    text = _notes(repository, plans, notes)
    operation = secrets.token_hex(16)
    releases: Sequence[Release] = create_releases(repository, plans, text, operation)
    if pushing:
        branch = None if numbering is None else numbering.push_ref
        releases = push_releases(repository, plans, releases, branch=branch)
    plans = [
        replace(plan, existing=None if made.operation == operation else made)
        for plan, made in zip(plans, releases, strict=True)
    ]
    _report(repository, plans, releases, pushed=pushing, output=output)
    if numbering is not None:
        _move_on(repository, numbering)


def _number(
    repository: Repository, names: list[str], level: str, *, everything: bool
) -> Numbering | None:
    """The numbers as one commit for the remote's default branch, where the policy wants that."""
    from promptops.delivery.numbering import number_prompts

    step = _parse_level(level)
    if repository.config.gate.versions != "release":
        raise UsageError(
            f"--bump makes a commit that is not on {repository.remote} yet, so it cannot --push",
            hint="release with --bump, push the branch, then promptops release again with --push; "
            'or let releases write all numbers: [gate] versions = "release" (docs/gate.md)',
        )
    return number_prompts(repository, names, step, drafts=not everything)


def _move_on(repository: Repository, numbering: Numbering) -> None:
    """Say what was pushed, and bring the branch that is checked out up to date."""
    from promptops.delivery.numbering import follow_numbering

    count = len(numbering.bumps)
    noun = "1 version number" if count == 1 else f"{count} version numbers"
    say(f"{numbering.branch} {numbering.commit[:12]} writes {noun} and nothing else")
    if not follow_numbering(repository, numbering):
        say(f" hint: git pull brings that commit to your {numbering.branch}")


def _parse_level(level: str) -> Level | None:
    levels = {one.label: one for one in (Level.PATCH, Level.MINOR, Level.MAJOR)} | {"auto": None}
    if level not in levels:
        raise UsageError(f"'{level}' is no level", hint=f"one of: {', '.join(levels)}")
    return levels[level]


def _bump(repository: Repository, names: list[str], level: str, *, dry_run: bool) -> None:
    from promptops.delivery.bump import commit_bumps, plan_bump

    step = _parse_level(level)
    if dry_run:
        raise UsageError("--bump edits and commits", hint="promptops bump --dry-run shows it")
    bumps = [plan_bump(repository, name, step) for name in names]
    bumps = [one for one in bumps if one.after != one.before]
    if not bumps:
        return
    commit_bumps(repository, bumps)
    for one in bumps:
        say(f"{one.name} {one.before} -> {one.after}, committed")


def _attest(
    repository: Repository, plans: list[ReleasePlan], verdict: Path | None
) -> list[ReleasePlan]:
    """Add what the gate said of exactly these prompts, here or in the file.

    What is released already keeps what its tag says, so no verdict has to be about it.
    """
    from promptops.gate.verdicts import attested_from, find_attested, read_verdict

    if verdict is None:
        return [_with(plan, find_attested(repository, plan.prompt)) for plan in plans]
    name = str(verdict)
    document = read_verdict(read_named(current().directory / verdict), name)
    return [
        _with(plan, attested_from(document, name, plan.prompt)) if plan.existing is None else plan
        for plan in plans
    ]


def _with(plan: ReleasePlan, attested: Attested) -> ReleasePlan:
    return replace(plan, attested=attested.trailers, evidence=attested.evidence)


def _plan(
    repository: Repository,
    names: list[str],
    *,
    everything: bool,
    backport: bool,
    commit: str | None,
) -> list[ReleasePlan]:
    from promptops.delivery.publication import plan_releases

    plans, refused = plan_releases(
        repository, names, backport=backport, drafts=not everything, commit=commit
    )
    if len(refused) == 1:
        raise refused[0]
    if refused:
        for refusal in refused:
            warn(refusal.message, refusal.hint)
        raise RefusedError(
            f"{len(refused)} prompts cannot be released, so none was",
            hint="do what is said above for each of them",
        )
    return plans


def _notes(repository: Repository, plans: Sequence[ReleasePlan], notes: str | None) -> str | None:
    """Return the notes given, those written in the editor on a terminal, or None for generated
    ones.
    """
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
        rows = [_to_json(plan, releases[i] if releases else None) for i, plan in enumerate(plans)]
        emit_json(
            json_document(
                "promptops.release/v1", dry_run=releases is None, pushed=pushed, releases=rows
            )
        )
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


def _to_json(plan: ReleasePlan, made: Release | None) -> dict[str, Any]:
    return {
        "prompt": plan.prompt.name,
        "version": str(plan.prompt.version),
        "digest": plan.prompt.digest,
        "commit": plan.commit,
        "tag": made.tag if made else None,
        "base": str(plan.base.version) if plan.base else None,
        "change": "new" if plan.base is None else plan.diff.level.label,
        "merged": plan.merged,
        "already_released": plan.existing is not None,
        "released_by": made.tagger.name if made else None,
    }
