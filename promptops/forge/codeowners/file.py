"""Represent the rules of one CODEOWNERS file, and find the owners of a path by them.

Nothing here raises for a file's content, which is untrusted. Faults are returned together with the
rules that the forge would still use.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.forge.codeowners.pattern import KeyKind, PathPattern, PatternKey
from promptops.forge.places import GITHUB_OWNERS, GITLAB_OWNERS
from promptops.prompt.finding import Finding, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from promptops.forge.codeowners.glob import Test

# "If your CODEOWNERS file exceeds this limit, it will not be loaded" (GitHub Docs).
MAX_BYTES = 3 * 1024 * 1024
# Our own limits for an untrusted file.
MAX_LINES = 200_000
MAX_LINE_LENGTH = 65_536


class Dialect(StrEnum):
    """The forge whose syntax a file has."""

    GITHUB = "github"
    GITLAB = "gitlab"


class OwnersState(StrEnum):
    """The state of a path by a CODEOWNERS file."""

    OWNED = "owned"
    UNOWNED = "unowned"
    UNMATCHED = "unmatched"


OWNERS_PATHS = {Dialect.GITHUB: GITHUB_OWNERS, Dialect.GITLAB: GITLAB_OWNERS}


def owner_key(owner: str) -> str:
    """Return an owner's key: equal for all spellings of one owner. Forges ignore case."""
    key = owner.casefold()
    return key.removesuffix("s") if key.startswith("@@") else key


@dataclass(frozen=True, slots=True)
class OwnersProblem:
    """A fault of a CODEOWNERS file.

    Attributes:
        check: the kind of fault, such as `invalid-owner`.
        severity: error if the forge does not do what the line seems to say.
        message: what is wrong, and how the forge treats it.
        hint: what to do.
        position: line and columns; None for the whole file.
    """

    check: str
    severity: Severity
    message: str
    hint: str
    position: Position | None = None

    def as_finding(self, path: str) -> Finding:
        """Return the problem as a finding about the file at `path`."""
        return Finding(self.check, self.severity, self.message, path, self.position, self.hint)


@dataclass(frozen=True, slots=True)
class OwnersRule:
    """One line of a CODEOWNERS file.

    Attributes:
        line: its number, from 1.
        pattern: the path pattern as written.
        owners: `@user`, `@org/team`, an e-mail address, or (GitLab) a role such as `@@maintainer`,
            as written; empty: the paths explicitly have no owner.
        section: GitLab's section; None before the first heading, and on GitHub.
        is_optional: whether the section's approval is optional.
        approvals: the required number of approvals, at least 1.
        is_exclusion: whether it excludes paths from its section (GitLab's `!pattern`).
        matcher: the compiled pattern.
    """

    line: int
    pattern: str
    owners: tuple[str, ...]
    matcher: PathPattern = field(compare=False, repr=False)
    section: str | None = None
    is_optional: bool = False
    approvals: int = 1
    is_exclusion: bool = False

    @property
    def state(self) -> OwnersState:
        """The state of paths for which this rule decides: owned or unowned."""
        return OwnersState.OWNED if self.owners else OwnersState.UNOWNED


