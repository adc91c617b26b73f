"""Approvals: the one type for all sources.

A source guarantees the person and the approved content. Whether an approval counts (owner,
unchanged content, not the author) is decided in `consent`, by the same rules for every source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.forge.review import Review, ReviewState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, order=True)
class ApprovalEntry:
    """Git's entry at a path: mode (`100644`, `120000`, ...) and object id."""

    mode: str
    oid: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval, as reported by its source.

    Attributes:
        approver: `@login`, or the principal of an allowed signers file.
        source: `github`, `gitlab`, `signed` or `file`.
        commit: the approved commit, if the source names it.
        contents: the approved content, path by path (None: deleted), if the source names it. With
            neither `commit` nor `contents` the approval does not count.
        base: the target branch's commit at the time of approval; None if the source binds an
            approval to one change, as a forge does. The approval does not count for paths that the
            target branch has changed since.
        lapsed: the paths that the target branch has changed since `base`: the approved content was
            merged, and perhaps reverted.
        may_write: whether the person may write to the repository; None if the source knows no
            permissions.
        where: where the approval can be seen.
        proposal: the name of its proposal, if several are merged together.
    """

    approver: str
    source: str
    commit: str | None = None
    contents: Mapping[str, ApprovalEntry | None] | None = None
    base: str | None = None
    lapsed: frozenset[str] = frozenset()
    may_write: bool | None = None
    where: str = ""
    proposal: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One of several proposals that a merge queue merges together.

    Attributes:
        name: its name in the source, such as `#12`.
        commit: the proposed commit.
        contents: its content at the governed paths that it changes (None: deleted). None if
            unknown; then it may have changed every path in any way.
        authors: the names of its author, and of the authors of its commits.
        committers: the names of all contributors to its commits.
        merges: merge commits without own changes; they have no contributors.
    """

    name: str
    commit: str
    contents: Mapping[str, ApprovalEntry | None] | None = None
    authors: frozenset[str] = frozenset()
    committers: frozenset[str] = frozenset()
    merges: frozenset[str] = frozenset()

    def touches(self, path: str) -> bool:
        """Return whether it changes the path; true if unknown."""
        return self.contents is None or path in self.contents

    def makes(self, path: str, entry: ApprovalEntry | None) -> bool:
        """Return whether it is known to change the path to this entry."""
        return self.contents is not None and self.contents.get(path, _NOT_CHANGED) == entry


# An entry that equals no entry of Git.
_NOT_CHANGED = ApprovalEntry("", "")


@dataclass(frozen=True, slots=True)
class Approvals:
    """Everything known about the approvals of a change.

    Attributes:
        sources: the sources that were asked; empty: approvals were not checked.
        found: all approvals, whether they count or not.
        author: `@login` of the change's author, if a source knows it.
        committers: `@login`s of the commits' authors and committers, if a source knows them.
        proposals: the proposals in a merge queue's change, each with its own people. Empty: there
            is one proposal.
        teams: team key (`owner_key`) -> members, child teams included. A missing team is unknown
            and counts as without members.
        objections: the names of people who requested changes.
        notes: remarks for people, such as signatures that do not count and why.
    """

    sources: tuple[str, ...] = ()
    found: tuple[Approval, ...] = ()
    author: str | None = None
    committers: tuple[str, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)
    objections: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_checked(self) -> bool:
        """Whether any source was asked."""
        return bool(self.sources)


def latest_reviews(reviews: Iterable[Review]) -> list[Review]:
    """Return each person's effective review, from reviews in the forge's order.

    It is the latest one that approves, requests changes or was dismissed. Comments, pending reviews
    and reviews without a person are skipped. An unknown state is effective and is not an approval.
    """
    latest: dict[str, Review] = {}
    for review in reviews:
        if review.user is None or review.state in {ReviewState.COMMENTED, ReviewState.PENDING}:
            continue
        key = review.user.casefold()
        latest.pop(key, None)
        latest[key] = review
    return list(latest.values())
