"""GitHub's rules for branches and tags: to which refs they apply, and who may bypass them.

There are two kinds of protection: rulesets, of the repository and its organisation, and the older
branch protection. Requirements of both apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptops.forge.codeowners.glob import CharacterClass, Element, ElementRun, Glob, anything
from promptops.protection.doctor.answer import UnreadSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GITHUB_ACTIONS_APP = 15368
"""The id of the app under which GitHub's workflows report."""


class ActorKind(StrEnum):
    """The kinds of actors that may bypass a ruleset."""

    APP = "Integration"
    ADMINS = "OrganizationAdmin"
    ROLE = "RepositoryRole"
    TEAM = "Team"
    KEY = "DeployKey"
    USER = "User"


# The ids of the built-in repository roles.
_ROLES = {2: "maintain", 4: "write", 5: "admin"}


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor that may bypass a ruleset.

    Attributes:
        kind: its kind; an unknown kind is kept as GitHub's word.
        number: its id, if there are several.
        only_in_pull_requests: whether it may bypass only when merging a pull request.
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
            ActorKind.ROLE: f"everyone with the role {_ROLES.get(self.number or 0, self.number)}",
            ActorKind.TEAM: f"team{number}",
            ActorKind.KEY: "every deploy key",
            ActorKind.USER: f"user{number}",
        }
        return words.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class RulesetRule:
    """One rule of a ruleset.

    Attributes:
        kind: its type in GitHub's API.
        parameters: its parameters.
        ruleset: the id of its ruleset.
    """

    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    ruleset: int = 0


@dataclass(frozen=True, slots=True)
class Ruleset:
    """An active ruleset.

    Attributes:
        number: its id.
        name: its name.
        target: `branch`, `tag` or `push`.
        include: the refs to which it applies: full names, patterns, `~ALL` or `~DEFAULT_BRANCH`.
        exclude: the refs that are excluded, in the same form.
        kinds: the types of its rules.
        actors: who may bypass it; None: the token may not see that.
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
        """Return an active ruleset that is not readable."""
        return cls(number, str(number), "branch", (), (), frozenset(), None)

    def covers(self, ref: str, default_branch: str) -> bool:
        """Return whether it applies to a ref, given by its full name."""
        chosen = any(_means(pattern, ref, default_branch) for pattern in self.include)
        return chosen and not any(_means(pattern, ref, default_branch) for pattern in self.exclude)


def _means(pattern: str, ref: str, default_branch: str) -> bool:
    if pattern == "~ALL":
        return True
    if pattern == "~DEFAULT_BRANCH":
        return ref == f"refs/heads/{default_branch}"
    return match_ref(pattern, ref)


def match_ref(pattern: str, ref: str) -> bool:
    """Return whether a ruleset's pattern matches a ref; both are full names.

    As Ruby's `File.fnmatch` with `FNM_PATHNAME` (GitHub, "Creating rulesets for a repository"): `*`
    matches within one segment. A whole segment `**` matches any number of segments, except at the
    end, where it equals `*`.
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
    """Compile one segment of a pattern: a literal, or a test."""
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
    """Return the actors who may bypass all of these rulesets; None if unknown.

    If one of them has no bypass actors, the result is empty.
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
    """A required status or check.

    Attributes:
        name: its name.
        app: the id of the app that must set it; None: any.
    """

    name: str
    app: int | None


@dataclass(frozen=True, slots=True)
class BranchProtection:
    """GitHub's older protection of one branch.

    Attributes:
        reviews: the requirements for reviews, with the keys of the rule `pull_request`; None: no
            reviews.
        bypass: whether somebody may bypass the reviews.
        statuses: the required statuses.
        is_strict: whether a branch must be up to date.
        admins_too: whether it applies to administrators too.
        force_pushes: whether the branch may be rewritten.
        deletions: whether it may be deleted.
        pushers: who may push to it; None: everybody who may write.
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
        """Return whether it allows what a rule of that type would forbid."""
        return self.force_pushes if kind == "non_fast_forward" else self.deletions


@dataclass(frozen=True, slots=True)
class DeployPlace:
    """A GitHub deployment environment, whose rules a workflow's job waits for.

    Attributes:
        has_reviewers: whether a person must approve a job.
        prevents_self_review: whether that must be another person than the one who started it.
        is_limited: whether only workflows of some branches may use it.
    """

    has_reviewers: bool
    prevents_self_review: bool
    is_limited: bool


@dataclass(frozen=True, slots=True)
class WorkflowRights:
    """The default permissions of workflow tokens.

    Attributes:
        may_write: whether it may write.
        may_approve: whether it may approve pull requests.
    """

    may_write: bool
    may_approve: bool


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """GitHub's settings that protect a repository.

    Attributes:
        repository: `owner/name`.
        branch: the default branch.
        rules: the active rules for it.
        protection: its older protection, or None.
        rulesets: all active rulesets.
        environment_rules: environment -> active rules for `promptops/<environment>`.
        environment_protection: environment -> the older protection of its branch, or None.
        places: environment -> GitHub's deployment environment of that name, or None.
        workflow_rights: the default permissions of workflows.
    """

    repository: str
    branch: str
    rules: tuple[RulesetRule, ...] | UnreadSetting
    protection: BranchProtection | UnreadSetting | None
    rulesets: tuple[Ruleset, ...] | UnreadSetting
    environment_rules: Mapping[str, tuple[RulesetRule, ...] | UnreadSetting]
    environment_protection: Mapping[str, BranchProtection | UnreadSetting | None]
    places: Mapping[str, DeployPlace | UnreadSetting | None]
    workflow_rights: WorkflowRights | UnreadSetting

    @property
    def known_rules(self) -> tuple[RulesetRule, ...]:
        """The readable rules for the default branch."""
        return () if isinstance(self.rules, UnreadSetting) else self.rules

    @property
    def known_protection(self) -> BranchProtection | None:
        """The older protection of the default branch, if readable."""
        return None if isinstance(self.protection, UnreadSetting) else self.protection

    @property
    def unread(self) -> UnreadSetting | None:
        """Why the requirements for the default branch are not fully known; None if they are."""
        for part in (self.rules, self.protection):
            if isinstance(part, UnreadSetting):
                return part
        return None

    def rules_of(self, kind: str) -> list[RulesetRule]:
        """Return the rules of one type for the default branch."""
        return [rule for rule in self.known_rules if rule.kind == kind]

    def asks(self, key: str) -> bool:
        """Return whether either protection has a given requirement for reviews."""
        protection = self.known_protection
        old = protection is not None and bool((protection.reviews or {}).get(key, False))
        return old or any(rule.parameters.get(key) for rule in self.rules_of("pull_request"))

    @property
    def statuses(self) -> tuple[RequiredStatus, ...]:
        """All statuses required by either protection."""
        protection = self.known_protection
        return (*(protection.statuses if protection else ()), *rule_statuses(self.known_rules))


def rule_statuses(rules: Iterable[RulesetRule]) -> list[RequiredStatus]:
    """Return the statuses required by rules."""
    return [
        RequiredStatus(str(one.get("context")), one.get("integration_id"))
        for rule in rules
        if rule.kind == "required_status_checks"
        for one in rule.parameters.get("required_status_checks", ())
    ]
