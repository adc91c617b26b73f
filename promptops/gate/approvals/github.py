"""Read the approvals of GitHub pull requests: each person's latest review.

A review names the reviewed commit, but not the target branch at that time: before a retarget the
reviewer may have seen only a part of the change. Write permissions, members of teams and committers
are requested only if they can affect the verdict. A missing answer is an error, with one exception:
members of a team, which a CI token often may not read, may come from the target branch's groups
file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.errors import DeniedError, UsageError, quote
from promptops.forge.codeowners import owner_key
from promptops.gate.rules import Approval, Approvals, ReviewState, latest_reviews

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from promptops.forge.github import GitHub, PullRequest
    from promptops.gate.rules import Proposal, Review
    from promptops.gate.rules.people import Groups

GITHUB = "github"
_TEAM = re.compile(r"@([^/@\s]+)/([^/@\s]+)")


def read_github(
    client: GitHub,
    numbers: Sequence[int],
    *,
    target: str,
    owners: Iterable[str],
    groups: Groups,
    committers_may: bool = False,
    merges: Collection[str] = (),
    read_proposal: Callable[[str, str], Proposal] | None = None,
) -> Approvals:
    """Read the approvals from GitHub.

    Args:
        client: the repository on GitHub.
        numbers: the pull request, or those that a merge queue merges together.
        target: the target branch.
        owners: the owners whose approval may be needed.
        groups: people, and members of teams that GitHub does not show.
        committers_may: whether committers may approve.
        merges: commits without own changes, see `Change.merges`.
        read_proposal: for a merge queue, reads a pull request from the clone, by its name and
            commit. None: there is one pull request.

    Raises:
        UsageError: a pull request has another target branch.
        PromptopsError: GitHub is unreachable, refuses, or returns a malformed answer.
    """
    pulls = [client.pull_request(number) for number in numbers]
    for pull in pulls:
        if pull.base_ref != target:
            raise UsageError(
                f"pull request {pull.number} targets {quote(pull.base_ref)}, and this run is "
                f"for {quote(target)}",
                hint="run it again: the pull request was retargeted",
            )
    found: list[Approval] = []
    objections: list[str] = []
    notes: list[str] = []
    for pull in pulls:
        reviews = latest_reviews(client.reviews(pull.number))
        is_approved = any(one.state == ReviewState.APPROVED for one in reviews)
        sent = client.find_last_retarget(pull.number) if is_approved else None
        for review in reviews:
            user = review.user or ""
            if review.state == ReviewState.CHANGES_REQUESTED:
                objections.append(user)
            elif review.state == ReviewState.APPROVED and _is_older(review, sent):
                notes.append(
                    f"approval by {user} does not count: it was given before the pull request "
                    f"was retargeted to {target}"
                )
            elif review.state == ReviewState.APPROVED:
                notes += _doubts(review)
                name = _name(pull) if read_proposal else None
                found.append(_to_approval(client, review, user, name))
    matters = bool(found) and not committers_may
    everything = Approvals(
        sources=(GITHUB,),
        found=tuple(found),
        teams=dict(_read_teams(client, owners, groups)),
        objections=tuple(dict.fromkeys(objections)),
        notes=tuple(notes),
    )
    if read_proposal is not None:
        proposals = [_look_at(client, pull, read_proposal, matters=matters) for pull in pulls]
        return replace(
            everything,
            proposals=tuple(proposals),
            notes=(*everything.notes, *(note for one in proposals for note in _gaps(one))),
        )
    (pull,) = pulls
    committers = client.committers(pull, besides=merges) if matters else frozenset()
    return replace(everything, author=pull.author, committers=tuple(sorted(committers)))


def _look_at(
    client: GitHub, pull: PullRequest, look: Callable[[str, str], Proposal], *, matters: bool
) -> Proposal:
    """Return one of several pull requests, with its people from the clone and from GitHub."""
    found = look(_name(pull), pull.head)
    committers = client.committers(pull, besides=found.merges) if matters else frozenset()
    return replace(
        found,
        authors=found.authors | ({pull.author} if pull.author else frozenset()),
        committers=found.committers | committers,
    )


def _name(pull: PullRequest) -> str:
    return f"#{pull.number}"


def _gaps(proposal: Proposal) -> Iterator[str]:
    if proposal.contents is None:
        yield (
            f"{proposal.name} cannot be compared with its target: its commit "
            f"{proposal.commit[:12]} is not in this clone"
        )


def _is_older(review: Review, time: datetime | None) -> bool:
    """Return whether a review was, or may have been, given before a time."""
    return time is not None and (review.at is None or review.at <= time)


def _to_approval(client: GitHub, review: Review, user: str, proposal: str | None) -> Approval:
    return Approval(
        approver=user,
        source=GITHUB,
        commit=review.commit,
        may_write=not _is_app(user) and client.may_write(user),
        where=review.url,
        proposal=proposal,
    )


def _doubts(review: Review) -> Iterator[str]:
    """Yield reasons why an approval does not count, by its own data."""
    if review.commit is None:
        yield f"approval by {review.user} does not count: its commit no longer exists"
    if _is_app(review.user or ""):
        yield f"approval by {review.user} does not count: it is an app"


def _is_app(user: str) -> bool:
    """Return whether this is an app, which cannot be an owner. A person's login has no brackets."""
    return user.endswith("[bot]")


def _read_teams(
    client: GitHub, owners: Iterable[str], groups: Groups
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the teams among the owners, with their members."""
    for owner in owners:
        team = _TEAM.fullmatch(owner)
        if team is None:
            continue
        try:
            found = client.team_members(team[1], team[2])
        except DeniedError as error:
            # An invalid token is an error, whatever the groups file says.
            known = None if error.status == 401 else groups.members(owner)
            if known is None:
                raise _unknown_team(owner, error) from error
            found = known
        yield owner_key(owner), found


def _unknown_team(owner: str, error: DeniedError) -> DeniedError:
    return DeniedError(
        f"the members of {owner} cannot be read: {error.message}",
        status=error.status,
        hint="list its members in the groups file on the target branch, or use another token; "
        f"{error.hint}",
    )
