"""Approvals that a forge reports: reviews on GitHub.

A review says which commit was looked at. What a person may write, which teams have which members,
and whose commits these are, the forge is asked only where the answer can decide something. What it
does not answer is an error; only who is in a team, which a CI token often may not read, the target
branch's groups file may say instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import DeniedError, UsageError, quote
from promptops.forge.connection import open_github
from promptops.forge.event import read_event
from promptops.gate import Approval, Approvals, ReviewState, latest_reviews
from promptops.owners import owner_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from promptops.forge import GitHub, Limits, PullRequest
    from promptops.gate import Change, Review
    from promptops.gate.people import Groups
    from promptops.policy import Policy
    from promptops.repository import Repository

    ForgeReader = Callable[[Repository, Policy, Change], Approvals]
    """Asks the forge about a change."""

GITHUB = "github"
_TEAM = re.compile(r"@([^/@\s]+)/([^/@\s]+)")


def find_forge(
    environment: Mapping[str, str], *, wanted: str | None = None, limits: Limits | None = None
) -> ForgeReader | None:
    """Find the forge that can say who approved what the present CI run is about.

    Args:
        environment: the process's environment.
        wanted: `github` or `gitlab`, where one of them is asked for by name.
        limits: what the forge may ask of us.

    Returns:
        What asks it; None outside a forge's CI, and in a run that is about no proposal.

    Raises:
        UsageError: the run is another forge's than the wanted one's, or cannot be understood.
        IntegrityError: the event is not of the form that the forge documents.
    """
    event = read_event(environment)
    if event is None or not event.is_change:
        return None
    if wanted is not None and wanted != event.forge:
        raise UsageError(
            f"approvals come from {wanted}, and this is {event.forge}'s CI",
            hint="set `approvals` in [gate] to the forge that this repository is on",
        )

    def read(repository: Repository, policy: Policy, change: Change) -> Approvals:  # noqa: ARG001 - as every source of approvals is asked
        with open_github(event, environment, limits) as client:
            numbers = [] if event.number is None else [event.number]
            if event.queue is not None:
                numbers += client.queued(event.queue)
            return read_github(
                client,
                numbers,
                target=change.target,
                owners=list_owners(policy, change),
                groups=policy.groups,
                committers_may=policy.config.gate.committers,
            )

    return read


def list_owners(policy: Policy, change: Change) -> list[str]:
    """The owners whose approval a change may need, as CODEOWNERS writes them, each once."""
    if policy.owners is None:
        return []
    paths = {*(one.path for one in change.paths), *(one.path for one in change.prompts)}
    rules = (rule for path in sorted(paths) for rule in policy.owners.match(path).required)
    return list(dict.fromkeys(owner for rule in rules for owner in rule.owners))


def read_github(
    client: GitHub,
    numbers: Sequence[int],
    *,
    target: str,
    owners: Iterable[str],
    groups: Groups,
    committers_may: bool = False,
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
        committers=_committers_of(client, pulls) if matters else (),
        teams=dict(_read_teams(client, owners, groups)),
        objections=tuple(dict.fromkeys(objections)),
        notes=tuple(notes),
    )


def _committers_of(client: GitHub, pulls: Iterable[PullRequest]) -> tuple[str, ...]:
    return tuple(sorted(frozenset().union(*map(client.committers, pulls))))


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
