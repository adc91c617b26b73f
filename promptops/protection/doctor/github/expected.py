"""What all checks of GitHub's settings share: what they expect, and who may pass a ruleset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.protection.doctor.answer import Unread, unknown, warning
from promptops.protection.doctor.github.settings import Ruleset, who_passes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.github.settings import Actor, GitHubSettings, RulesetRule

GUIDE = "docs/protection.md of promptops"
RULESETS = "Settings > Rules > Rulesets"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the repository's own files say about its gate.

    Attributes:
        statuses: the names that its status or check has.
        takes_queue: whether a merge queue starts it.
        deploys: whether a workflow deploys.
    """

    statuses: frozenset[str]
    takes_queue: bool
    deploys: bool


def place_of(settings: GitHubSettings) -> str:
    """Return the default branch, in words."""
    return f"{settings.repository}: {settings.branch}"


def find_rulesets(
    settings: GitHubSettings, rules: Iterable[RulesetRule], kind: str
) -> list[Ruleset]:
    """Return the rulesets that rules of one type are in; those that could not be read, as
    unseen.
    """
    known = (
        {}
        if isinstance(settings.rulesets, Unread)
        else {ruleset.number: ruleset for ruleset in settings.rulesets}
    )
    numbers = dict.fromkeys(rule.ruleset for rule in rules if rule.kind == kind)
    return [known.get(number) or Ruleset.unseen(number) for number in numbers]


def judge_passing(
    chains: Iterable[Sequence[Ruleset]], what: str, place: str, risk: str
) -> Iterator[DoctorAnswer]:
    """Say who may pass rules.

    Args:
        chains: for each rule, the rulesets that all ask for it.
        what: what these rules are, in words.
        place: where they hold.
        risk: what it means that somebody passes them.
    """
    actors: dict[Actor, str] = {}
    for rulesets in chains:
        passing = who_passes(rulesets)
        if passing is None:
            yield hidden(what, place)
            return
        actors |= dict.fromkeys(passing, rulesets[0].name)
    for actor, name in actors.items():
        when = " when merging a pull request" if actor.only_in_pull_requests else ""
        yield warning(
            f"{actor} may pass {what}{when}",
            place,
            risk=risk,
            remedy=f"{RULESETS} > {name}: empty the bypass list",
        )


def hidden(what: str, place: str) -> DoctorAnswer:
    """Who may pass rules is shown only to those who may change them."""
    return unknown(
        f"who may pass {what} is not shown to this token",
        place,
        "ask with a token of someone who administers the repository",
    )
