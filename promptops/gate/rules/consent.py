"""Decide which approvals each path needs, and which approvals count.

The rules come from the forges' documentation, or prevent an attack:

* The last CODEOWNERS rule that matches decides, in each section of GitLab's. One approval by any
  one owner is enough, or as many as the section asks for. A path without an owner needs one
  approval by anybody; a forge would require none.
* A change cannot be approved by its author nor, by default, by a contributor to its commits, under
  any of their names.
* If a merge queue merges several proposals together, this applies to each proposal separately: its
  contributors cannot approve the paths that it changes, and an approval of one proposal counts for
  no other. Content that no single proposal makes counts as changed by all of them.
* An approval is of content. It counts for a path while mode and blob there are the approved ones,
  and ends with a push that changes them. A rebase that does not change the path keeps it.
* The approver must have write permission, if the source knows permissions.
* If releases write the version numbers, a change of a number alone needs no approval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.forge.codeowners import owner_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from promptops.forge.codeowners import OwnersFile
    from promptops.gate.rules.approval import Approval, Approvals
    from promptops.gate.rules.change import Change, ChangedPath
    from promptops.gate.rules.people import Groups


class ApprovalReason(StrEnum):
    """The reasons why an approval is needed."""

    OWNERSHIP = "ownership"
    REVIEW = "requires_review"
    SUPPRESSION = "suppression"


@dataclass(frozen=True, slots=True)
class Requirement:
    """The approvals that one path needs.

    Attributes:
        path: the path, from the top.
        reason: why they are needed.
        about: for a reason other than ownership: the prompt, or the check.
        owners: who may approve, as written in CODEOWNERS; empty: everybody who may approve at all.
        count: the required number of people.
        line: the rule's line in the CODEOWNERS file; None if no rule matches.
        section: the rule's section (GitLab).
        given: the approvals that count, one for each person.
        left_out: approvals that do not count, each with the reason.
        is_hopeless: whether everybody who may approve contributed to the change.
    """

    path: str
    reason: ApprovalReason
    about: str = ""
    owners: tuple[str, ...] = ()
    count: int = 1
    line: int | None = None
    section: str | None = None
    given: tuple[Approval, ...] = ()
    left_out: tuple[tuple[Approval, str], ...] = ()
    is_hopeless: bool = False

    @property
    def is_met(self) -> bool:
        """Whether enough people approved."""
        return len(self.given) >= self.count


def list_requirements(
    change: Change,
    owners: OwnersFile | None,
    groups: Groups,
    approvals: Approvals,
    *,
    committers_may: bool,
) -> list[Requirement]:
    """Return the required approvals, sorted by path, with the given ones.

    Args:
        change: the proposed change.
        owners: the CODEOWNERS file of the target branch; None: there is none, and no approval is
            required.
        groups: people and teams.
        approvals: the approvals from all sources.
        committers_may: whether committers of the change may approve it.
    """
    if owners is None:
        return []
    jury = _CountingApprovals(change, groups, approvals, committers_may=committers_may)
    required = [
        jury.judge(path, one)
        for path, one in (
            *_by_ownership(change, owners),
            *_by_reviews(change, owners),
            *_by_suppressions(change, owners),
        )
    ]
    return sorted(required, key=lambda one: (one.path, one.reason, one.about))


_Wanted = tuple["ChangedPath", Requirement]
_Barred = tuple[frozenset[str], frozenset[str]]


def _by_ownership(change: Change, owners: OwnersFile) -> Iterator[_Wanted]:
    for path in _proposed(change):
        yield from _ask_owners(owners, path, path.path, ApprovalReason.OWNERSHIP)


def _by_reviews(change: Change, owners: OwnersFile) -> Iterator[_Wanted]:
    """Yield requirements of prompts that require a review: an owner of the prompt, for each changed
    file.
    """
    for prompt in change.prompts:
        if prompt.requires_review:
            for path in _proposed(change, prompt.changed):
                yield from _ask_owners(
                    owners, path, prompt.path, ApprovalReason.REVIEW, prompt.name
                )


def _by_suppressions(change: Change, owners: OwnersFile) -> Iterator[_Wanted]:
    for prompt in change.prompts:
        for check in prompt.new_suppressions:
            for path in _proposed(change, (prompt.path,)):
                yield from _ask_owners(owners, path, prompt.path, ApprovalReason.SUPPRESSION, check)


def _proposed(change: Change, wanted: Collection[str] | None = None) -> Iterator[ChangedPath]:
    for path in change.paths:
        if path.is_proposed and not path.is_number and (wanted is None or path.path in wanted):
            yield path


def _ask_owners(
    owners: OwnersFile, path: ChangedPath, owned: str, reason: ApprovalReason, about: str = ""
) -> Iterator[_Wanted]:
    """Yield the requirements for `path` from the owners of the path `owned`."""
    rules = owners.match(owned).required
    if not rules:
        yield path, Requirement(path.path, reason, about)
    for rule in rules:
        count = rule.approvals if reason is ApprovalReason.OWNERSHIP else 1
        yield (
            path,
            Requirement(
                path.path, reason, about, rule.owners, count, line=rule.line, section=rule.section
            ),
        )


class _CountingApprovals:
    """Decides which approvals count for a requirement."""

    def __init__(
        self, change: Change, groups: Groups, approvals: Approvals, *, committers_may: bool
    ) -> None:
        self._groups = groups
        self._teams = approvals.teams
        # Sorted, so that a verdict has one digest whatever the sources' order.
        self._found = sorted(
            approvals.found, key=lambda one: (*_spelling(one), one.source, one.where)
        )
        self._committers_may = committers_may
        self._proposals = approvals.proposals
        self._barred = {
            one.name: self._bar(one.authors, one.committers) for one in approvals.proposals
        }
        author = {approvals.author} if approvals.author else set()
        # Pull-request author and commit authors both count as authors.
        self._all_barred = self._bar(
            change.authors.union(author, *(one.authors for one in self._proposals)),
            change.committers.union(
                approvals.committers, *(one.committers for one in self._proposals)
            ),
        )

    def _bar(self, authors: Iterable[str], committers: Iterable[str]) -> _Barred:
        names_of_all = self._groups.names_of_all
        return names_of_all(authors), names_of_all(() if self._committers_may else committers)

    def _find_barred(self, path: ChangedPath) -> _Barred:
        """Return all names of the authors and contributors who may not approve the path."""
        is_told = all(one.contents is not None for one in self._proposals)
        if not is_told or not any(one.makes(path.path, path.after) for one in self._proposals):
            return self._all_barred
        involved = [self._barred[one.name] for one in self._proposals if one.touches(path.path)]
        authors, committers = zip(*involved, strict=True)
        return frozenset().union(*authors), frozenset().union(*committers)

    def judge(self, path: ChangedPath, requirement: Requirement) -> Requirement:
        """Return the requirement with the approvals that count for it, and those that do not."""
        given: list[Approval] = []
        left_out: list[tuple[Approval, str]] = []
        people: list[frozenset[str]] = []
        for approval in self._found:
            person = self._groups.names_of_all((approval.approver,))
            reason = self._object(approval, person, path, requirement.owners)
            if reason is not None:
                left_out.append((approval, reason))
            elif all(person.isdisjoint(one) for one in people):
                people.append(person)
                given.append(approval)
        left_out.sort(key=lambda one: (*_spelling(one[0]), one[0].source, one[1]))
        return replace(
            requirement,
            given=tuple(given),
            left_out=tuple(left_out),
            is_hopeless=self._is_hopeless(path, requirement.owners),
        )

    def _is_hopeless(self, path: ChangedPath, owners: tuple[str, ...]) -> bool:
        """Return whether all known owners contributed to the change."""
        barred = frozenset().union(*self._find_barred(path))
        for owner in owners:
            members = self._teams.get(owner_key(owner))
            if members is None:
                members = self._groups.members(owner)
            # A team or role with unknown members is assumed not to have contributed.
            people = [owner] if members is None else list(members)
            if any(self._groups.names_of_all((name,)).isdisjoint(barred) for name in people):
                return False
        return bool(owners)

    def _object(
        self,
        approval: Approval,
        person: frozenset[str],
        path: ChangedPath,
        owners: tuple[str, ...],
    ) -> str | None:
        """Return why the approval does not count for the path, or None."""
        authors, committers = self._find_barred(path)
        if person & authors:
            return "the author of the change"
        if person & committers:
            return "committed to the change"
        if approval.may_write is False:
            return "may not write to the repository"
        if owners and not self._is_any_of(owners, approval.approver):
            return "not an owner of it"
        if approval.proposal is not None and not self._touches(approval.proposal, path):
            return "approved another proposal"
        if approval.contents is None:
            return "it is unknown what was approved"
        if path.path not in approval.contents:
            return "did not approve this file"
        if approval.contents[path.path] != path.after:
            return "approved other content"
        if path.path in approval.lapsed:
            return "the target branch has changed it since"
        return None

    def _touches(self, proposal: str, path: ChangedPath) -> bool:
        return any(one.name == proposal and one.touches(path.path) for one in self._proposals)

    def _is_any_of(self, owners: tuple[str, ...], approver: str) -> bool:
        # Only names on the target branch make an owner; an e-mail address never does.
        person = self._groups.person(approver)
        return any(self._is_owner(owner, person) for owner in owners)

    def _is_owner(self, owner: str, person: frozenset[str]) -> bool:
        if owner.casefold() in person:
            return True
        members = self._teams.get(owner_key(owner))
        if members is None:
            members = self._groups.members(owner)
        return members is not None and not members.isdisjoint(person)


def _spelling(approval: Approval) -> tuple[str, str]:
    return approval.approver.casefold(), approval.approver
