"""Who approved what: the one shape in which every source of approvals is judged.

A source vouches for a person and for the content that this person saw. Whether that is enough
(is this an owner, is the content still the same, may authors approve their own work) is decided in
one place, by the same rules for every source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.forge.review import Review, ReviewState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, order=True)
class ApprovalEntry:
    """What Git has at a path: mode (`100644`, `120000`, ...) and object id."""

    mode: str
    oid: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval, as its source vouches for it.

    Attributes:
        approver: `@login`, or the principal of an allowed signers file.
        source: `github`, `gitlab`, `signed` or `file`.
        commit: the commit whose content was approved, where the source names one.
        contents: what was approved, path by path (None: the path's absence), where the source
            says it itself. One of `commit` and `contents` is given; with neither, nothing counts.
        base: the commit on the target branch that the approver compared with; None where the
            source ties an approval to one change, as a forge does. What the target branch has
            changed at a path since then, the approver did not see.
        lapsed: the paths that the target branch has changed since `base`: what was approved there
            has been merged, and perhaps taken back, since.
        may_write: whether the person may write to the repository; None where the source knows no
            permissions.
        where: where a person can look the approval up.
        proposal: the name of the one proposal that it is for, where several are merged together.
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
    """One of those that a merge queue merges together: what it does by itself, and whose it is.

    Attributes:
        name: what the source calls it, such as `#12`.
        commit: the commit that is proposed.
        contents: what it makes of the governed paths that it changes (None: the path goes). None
            where that cannot be told; then it may have changed any of them, and into anything.
        authors: the names of who proposes it, and of the authors of its commits.
        committers: the names of all who had a hand in its commits.
        merges: the commits that merge two others and add nothing: they are nobody's work.
    """

    name: str
    commit: str
    contents: Mapping[str, ApprovalEntry | None] | None = None
    authors: frozenset[str] = frozenset()
    committers: frozenset[str] = frozenset()
    merges: frozenset[str] = frozenset()

    def touches(self, path: str) -> bool:
        """Return whether it changes the path, as far as can be told."""
        return self.contents is None or path in self.contents

    def makes(self, path: str, entry: ApprovalEntry | None) -> bool:
        """Return whether it is known to change the path into this."""
        return self.contents is not None and self.contents.get(path, _NOT_CHANGED) == entry


# Nothing that Git could have anywhere.
_NOT_CHANGED = ApprovalEntry("", "")


@dataclass(frozen=True, slots=True)
class Approvals:
    """Everything that was found out about who approved a change.

    Attributes:
        sources: the sources that were asked; none: approval was not checked.
        found: the approvals, whatever they are worth.
        author: `@login` of who proposes the change, where a source knows it.
        committers: `@login`s of the commits' authors and committers, where a source knows them.
        proposals: those of which the change is made, each with its own people, where a merge queue
            made it. Empty: it is one proposal.
        teams: the members of the teams that were asked for, by the team's key (`owner_key`), child
            teams included. A team that is not here is unknown, and owns nothing.
        objections: people who ask for changes, by name.
        notes: what a person should know, such as signatures that were left out and why.
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
        """Whether anybody was asked at all."""
        return bool(self.sources)


def latest_reviews(reviews: Iterable[Review]) -> list[Review]:
    """Return the one review of each person that counts, from reviews in the forge's order.

    The latest of approved, changes requested and dismissed; a comment or a pending review changes
    nothing, and neither does a review without a person. A state that is not known here counts as
    the latest and is no approval: what the forge means by it, nobody here can tell.
    """
    latest: dict[str, Review] = {}
    for review in reviews:
        if review.user is None or review.state in {ReviewState.COMMENTED, ReviewState.PENDING}:
            continue
        key = review.user.casefold()
        latest.pop(key, None)
        latest[key] = review
    return list(latest.values())
