"""GitHub's rules for branches and tags, as values: which refs they hold for, and who may pass them.

Two kinds of protection add up there: rulesets, of the repository and of its organisation, and the
older protection of single branches. What is asked for by either is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptops.forge.codeowners.glob import CharacterClass, Element, ElementRun, Glob, anything
from promptops.protection.doctor.answer import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GITHUB_ACTIONS_APP = 15368
"""The number of the app that GitHub's own workflows report as."""


class ActorKind(StrEnum):
    """Who may be let past a ruleset."""

    APP = "Integration"
    ADMINS = "OrganizationAdmin"
    ROLE = "RepositoryRole"
    TEAM = "Team"
    KEY = "DeployKey"
    USER = "User"


# The numbers that stand for the roles that every repository has.
_ROLES = {2: "maintain", 4: "write", 5: "admin"}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who may pass a ruleset.

    Attributes:
        kind: what that is; a kind that is not known here is kept as its word.
        number: which one, where there are several.
        only_in_pull_requests: whether they pass it only when they merge a pull request.
    """

    kind: str
    number: int | None = None
    only_in_pull_requests: bool = False

    def __str__(self) -> str:
        """`team 12`, `every deploy key`."""
        if self.kind == ActorKind.APP and self.number == GITHUB_ACTIONS_APP:
            return "every workflow (GitHub Actions)"
        number = "" if self.number is None else f" {self.number}"
        words: dict[str, str] = {
            ActorKind.APP: f"app{number}",
            ActorKind.ADMINS: "every owner of the organisation",
            ActorKind.ROLE: f"everybody with the role {_ROLES.get(self.number or 0, self.number)}",
            ActorKind.TEAM: f"team{number}",
            ActorKind.KEY: "every deploy key",
            ActorKind.USER: f"user{number}",
        }
        return words.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class RulesetRule:
    """One rule.

    Attributes:
        kind: its type, in GitHub's word.
        parameters: what it asks for.
        ruleset: the number of the ruleset that it is in.
    """

    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    ruleset: int = 0


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A ruleset that is in force.

    Attributes:
        number: its id.
        name: what people call it.
        target: `branch`, `tag` or `push`.
        include: the refs that it is for, as full names, patterns, `~ALL` or `~DEFAULT_BRANCH`.
        exclude: those of them that it is not for.
        kinds: the types of its rules.
        actors: who may pass it; None: this token may not see that.
    """

    number: int
    name: str
    target: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    kinds: frozenset[str]
    actors: tuple[Actor, ...] | None

    @classmethod
    def unseen(cls, number: int) -> Ruleset:
        """Return one that is in force, and that could not be looked at."""
        return cls(number, str(number), "branch", (), (), frozenset(), None)

    def covers(self, ref: str, default_branch: str) -> bool:
        """Return whether it is for a ref, given by its full name."""
        chosen = any(_means(pattern, ref, default_branch) for pattern in self.include)
        return chosen and not any(_means(pattern, ref, default_branch) for pattern in self.exclude)


def _means(pattern: str, ref: str, default_branch: str) -> bool:
    if pattern == "~ALL":
        return True
    if pattern == "~DEFAULT_BRANCH":
        return ref == f"refs/heads/{default_branch}"
    return match_ref(pattern, ref)


def match_ref(pattern: str, ref: str) -> bool:
    """Return whether a pattern of a ruleset matches a ref, both by their full names.

    As Ruby's `File.fnmatch` with `FNM_PATHNAME` (GitHub, "Creating rulesets for a repository"): a
    `*` stays within one segment, and only a whole segment `**` stands for any number of them; at
    the end it is an ordinary `*`.
    """
    *folders, name = pattern.split("/")
    runs: list[list[Element]] = [[]]
    for segment in folders:
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append(_read_segment(segment))
    runs[-1].append(_read_segment(name))
    return Glob([ElementRun(run) for run in runs]).matches(ref.split("/"))


_PART = re.compile(r"\*+|\?|\[[^\]]+\]|.", re.DOTALL)


def _read_segment(pattern: str) -> Element:
    """Return what one segment of a ref must be: a text, or a test of it."""
    if not set("*?[") & set(pattern):
        return pattern
    runs: list[list[Element]] = [[]]
    for part in _PART.findall(pattern):
        if part.startswith("*"):
            runs.append([])
        elif part == "?":
            runs[-1].append(anything)
        elif len(part) > 2:
            runs[-1].append(_read_class(part[1:-1]))
        else:
            runs[-1].append(part)
    return Glob([ElementRun(run) for run in runs]).matches


def _read_class(text: str) -> CharacterClass:
    ranges = re.findall(r"(.)-(.)", text, re.DOTALL)
    rest = re.sub(r".-.", "", text, flags=re.DOTALL)
    return CharacterClass(frozenset(rest), tuple(ranges), is_negated=False)