@dataclass(frozen=True, slots=True)
class Ownership:
    """The owners of one path.

    Attributes:
        path: relative to the repository's top, with forward slashes.
        answers: the deciding rule of each section that has one; on GitHub at most one.
    """

    path: str
    answers: tuple[OwnersRule, ...]

    @property
    def state(self) -> OwnersState:
        """Whether a rule matches and names owners.

        Unowned if one required section names no owner: GitLab would count that section as approved,
        and a path without owners must not count as approved.
        """
        if not self.answers:
            return OwnersState.UNMATCHED
        answers = self.required or self.answers
        return (
            OwnersState.OWNED if all(answer.owners for answer in answers) else OwnersState.UNOWNED
        )

    @property
    def required(self) -> tuple[OwnersRule, ...]:
        """The deciding rules of required sections; each needs its own approvals."""
        return tuple(answer for answer in self.answers if not answer.is_optional)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners of all deciding rules, each once. Each rule needs its own approval."""
        return tuple(dict.fromkeys(owner for answer in self.answers for owner in answer.owners))

    @property
    def line(self) -> int | None:
        """The line of the first deciding rule; None if there is none."""
        return self.answers[0].line if self.answers else None

    @property
    def section(self) -> str | None:
        """The section of the first deciding rule; None also for a rule outside of sections."""
        return self.answers[0].section if self.answers else None


class OwnersFile:
    """The rules of one CODEOWNERS file. Made by `parse_owners`.

    Attributes:
        dialect: the forge whose syntax was applied.
        rules: the rules that count, by section; within a section, later rules win.
        problems: what is wrong with the file, by line.
        refusal: why the forge ignores the whole file (too large, binary), or None. With a refusal
            there are no rules, and an unmatched path is not known to be unowned.
    """

    __slots__ = ("_sections", "dialect", "problems", "refusal", "rules")

    def __init__(
        self,
        dialect: Dialect,
        sections: Sequence[Sequence[OwnersRule]],
        problems: Sequence[OwnersProblem],
        refusal: str | None = None,
    ) -> None:
        """Index the rules of each section; later rules win."""
        self.dialect = dialect
        self.rules = tuple(rule for section in sections for rule in section)
        self.problems = tuple(problems)
        self.refusal = refusal
        self._sections = tuple(_Section(rules) for rules in sections)

    def match(self, path: str) -> Ownership:
        """Return the owners of a path (relative to the repository's top, with forward slashes).

        The path need not exist.
        """
        return Ownership(path, self.decide(SplitPath(path)))

    def decide(self, path: SplitPath) -> tuple[OwnersRule, ...]:
        """Return the deciding rule for a path of each section that has one."""
        found = [section.decide(path) for section in self._sections]
        return tuple([rule for rule in found if rule is not None])


class SplitPath:
    """A path as its names: in order, and as a set."""

    __slots__ = ("different_names", "names")

    def __init__(self, path: str) -> None:
        """Split the path."""
        self.names = path.split("/")
        self.different_names = dict.fromkeys(self.names)


# How many names an index caches test results for.
_REMEMBERED = 20_000


class RuleIndex:
    """Finds the few rules that can match a path.

    Each rule is indexed under its rarest key. A repository has far fewer names than paths, so each
    name is tested once and cached.
    """

    __slots__ = ("_named", "_others", "_prefixed", "_rules", "_tested", "_tests")

    def __init__(self, rules: Sequence[OwnersRule]) -> None:
        """Index the rules; later rules win."""
        self._rules = tuple(rules)
        # All lists hold indexes of rules, strongest first; those in `_others` can match any path.
        self._others: list[int] = []
        self._named: dict[Hashable, list[int]] = {}
        # By the number of names: few are in use, and a path may have thousands.
        self._prefixed: dict[int, dict[Hashable, list[int]]] = {}
        self._tests: dict[str, list[tuple[Test, list[int]]]] = {}
        self._tested: dict[str, tuple[list[int], ...]] = {}
        shared = Counter(key for rule in rules for key in rule.matcher.keys)
        by_key: dict[PatternKey, list[int]] = {}
        for place in range(len(rules) - 1, -1, -1):
            matcher = rules[place].matcher
            if matcher.keys:
                by_key.setdefault(min(matcher.keys, key=shared.__getitem__), []).append(place)
            elif matcher.glob is not None:
                self._others.append(place)
        for key, places in by_key.items():
            if key.kind is KeyKind.NAME:
                self._named[key.value] = places
            elif key.test is None:
                self._prefixed.setdefault(key.depth, {})[key.value] = places
            else:
                self._tests.setdefault(key.extension, []).append((key.test, places))

    def strongest(self, path: SplitPath) -> OwnersRule | None:
        """Return the last matching rule; None if none matches."""
        rules, names = self._rules, path.names
        best = -1
        for places in self._candidates(path):
            for place in places:
                if place <= best:
                    break
                if rules[place].matcher.matches(names):
                    best = place
                    break
        return None if best < 0 else rules[best]

    def matching(self, path: SplitPath) -> Iterator[OwnersRule]:
        """Yield all matching rules, in no particular order."""
        for places in self._candidates(path):
            for place in places:
                if self._rules[place].matcher.matches(path.names):
                    yield self._rules[place]

    def _candidates(self, path: SplitPath) -> Iterator[list[int]]:
        if self._others:
            yield self._others
        for depth, table in self._prefixed.items():
            places = table.get("/".join(path.names[:depth]))
            if places is not None:
                yield places
        if self._named:
            for name in path.different_names:
                places = self._named.get(name)
                if places is not None:
                    yield places
        if self._tests:
            for name in path.different_names:
                yield from self._passing(name)

    def _passing(self, name: str) -> tuple[list[int], ...]:
        """Return the indexes of the rules whose test a name passes."""
        found = self._tested.get(name)
        if found is None:
            tests = self._tests.get("", ())
            extension = name.rpartition(".")[2] if "." in name else ""
            more = self._tests.get(extension, ()) if extension else ()
            found = tuple(places for group in (tests, more) for test, places in group if test(name))
            if len(self._tested) >= _REMEMBERED:
                self._tested.clear()
            self._tested[name] = found
        return found


class _Section:
    """A group of rules in which the last match decides."""

    __slots__ = ("_exclusions", "_index")

    def __init__(self, rules: Sequence[OwnersRule]) -> None:
        self._index = RuleIndex([rule for rule in rules if not rule.is_exclusion])
        exclusions = [rule for rule in rules if rule.is_exclusion]
        self._exclusions = RuleIndex(exclusions) if exclusions else None

    def decide(self, path: SplitPath) -> OwnersRule | None:
        """Return the deciding rule for a path; None if none matches or an exclusion applies."""
        rule = self._index.strongest(path)
        if rule is None or self._exclusions is None:
            return rule
        return None if self._exclusions.strongest(path) else rule
