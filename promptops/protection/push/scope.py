"""Which refs are ours: a push to any other is none of our business."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from promptops.delivery.environments import branch
from promptops.errors import UsageError
from promptops.prompt.reference import check_environment, parse_release_tag, release_tag

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

RELEASES = "refs/tags/prompts/"
YANKS = "refs/tags/yanked/prompts/"
ENVIRONMENTS = branch("")
APPROVALS = "refs/promptops/approvals/"
_FOLDERS = (RELEASES, YANKS, ENVIRONMENTS, APPROVALS)
_PLACES = tuple(folder.casefold() for folder in _FOLDERS)


class Kind(Enum):
    """What a ref is to promptops.

    A MISPLACED ref is one that stands where only ours may, or in their way: Git cannot have a ref
    where it has a folder of refs, and on some disks names that differ in case are one.
    """

    RELEASE = auto()
    YANK = auto()
    ENVIRONMENT = auto()
    APPROVAL = auto()
    GUARDED = auto()
    MISPLACED = auto()


def classify(ref: str, guarded: AbstractSet[str]) -> Kind | None:
    """What the ref is, where `guarded` are the full names of guarded branches; None: not ours."""
    if ref in guarded:
        return Kind.GUARDED
    if ref.startswith(RELEASES):
        return Kind.RELEASE if _is_release(ref) else Kind.MISPLACED
    if ref.startswith(YANKS):
        of = ref.replace(YANKS, RELEASES, 1)
        return Kind.YANK if _is_release(of) else Kind.MISPLACED
    if ref.startswith(ENVIRONMENTS):
        return Kind.ENVIRONMENT if _is_environment(ref) else Kind.MISPLACED
    if ref.startswith(APPROVALS):
        return Kind.APPROVAL
    folded = ref.casefold()
    is_in_the_way = any(place.startswith(f"{folded}/") for place in _PLACES)
    if is_in_the_way or folded.startswith(_PLACES) or folded in {one.casefold() for one in guarded}:
        return Kind.MISPLACED
    return None


def _is_release(ref: str) -> bool:
    key = parse_release_tag(ref)
    return key is not None and release_tag(*key) == ref


def _is_environment(ref: str) -> bool:
    try:
        check_environment(ref.removeprefix(ENVIRONMENTS))
    except UsageError:
        return False
    return True
