"""Check pushed tags of releases and yanks: created once, and valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery.attestation import read_evidence
from promptops.errors import GitError, IntegrityError, RefusedError, UsageError
from promptops.git.form import check_tag_form
from promptops.git.message import format_message, parse_message
from promptops.git.objects import parse_tag
from promptops.git.refs import short_name
from promptops.git.trees import TreeReader
from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.reference import parse_release_tag, release_tag
from promptops.prompt.version import Level
from promptops.protection.push.commands import refuse_moves
from promptops.protection.push.scope import RELEASES, YANKS
from promptops.provenance.integrity import (
    compare_frozen,
    inspect_tag,
    own_file,
    read_frozen,
    yank_target,
)
from promptops.repository.config import load_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.release import Release
    from promptops.prompt.version import Version
    from promptops.protection.push.commands import PushCommand
    from promptops.protection.push.context import PushContext

_RELEASE_TRAILERS = (
    *("Prompt-Digest", "Prompt-Path", "Prompt-Model", "Prompt-Change", "Prompt-Base"),
    "Operation",
)
_YANK_TRAILERS = ("Reason", "Release-Tag", "Operation")
_BY_HAND = "make release tags with promptops release, and yank tags with promptops yank"


def check_release_tag(context: PushContext, command: PushCommand) -> None:
    """Raise an error for an invalid release tag, or for updating an existing one."""
    name, version = _read_key(command.ref)
    refuse_moves(command, "release a new version: a released one never changes")
    release = _read_pushed(context, command, name, version)
    _check_trailers(context, release)
    _check_evidence(context, release)
    objects = context.repository.objects
    file = objects.read(own_file(name, release.commit, release.folder))
    frozen = read_frozen(
        context.repository, name, release.commit, release.folder, file.data if file else None
    )
    compare_frozen(frozen, version, release.commit, release.digest)
    if file is not None and read_document(f"{name}.md", file.data).data.get("status") == "draft":
        raise RefusedError(
            f"{name} {version} is a draft at its commit {release.commit[:12]}",
            hint="remove 'status: draft' from its file, and release that",
        )
    if not version.is_prerelease and context.find_ungated([release.commit]):
        branches = ", ".join(map(short_name, sorted(context.protection.guarded)))
        raise RefusedError(
            f"its commit {release.commit[:12]} has not been merged into {branches}",
            hint="merge it first, or push the branch together with the tag; "
            "a pre-release may be on any commit",
        )


def _check_evidence(context: PushContext, release: Release) -> None:
    """Check the evidence that a tag names against the release; it must be pushed too, or exist."""
    try:
        read_evidence(context.repository, release)
    except GitError as error:
        raise IntegrityError(
            error.message.replace("this clone", "this repository"),
            hint="promptops release --push pushes it together with the tag",
        ) from error


def _read_pushed(
    context: PushContext, command: PushCommand, name: str, version: Version
) -> Release:
    """Return the pushed release, even if the tag exists: git itself refuses that.

    A pusher who learns from git that the tag exists can check whether it is the same release.
    """
    found = context.repository.objects.read(command.new or "")
    if found is None:
        raise IntegrityError(f"it would point to nothing ({command.new})", hint=_BY_HAND)
    release, fault = inspect_tag(name, version, found)
    if release is None:
        raise fault or IntegrityError("it is not the tag of a release", hint=_BY_HAND)
    _check_form(found.data, f"{name} {version}", _RELEASE_TRAILERS)
    return release


def _check_form(data: bytes, title: str, once: Sequence[str]) -> None:
    """Check that a tag has the form in which promptops writes it, with each trailer of `once`
    once.
    """
    check_tag_form(data)
    text = parse_tag(data).message
    message = parse_message(text)
    if message.title != title:
        raise IntegrityError(f"its title is not '{title}'", hint=_BY_HAND)
    if format_message(*message) != text:
        raise IntegrityError(
            "its message is not a title, a text and trailers separated by empty lines",
            hint=_BY_HAND,
        )
    for key in once:
        if len(message.values(key)) != 1:
            raise IntegrityError(f"it does not contain {key} exactly once", hint=_BY_HAND)


def _check_trailers(context: PushContext, release: Release) -> None:
    """Check a tag's other trailers against each other and against other releases."""
    files = TreeReader(context.repository.objects, release.commit)
    folder = load_config(files.read).prompts
    if release.folder != folder:
        raise IntegrityError(
            f"its Prompt-Path is in '{release.folder}', but the prompts of its commit "
            f"{release.commit[:12]} are in '{folder}'",
            hint=_BY_HAND,
        )
    base = release.base
    levels = {level.label for level in Level}
    if release.change not in (levels if base is not None else {"new"}):
        raise IntegrityError(
            f"its Prompt-Change is '{release.change}' and its Prompt-Base '{base or 'none'}'",
            hint=_BY_HAND,
        )
    if base is None:
        return
    if base >= release.version:
        raise IntegrityError(
            f"its Prompt-Base is {base}, which is not below {release.version}", hint=_BY_HAND
        )
    if context.find_release(release.name, base) is None:
        raise RefusedError(
            f"it was compared with {release.name}@{base}, which is not released here",
            hint=f"push that first: git push REMOTE {release_tag(release.name, base)}",
        )


def check_yank_tag(context: PushContext, command: PushCommand) -> None:
    """Raise an error for an invalid yank tag, or for updating an existing one."""
    name, version = _read_key(command.ref.replace(YANKS, RELEASES, 1))
    refuse_moves(command, "release a new version: a yank is never undone")
    found = context.repository.objects.read(command.new or "")
    if found is None or found.kind != "tag":
        raise IntegrityError(
            "it is a lightweight tag, without an author and a reason",
            hint=f"promptops yank {name}@{version} --reason TEXT --push makes a real one",
        )
    said = parse_tag(found.data).name
    if f"refs/tags/{said}" != command.ref:
        raise IntegrityError(f"it points to the tag object of {said}", hint=_BY_HAND)
    _check_form(found.data, f"Yank {name} {version}", _YANK_TRAILERS)
    release = context.find_release(name, version)
    if release is None:
        raise RefusedError(
            f"it yanks {name}@{version}, which is not released here",
            hint="push the release first, or together with its yank",
        )
    if yank_target(found.data) != (release.commit, release.tag):
        raise IntegrityError(
            f"it refers to another commit or tag than the release {name}@{version} here",
            hint=f"promptops yank {name}@{version} --reason TEXT --push, in a clone that has "
            "fetched the tags",
        )


def _read_key(ref: str) -> tuple[str, Version]:
    key = parse_release_tag(ref)
    if key is None:
        raise UsageError(f"{ref} is not the tag of a release", hint=_BY_HAND)
    return key
