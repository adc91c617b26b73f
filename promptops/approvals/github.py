"""Approvals of GitHub's pull requests: the latest review of each person.

A review says which commit was looked at. What a person may write, which teams have which members,
and whose commits these are, the forge is asked only where the answer can decide something. What it
does not answer is an error; only who is in a team, which a CI token often may not read, the target
branch's groups file may say instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import DeniedError, UsageError, quote
from promptops.gate import Approval, Approvals, ReviewState, latest_reviews
from promptops.owners import owner_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from promptops.forge import GitHub, PullRequest
    from promptops.gate import Review
    from promptops.gate.people import Groups

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
) -> Approvals:
    """Ask GitHub who approved.

    Args:
        client: the repository on GitHub.
        numbers: the pull request; or several, which a merge queue merges together. Then nobody's
            approval of their own among them is reported: there is no one author to leave out.
        target: the branch that they are to be merged into.
        owners: the owners whose approval may be needed.
        groups: who is in a team that GitHub does not show, and which names are one person.
        committers_may: whether it does not matter whose commits these are.
        merges: commits that are nobody's work: see `Change.merges`.

    Raises:
        UsageError: a pull request goes to another branch.
        PromptopsError: GitHub cannot be asked, refuses, or says what cannot be.
    """
    pulls = [client.pull_request(number) for number in numbers]
    for pull in pulls:
        if pull.base_ref != target:
            raise UsageError(
                f"pull request {pull.number} goes to {quote(pull.base_ref)}, and what is judged "
                f"here goes to {quote(target)}",
                hint="run it again: a pull request may be sent to another branch at any time",
            )
    found: list[Approval] = []
    objections: list[str] = []
    notes: list[str] = []
    for pull in pulls:
        reviews = latest_reviews(client.reviews(pull.number))
        own = groups.person(pull.author) if pull.author and len(pulls) > 1 else frozenset()
        for review in reviews:
            user = review.user or ""
            if review.state == ReviewState.CHANGES_REQUESTED:
                objections.append(user)
            elif review.state == ReviewState.APPROVED and user.casefold() not in own:
                notes += _doubts(review)
                found.append(_to_approval(client, review, user))
    matters = bool(found) and not committers_may
    return Approvals(
        sources=(GITHUB,),
        found=tuple(found),
        author=pulls[0].author if len(pulls) == 1 else None,
        committers=_committers_of(client, pulls, merges) if matters else (),
        teams=dict(_read_teams(client, owners, groups)),
        objections=tuple(dict.fromkeys(objections)),
        notes=tuple(notes),
    )


def _committers_of(
    client: GitHub, pulls: Iterable[PullRequest], merges: Collection[str]
) -> tuple[str, ...]:
    people = (client.committers(pull, besides=merges) for pull in pulls)
    return tuple(sorted(frozenset().union(*people)))


def _to_approval(client: GitHub, review: Review, user: str) -> Approval:
    return Approval(
        approver=user,
        source=GITHUB,
        commit=review.commit,
        may_write=not _is_app(user) and client.may_write(user),
        where=review.url,
    )


def _doubts(review: Review) -> Iterator[str]:
    """Why an approval does not count, as far as it shows by itself."""
    if review.commit is None:
        yield f"approval by {review.user} does not count: its commit no longer exists"
    if _is_app(review.user or ""):
        yield f"approval by {review.user} does not count: it is an app"


def _is_app(user: str) -> bool:
    """Whether this is an app, which owns nothing: a person's login holds no brackets."""
    return user.endswith("[bot]")


def _read_teams(
    client: GitHub, owners: Iterable[str], groups: Groups
) -> Iterator[tuple[str, frozenset[str]]]:
    """The teams among the owners, with their members."""
    for owner in owners:
        team = _TEAM.fullmatch(owner)
        if team is None:
            continue
        try:
            found = client.team_members(team[1], team[2])
        except DeniedError as error:
            # A token that is none stays none, whatever the groups file says.
            known = None if error.status == 401 else groups.members(owner)
            if known is None:
                raise _unknown_team(owner, error) from error
            found = known
        yield owner_key(owner), found


def _unknown_team(owner: str, error: DeniedError) -> DeniedError:
    return DeniedError(
        f"nobody can tell who is in {owner}: {error.message}",
        status=error.status,
        hint=f"name its members in the groups file on the target branch, or use another token; "
        f"{error.hint}",
    )
