"""Check the version numbers of the prompts that a change touches.

Versions are compared with the target branch's tip and with the releases: two changes that both go
from 1.2.0 to 1.3.0 with different texts merge cleanly, and only one of them can be 1.3.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.diff import required_version
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.version import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.gate.rules.change import Change, PromptChange
    from promptops.prompt.diff import PromptDiff
    from promptops.prompt.prompt import Prompt
    from promptops.prompt.version import Version

_DRAFT = "draft"
_DEPRECATED = "deprecated"


def judge_versions(change: Change, *, is_free: bool = False) -> Iterator[Finding]:
    """Yield the faults in the versions of all touched prompts.

    Args:
        change: the proposed change.
        is_free: whether releases write the versions, so that changes need not.
    """
    for one in change.prompts:
        if one.after is None:
            yield from _judge_removal(one)
        elif one.after.prompt is not None:  # otherwise validation reports it
            judge = _judge_free_version if is_free else _judge_version
            finding = judge(one, one.after.prompt)
            if finding is not None:
                yield finding


def _judge_version(change: PromptChange, new: Prompt) -> Finding | None:
    """Return the first broken rule; later rules depend on earlier ones."""
    if change.is_back:
        return None
    if change.released_digest not in {None, new.digest}:
        return _finding(
            "changed-release",
            f"{change.name} {new.version} is already released with other content",
            change,
        )
    old = change.before.prompt if change.before else None
    if old is not None:
        finding = _judge_step(change, old, new)
        if finding is not None:
            return finding
    elif change.versions and new.version < change.versions[-1]:
        return _finding(
            "lowered-version",
            f"{change.name} {new.version} is lower than {change.versions[-1]}, which is released",
            change,
            f"set a version above {change.versions[-1]}",
        )
    if change.base is not None and change.base_diff is not None:
        return _judge_size(change, change.base, new.version, change.base_diff, "the release")
    return None


def _judge_free_version(change: PromptChange, new: Prompt) -> Finding | None:
    """Check a prompt whose version the release writes: only a change of the version can be a
    fault.
    """
    old = change.before.prompt if change.before else None
    if old is None or old.version == new.version:
        return None if old is not None else _judge_version(change, new)
    if old.content_digest == new.content_digest:
        return _judge_version(change, new)
    place = change.after.closure.document.locate(["version"]) if change.after else None
    line = "" if place is None else f" in line {place.line}"
    return Finding(
        "carried-version",
        Severity.ERROR,
        f"{change.name} sets version {new.version}, and releases write the versions here",
        change.path,
        place,
        f"restore `version: {old.version}`{line}",
    )


def _judge_step(change: PromptChange, old: Prompt, new: Prompt) -> Finding | None:
    """Check the step from the target branch's tip to the merged state."""
    if new.version < old.version:
        return _finding(
            "lowered-version",
            f"{change.name} lowers its version from {old.version} to {new.version}",
            change,
            f"set a version above {old.version}",
        )
    if change.diff is None or change.diff.level is Level.NONE:
        return None
    if new.version == old.version:
        if new.status == old.status == _DRAFT and not change.versions:
            return None  # no version of it was released or merged yet
        return _finding(
            "unchanged-version",
            f"{change.name} is still {old.version} after a {change.diff.change_class} change",
            change,
        )
    return _judge_size(change, old.version, new.version, change.diff, "the target branch's")


def _judge_size(
    change: PromptChange, old: Version, new: Version, diff: PromptDiff, whose: str
) -> Finding | None:
    step = new.level_from(old)
    if step >= diff.level:
        return None
    gravest = max(diff.differences, key=lambda one: one.change_class.level)
    return _finding(
        "small-bump",
        f"{change.name} {new} is a {step.label} bump from {whose} {old}, but the change is "
        f"{diff.level.label}: {gravest.subject}: {gravest.reason}",
        change,
    )


def find_step(change: PromptChange) -> Level | None:
    """Return the level to pass to `promptops bump`; None if it finds the version itself.

    `bump` compares the file with the releases, and does not know an unreleased version on the
    target branch.
    """
    new = change.after.prompt if change.after else None
    if new is None or change.released_digest is not None:
        return None
    base, since = change.base, change.base_diff
    if base is not None and since is not None and new.version.level_from(base) < since.level:
        return None
    return max((one.level for one in (change.diff, since) if one is not None), default=None)


def has_version(change: PromptChange) -> bool:
    """Return whether the prompt's version is high enough for the change."""
    old = change.before.prompt if change.before else None
    new = change.after.prompt if change.after else None
    if old is None or new is None or change.diff is None:
        return False
    if change.released_digest not in {None, new.digest}:
        return False
    steps = [(old.version, change.diff), (change.base, change.base_diff)]
    return all(
        new.version >= base and new.version.level_from(base) >= diff.level
        for base, diff in steps
        if base is not None and diff is not None
    )


def find_version(change: PromptChange) -> Version | None:
    """Return the lowest version that the prompt may have after merging; None if unknown."""
    pairs = [
        (
            change.before.prompt.version if change.before and change.before.prompt else None,
            change.diff,
        ),
        (change.base, change.base_diff),
    ]
    if pairs[0][0] == change.base:
        # A release is the better base than a merged, unreleased version.
        pairs = pairs[1:]
    known = [
        (old, diff.level)
        for old, diff in pairs
        if old is not None and diff is not None and diff.level is not Level.NONE
    ]
    if not known:
        return None
    needed = max(required_version(old, level) for old, level in known)
    newest = change.versions[-1] if change.versions else None
    if newest is not None and needed <= newest:
        needed = required_version(newest, max(level for _, level in known))
    return needed


def _judge_removal(change: PromptChange) -> Iterator[Finding]:
    if not change.versions or change.before is None:
        return
    if change.before.status == _DEPRECATED or change.live_in == ():
        return
    where = "live in " + " and ".join(change.live_in) if change.live_in else "released"
    hint = "set status: deprecated in a change of its own first, then remove the file"
    if change.live_in:
        hint = (
            f"promptops retire {change.name} --env {change.live_in[-1]} --reason TEXT, or " + hint
        )
    yield Finding(
        "removed-prompt",
        Severity.ERROR,
        f"{change.name} is {where}, and this change removes or renames it",
        change.path,
        None,
        hint,
    )


def _finding(check: str, message: str, change: PromptChange, hint: str | None = None) -> Finding:
    place: Position | None = None
    if change.after is not None:
        place = change.after.closure.document.locate(["version"])
    if hint is None:
        step = find_step(change)
        told = "" if step is None else f" --level {step.label}"
        needed = find_version(change)
        hint = f"promptops bump {change.name}{told} writes the version that is needed"
        if needed is not None and place is not None:
            hint = f"write `version: {needed}` in line {place.line}; or {hint.split(' writes')[0]}"
    return Finding(check, Severity.ERROR, message, change.path, place, hint)
