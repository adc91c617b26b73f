"""Check a CODEOWNERS file against the repository's files.

A rule that never decides, or a prompt without owners, seems protected and is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import quote
from promptops.forge.codeowners.file import (
    MAX_BYTES,
    Dialect,
    OwnersState,
    RuleIndex,
    SplitPath,
    owner_key,
)
from promptops.prompt.finding import Finding, Position, Severity, sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from promptops.forge.codeowners.file import OwnersFile, OwnersRule

_NEARLY_FULL_PERCENT = 80


@dataclass(frozen=True, slots=True)
class LintContext:
    """The context in which a CODEOWNERS file is checked.

    Attributes:
        path: the CODEOWNERS file; all paths are relative to the repository's top.
        size: its size in bytes.
        paths: all files of the repository.
        prompts: the files that belong to prompts.
        gate: the files that control merging: configuration, evals, workflows, groups, keys,
            CODEOWNERS itself.
        knows: tells whether the groups file mentions an owner; None if there is no such file.
        folders: the configured folders that need an owner even before they contain a file.
    """

    path: str
    size: int
    paths: Collection[str]
    prompts: Collection[str]
    gate: Collection[str]
    knows: Callable[[str], bool] | None = None
    folders: Collection[str] = ()


def lint_owners(owners: OwnersFile, around: LintContext) -> list[Finding]:
    """Check a CODEOWNERS file.

    Args:
        owners: the file.
        around: the context: its path and the files it must protect.

    Returns:
        Findings in file order. Errors are lines that the forge reads differently than they seem to
            say, and files of prompts or of the gate without owners. Warnings are rules that never
            decide.
    """
    findings = [problem.as_finding(around.path) for problem in owners.problems]
    if owners.refusal is None:
        findings += _size(owners, around)
        findings += _idle_rules(owners, around)
        findings += _unknown_owners(owners, around)
        findings += _unowned(owners, around)
    return sorted(findings, key=sort_key)


def _size(owners: OwnersFile, around: LintContext) -> Iterator[Finding]:
    if owners.dialect is Dialect.GITHUB and around.size * 100 > MAX_BYTES * _NEARLY_FULL_PERCENT:
        yield Finding(
            "nearly-too-large",
            Severity.WARNING,
            f"the file has {around.size:,} bytes; GitHub ignores files over {MAX_BYTES:,}",
            around.path,
            hint="assign owners to folders instead of files",
        )


def _idle_rules(owners: OwnersFile, around: LintContext) -> Iterator[Finding]:
    """Yield rules that match no file, and rules that later ones override for every file."""
    split = [SplitPath(path) for path in around.paths]
    deciding = {rule.line for path in split for rule in owners.decide(path)}
    idle = [rule for rule in owners.rules if rule.line not in deciding and not rule.is_exclusion]
    excluding = [rule for rule in owners.rules if rule.is_exclusion]
    alive = _matching_lines(idle + excluding, split)
    for rule in idle + excluding:
        if rule.line not in alive:
            if rule.pattern.strip("/") in around.folders and not rule.is_exclusion:
                continue
            yield _about(rule, around, "dead-pattern", "no file matches this pattern")
        elif not rule.is_exclusion:
            yield _about(
                rule, around, "shadowed-rule", "later rules override it for every file that matches"
            )


def _matching_lines(rules: list[OwnersRule], paths: Iterable[SplitPath]) -> set[int]:
    index = RuleIndex(rules)
    return {rule.line for path in paths for rule in index.matching(path)}


def _about(rule: OwnersRule, around: LintContext, check: str, message: str) -> Finding:
    hint = "correct the pattern, or remove the line"
    if check == "shadowed-rule":
        hint = "the last rule that matches wins: move this one down, or remove it"
    place = Position(rule.line, 1, rule.line, 1 + len(rule.pattern))
    return Finding(check, Severity.WARNING, message, around.path, place, hint)


def _unknown_owners(owners: OwnersFile, around: LintContext) -> Iterator[Finding]:
    """Yield owners that the groups file does not mention, each at its first occurrence."""
    if around.knows is None:
        return
    lines: dict[str, list[int]] = {}
    for rule in owners.rules:
        for owner in dict.fromkeys(rule.owners):
            lines.setdefault(owner_key(owner), []).append(rule.line)
    for rule in owners.rules:
        for owner in rule.owners:
            key = owner_key(owner)
            if key not in lines:
                continue
            others = len(lines.pop(key)) - 1
            if not around.knows(owner):
                more = f", and {others:,} more of the lines name it" if others else ""
                yield Finding(
                    "unknown-owner",
                    Severity.WARNING,
                    f"the groups file does not know {quote(owner)}{more}",
                    around.path,
                    Position(rule.line, 1, rule.line, 1 + len(rule.pattern)),
                    "correct the name, or add the owner to the groups file",
                )


def _unowned(owners: OwnersFile, around: LintContext) -> Iterator[Finding]:
    prompts = frozenset(around.prompts)
    for path in sorted(prompts.union(around.gate)):
        ownership = owners.match(path)
        if ownership.state is OwnersState.OWNED:
            continue
        if ownership.line is None:
            what = "this file has no owner: no rule matches"
        else:
            line = next(answer.line for answer in ownership.answers if not answer.owners)
            what = f"this file has no owner: line {line} names none"
        check = "unowned-prompt" if path in prompts else "unowned-gate-file"
        hint = f"add a line for it to {around.path}"
        yield Finding(check, Severity.ERROR, what, path, hint=hint)