def who_passes(rulesets: Sequence[Ruleset]) -> tuple[Actor, ...] | None:
    """Return who may pass a rule that is in each of these rulesets: who may pass all of them.

    None: that is not known. One ruleset that nobody may pass is enough to know that nobody does.
    """
    if any(ruleset.actors == () for ruleset in rulesets):
        return ()
    passing: dict[tuple[str, int | None], Actor] | None = None
    for ruleset in rulesets:
        if ruleset.actors is None:
            return None
        found = {(actor.kind, actor.number): actor for actor in ruleset.actors}
        if passing is None:
            passing = found
        else:
            passing = {
                key: found[key] if found[key].only_in_pull_requests else actor
                for key, actor in passing.items()
                if key in found
            }
    return tuple((passing or {}).values())


@dataclass(frozen=True, slots=True)
class RequiredStatus:
    """A status or check that has to be there.

    Attributes:
        name: what it is called.
        app: the number of the app that it has to come from; None: it may come from anybody.
    """

    name: str
    app: int | None


@dataclass(frozen=True, slots=True)
class BranchProtection:
    """The older protection of one branch.

    Attributes:
        reviews: whether pull requests need reviews, and what else is asked of them; None: they
            need none. The keys are those of the rule `pull_request`.
        bypass: whether somebody may pass the reviews.
        statuses: what has to be there.
        is_strict: whether a branch has to be up to date.
        admins_too: whether all this holds for administrators as well.
        force_pushes: whether the branch may be rewritten.
        deletions: whether it may be deleted.
        pushers: who alone may push to it; None: everybody who may write.
    """

    reviews: Mapping[str, bool] | None = None
    bypass: bool = False
    statuses: tuple[RequiredStatus, ...] = ()
    is_strict: bool = False
    admins_too: bool = False
    force_pushes: bool = False
    deletions: bool = False
    pushers: tuple[Actor, ...] | None = None

    def allows(self, kind: str) -> bool:
        """Return whether it lets through what a rule of that type would refuse."""
        return self.force_pushes if kind == "non_fast_forward" else self.deletions


@dataclass(frozen=True, slots=True)
class DeployPlace:
    """A deployment environment of GitHub's, which a workflow's job waits for.

    Attributes:
        has_reviewers: whether somebody has to let a job go on.
        prevents_self_review: whether that has to be somebody else.
        is_limited: whether only some branches' workflows get in.
    """

    has_reviewers: bool
    prevents_self_review: bool
    is_limited: bool


@dataclass(frozen=True, slots=True)
class WorkflowRights:
    """What the token of a workflow may do unless the workflow says otherwise.

    Attributes:
        may_write: whether it may write.
        may_approve: whether it may approve pull requests.
    """

    may_write: bool
    may_approve: bool


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """All that GitHub says of how a repository is protected.

    Attributes:
        repository: `owner/name`.
        branch: the default branch.
        rules: the rules in force for it.
        protection: its older protection; None: it has none.
        rulesets: all rulesets in force.
        environment_rules: the rules in force for `promptops/<environment>`, by environment.
        environment_protection: the older protection of these branches; None: it has none.
        places: GitHub's deployment environments of the same names; None: there is none.
        workflow_rights: what workflows may do.
    """

    repository: str
    branch: str
    rules: tuple[RulesetRule, ...] | Unread
    protection: BranchProtection | Unread | None
    rulesets: tuple[Ruleset, ...] | Unread
    environment_rules: Mapping[str, tuple[RulesetRule, ...] | Unread]
    environment_protection: Mapping[str, BranchProtection | Unread | None]
    places: Mapping[str, DeployPlace | Unread | None]
    workflow_rights: WorkflowRights | Unread

    @property
    def known_rules(self) -> tuple[RulesetRule, ...]:
        """The rules for the default branch, as far as they could be read."""
        return () if isinstance(self.rules, Unread) else self.rules

    @property
    def known_protection(self) -> BranchProtection | None:
        """Its older protection, as far as it could be read."""
        return None if isinstance(self.protection, Unread) else self.protection

    @property
    def unread(self) -> Unread | None:
        """Why it is not wholly known what is asked of the default branch; None: it is."""
        for part in (self.rules, self.protection):
            if isinstance(part, Unread):
                return part
        return None

    def rules_of(self, kind: str) -> list[RulesetRule]:
        """Return the rules of one type for the default branch."""
        return [rule for rule in self.known_rules if rule.kind == kind]

    def asks(self, key: str) -> bool:
        """Return whether reviews of pull requests have to be of some kind, by either protection."""
        protection = self.known_protection
        old = protection is not None and bool((protection.reviews or {}).get(key, False))
        return old or any(rule.parameters.get(key) for rule in self.rules_of("pull_request"))

    @property
    def statuses(self) -> tuple[RequiredStatus, ...]:
        """All statuses that are required, by either protection."""
        protection = self.known_protection
        return (*(protection.statuses if protection else ()), *rule_statuses(self.known_rules))


def rule_statuses(rules: Iterable[RulesetRule]) -> list[RequiredStatus]:
    """Return the statuses that rules require."""
    return [
        RequiredStatus(str(one.get("context")), one.get("integration_id"))
        for rule in rules
        if rule.kind == "required_status_checks"
        for one in rule.parameters.get("required_status_checks", ())
    ]
