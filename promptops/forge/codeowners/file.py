"""Says who owns a path: the rules of one CODEOWNERS file, and how one of them is found.

Nothing here raises for what a file contains. It reads what strangers wrote, so that faults come
back beside what could be made of the rest, as the forge would make it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.forge.codeowners.pattern import KeyKind, PathPattern, PatternKey
from promptops.prompt.finding import Finding, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from promptops.forge.codeowners.glob import Test

# "If your CODEOWNERS file exceeds this limit, it will not be loaded" (GitHub Docs).
MAX_BYTES = 3 * 1024 * 1024
# Our own bounds on a stranger's file.
MAX_LINES = 200_000
MAX_LINE_LENGTH = 65_536


class Dialect(StrEnum):
    """Whose rules a file is read by."""

    GITHUB = "github"
    GITLAB = "gitlab"


class OwnersState(StrEnum):
    """What a CODEOWNERS file says about a path."""

    OWNED = "owned"
    UNOWNED = "unowned"
    UNMATCHED = "unmatched"


# Where each forge looks; the first file found is the only one that counts.
OWNERS_PATHS = {
    Dialect.GITHUB: (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    Dialect.GITLAB: ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}


def owner_key(owner: str) -> str:
    """Return what two spellings of one owner have in common; forges compare them without case."""
    key = owner.casefold()
    return key.removesuffix("s") if key.startswith("@@") else key


@dataclass(frozen=True, slots=True)
class OwnersProblem:
    """A fault of a CODEOWNERS file.

    Attributes:
        check: what kind of fault, such as `invalid-owner`.
        severity: error where the forge does something else than the line seems to say.
        message: what is wrong, and what the forge makes of it.
        hint: what to do.
        position: the line, and where in it; None for the file as a whole.
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
    """One line that gives paths to owners.

    Attributes:
        line: its number, from 1.
        pattern: which paths, as written.
        owners: `@user`, `@org/team`, an e-mail address, or (GitLab) a role such as `@@maintainer`,
            as written; none: the paths are explicitly nobody's.
        section: GitLab's section; None in the lines before the first heading, and on GitHub.
        is_optional: whether the section's approval is optional.
        approvals: how many approvals it takes, at least 1.
        is_exclusion: whether it takes paths out of its section (GitLab's `!pattern`).
        matcher: the pattern, ready to match.
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
        """What the rule says of the paths for which it decides: owned, or unowned."""
        return OwnersState.OWNED if self.owners else OwnersState.UNOWNED


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns one path.

    Attributes:
        path: relative to the repository's top, with forward slashes.
        answers: the rule that decides, of each section that has one; on GitHub at most one.
    """

    path: str
    answers: tuple[OwnersRule, ...]

    @property
    def state(self) -> OwnersState:
        """Whether a rule matches and names owners.

        Unowned as soon as one required answer names nobody: GitLab would approve that section
        by itself, and what nobody answers for must not count as approved.
        """
        if not self.answers:
            return OwnersState.UNMATCHED
        answers = self.required or self.answers
        return (
            OwnersState.OWNED if all(answer.owners for answer in answers) else OwnersState.UNOWNED
        )

    @property
    def required(self) -> tuple[OwnersRule, ...]:
        """The answers of the sections that are not optional; each needs its own approvals."""
        return tuple(answer for answer in self.answers if not answer.is_optional)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners of all answers, each once. One approval for each answer, not one for all."""
        return tuple(dict.fromkeys(owner for answer in self.answers for owner in answer.owners))

    @property
    def line(self) -> int | None:
        """The line of the first answer; None when there is none."""
        return self.answers[0].line if self.answers else None

    @property
    def section(self) -> str | None:
        """The section of the first answer; None also for rules outside of sections."""
        return self.answers[0].section if self.answers else None


class OwnersFile:
    """The rules of one CODEOWNERS file. Made by `parse_owners`.

    Attributes:
        dialect: whose rules it was read by.
        rules: the rules that count, section by section, and in each from weakest to strongest.
        problems: what is wrong with the file, by line.
        refusal: why nothing in the file counts (too large, binary); there are no rules then, and
            a path that is unmatched is not known to be nobody's. None for a file that counts.
    """

    __slots__ = ("_sections", "dialect", "problems", "refusal", "rules")

    def __init__(
        self,
        dialect: Dialect,
        sections: Sequence[Sequence[OwnersRule]],
        problems: Sequence[OwnersProblem],
        refusal: str | None = None,
    ) -> None:
        """Take the rules of each section from weakest to strongest."""
        self.dialect = dialect
        self.rules = tuple(rule for section in sections for rule in section)
        self.problems = tuple(problems)
        self.refusal = refusal
        self._sections = tuple(_Section(rules) for rules in sections)

    def match(self, path: str) -> Ownership:
        """Say who owns a path (relative to the repository's top, with forward slashes).

        Any text is a path; whether it exists does not matter.
        """
        return Ownership(path, self.decide(SplitPath(path)))

    def decide(self, path: SplitPath) -> tuple[OwnersRule, ...]:
        """Return the rule that decides about a path, of each section that has one."""
        found = [section.decide(path) for section in self._sections]
        return tuple([rule for rule in found if rule is not None])


class SplitPath:
    """A path as its names, in order and each once."""

    __slots__ = ("different_names", "names")

    def __init__(self, path: str) -> None:
        """Take the path."""
        self.names = path.split("/")
        self.different_names = dict.fromkeys(self.names)


# How many names an index remembers the tests of.
_REMEMBERED = 20_000


class RuleIndex:
    """Finds the few rules that can match a path among all of them.

    Each rule is filed under the one of its keys that it shares with the fewest others. The names in
    a repository's paths are few compared to the paths, so that each is tested only once.
    """

    __slots__ = ("_named", "_others", "_prefixed", "_rules", "_tested", "_tests")

    def __init__(self, rules: Sequence[OwnersRule]) -> None:
        """Take the rules from weakest to strongest."""
        self._rules = tuple(rules)
        # Everywhere: places of rules, the strongest first; those of `_others` can match any path.
        self._others: list[int] = []
        self._named: dict[Hashable, list[int]] = {}
        # By the number of names, since few are in use, and a path may have thousands.
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
        """Return the last rule that matches; None when none does."""
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
        """Yield all rules that match, in no order."""
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
        """Return the places of the rules whose test a name passes."""
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
    """The rules among which the last match decides."""

    __slots__ = ("_exclusions", "_index")

    def __init__(self, rules: Sequence[OwnersRule]) -> None:
        self._index = RuleIndex([rule for rule in rules if not rule.is_exclusion])
        exclusions = [rule for rule in rules if rule.is_exclusion]
        self._exclusions = RuleIndex(exclusions) if exclusions else None

    def decide(self, path: SplitPath) -> OwnersRule | None:
        """Return the rule that decides about a path; None when none matches, or one excludes it."""
        rule = self._index.strongest(path)
        if rule is None or self._exclusions is None:
            return rule
        return None if self._exclusions.strongest(path) else rule
