"""Classify refs: which ones the push checks apply to."""

from __future__ import annotations

import unicodedata
from enum import Enum, auto
from typing import TYPE_CHECKING

from promptops.delivery.environments import branch
from promptops.delivery.evidence import REFS as EVIDENCE
from promptops.prompt.reference import is_environment, parse_release_tag, release_tag

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

RELEASES = "refs/tags/prompts/"
YANKS = "refs/tags/yanked/prompts/"
ENVIRONMENTS = branch("")
APPROVALS = "refs/promptops/approvals/"
_FOLDERS = (RELEASES, YANKS, ENVIRONMENTS, APPROVALS, EVIDENCE)
_SIGNS = frozenset({"Lu", "Ll", "Lt", "Lo", "Lm", "Nd", "Nl", "No", "Sm", "Sc", "Sk", "So"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


class RefKind(Enum):
    """The kinds of refs.

    A MISPLACED ref is in a folder reserved for promptops, can be confused with one of its refs, or
    blocks one: Git cannot have a ref and a folder of the same name, some disks ignore case, and Git
    may read a full name as an abbreviation of another.
    """

    RELEASE = auto()
    YANK = auto()
    ENVIRONMENT = auto()
    APPROVAL = auto()
    EVIDENCE = auto()
    GUARDED = auto()
    MISPLACED = auto()


def classify(ref: str, guarded: AbstractSet[str]) -> RefKind | None:
    """Return a ref's kind; None if no check applies. `guarded` are the full names of guarded
    branches.
    """
    kind = _classify_exact(ref, guarded)
    if kind is not None:
        return kind
    if any(_classify_exact(name, guarded) in _OURS for name in _list_readings(ref) - {ref}):
        return RefKind.MISPLACED
    seen = _fold(ref)
    protected = {_fold(name) for name in (*guarded, *_FOLDERS)}
    for name in (seen, *(rest for rest in _list_rests(seen) if rest.startswith("refs/"))):
        if name in protected or any(one.startswith(f"{name}/") for one in protected):
            return RefKind.MISPLACED
        if name.startswith(tuple(map(_fold, _FOLDERS))):
            return RefKind.MISPLACED
    return None


def may_share_file(ref: str, guarded: AbstractSet[str]) -> bool:
    """Return whether some disks would store a misplaced ref in the same file as one of ours."""
    seen = _fold(ref)
    return seen in map(_fold, guarded) or _classify_exact(seen, guarded) in _OURS


_OURS = frozenset(RefKind) - {RefKind.MISPLACED}


def _classify_exact(ref: str, guarded: AbstractSet[str]) -> RefKind | None:
    if ref in guarded:
        return RefKind.GUARDED
    if ref.startswith(RELEASES):
        return RefKind.RELEASE if _is_release(ref) else RefKind.MISPLACED
    if ref.startswith(YANKS):
        of = ref.replace(YANKS, RELEASES, 1)
        return RefKind.YANK if _is_release(of) else RefKind.MISPLACED
    if ref.startswith(ENVIRONMENTS):
        return (
            RefKind.ENVIRONMENT
            if is_environment(ref.removeprefix(ENVIRONMENTS))
            else RefKind.MISPLACED
        )
    if ref.startswith(EVIDENCE):
        return RefKind.EVIDENCE
    return RefKind.APPROVAL if ref.startswith(APPROVALS) else None


def _list_readings(ref: str) -> set[str]:
    """List the full names that a ref may abbreviate, by gitrevisions(7)."""
    return {
        f"{folder}{rest}"
        for rest in _list_rests(ref)
        for folder in ("", "refs/", "refs/tags/", "refs/heads/")
    }


def _list_rests(ref: str) -> set[str]:
    """List the abbreviations of a ref: its name without the folders in which Git searches."""
    folders = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
    rests = {ref.removeprefix(folder) for folder in folders if ref.startswith(folder)}
    tracked = {rest.split("/", 3)[-1] for rest in rests if rest.startswith("refs/remotes/")}
    return rests | {rest.removesuffix("/HEAD") for rest in rests} | tracked


def _fold(name: str) -> str:
    """Return a name's key: case folded, Unicode normalised, invisible characters removed."""
    shown = unicodedata.normalize("NFKC", name).casefold()
    return "".join(
        one
        for one in shown
        if one.isascii() or (unicodedata.category(one) in _SIGNS and one not in _BLANK)
    )


def _is_release(ref: str) -> bool:
    key = parse_release_tag(ref)
    return key is not None and release_tag(*key) == ref
