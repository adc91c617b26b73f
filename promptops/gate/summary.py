"""Describe a verdict in text: what changes, and which approvals are given or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.gate.rules.versions import find_step, find_version, has_version
from promptops.prompt.finding import Severity
from promptops.prompt.version import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.gate.rules.change import PromptChange
    from promptops.gate.rules.consent import Requirement
    from promptops.gate.rules.verdict import Verdict


def describe_versions(change: PromptChange) -> str:
    """Describe the versions: `1.2.0 -> 1.3.0`, `new, 1.0.0`, `1.2.0, removed`; no numbers if
    unreadable.
    """
    old = change.before.prompt if change.before else None
    new = change.after.prompt if change.after else None
    if change.before is None:
        return f"new, {new.version}" if new else "new, not valid"
    if change.after is None:
        return f"{old.version}, removed" if old else "removed"
    before = str(old.version) if old else "not valid"
    after = str(new.version) if new else "not valid"
    return before if before == after else f"{before} -> {after}"


def describe_bump(change: PromptChange, versions: str) -> str:
    """Describe the change's class and its bump.

    For example `behaviour change, minor bump needed: 1.3.0`; once written, `minor bump: done`; if
    releases write the `versions`, `behaviour change, the release writes 1.3.0`.
    """
    if change.before is None or change.after is None or change.diff is None:
        return ""
    if change.diff.change_class is None:
        return "the same meaning, only bytes differ"
    level = change.diff.level.label
    # `find_version` is not None here, because the change has a class.
    needed = find_version(change)
    if versions == "release":
        rest = f"the release writes {needed} ({level})"
    elif has_version(change):
        rest = f"{level} bump: done"
    else:
        rest = f"{level} bump needed: {needed}"
    return f"{change.diff.change_class} change, {rest}"


def group_requirements(
    requirements: Iterable[Requirement],
) -> list[tuple[str, list[Requirement]]]:
    """Group requirements by whose approval is needed, in their order."""
    groups: dict[str, list[Requirement]] = {}
    for one in requirements:
        who = " or ".join(one.owners) or "anyone with write access except the author"
        if one.count > 1:
            who = f"{one.count} of {who}"
        groups.setdefault(who, []).append(one)
    return list(groups.items())


def list_commands(verdict: Verdict, base: str) -> list[str]:
    """Return the commands to run next, in order; may be empty."""
    found = {finding.check for finding in verdict.findings if finding.severity is Severity.ERROR}
    commands = []
    steps: dict[Level | None, list[str]] = {}
    needed: dict[str, str] = {}
    for prompt in verdict.change.prompts:
        if any(one.path == prompt.path and one.check in _BUMPS for one in verdict.findings):
            steps.setdefault(find_step(prompt), []).append(prompt.name)
            version = find_version(prompt)
            if version is not None:
                needed[prompt.name] = str(version)
    for step in sorted(steps, key=lambda one: one or Level.NONE):
        names = " ".join(steps[step])
        command = f"promptops bump {names if len(steps[step]) <= _FEW else '--all'}"
        if step is not None:
            command = f"promptops bump --level {step.label} {names}"
        numbers = list(dict.fromkeys(needed[name] for name in steps[step] if name in needed))
        if numbers:
            more = ", …" if len(numbers) > _FEW else ""
            command += f"  # {', '.join(numbers[:_FEW])}{more}"
        commands.append(command)
    if found & _CONSENTS:
        commands.append(
            f"promptops approve --base {base} --head {verdict.change.head[:12]}"
            "  # by an owner, or their approval on the forge"
        )
    return commands


_FEW = 5
_BUMPS = frozenset({"changed-release", "small-bump", "unchanged-version"})
_CONSENTS = frozenset({"missing-approval", "missing-review", "unapproved-suppression"})
