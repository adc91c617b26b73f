"""What all checks of GitHub's settings share: what they expect, and who may pass a ruleset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.doctor.answer import unknown, warning
from promptops.doctor.github.settings import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.doctor.answer import Answer
    from promptops.doctor.github.settings import GitHubSettings, Ruleset

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
    """The default branch, in words."""
    return f"{settings.repository}: {settings.branch}"


def judge_actors(settings: GitHubSettings, numbers: Iterable[int], what: str) -> Iterator[Answer]:
    """Say who may pass some rulesets, given by their numbers; `what` says which rules these are."""
    for ruleset in of_numbers(settings, numbers):
        place = f"{settings.repository}: ruleset {ruleset.name}"
        if ruleset.actors is None:
            yield unknown(
                f"who may pass {what} is not shown to this token",
                place,
                "ask with a token of someone who administers the repository",
            )
            continue
        for actor in ruleset.actors:
            when = " when merging a pull request" if actor.only_in_pull_requests else ""
            yield warning(
                f"{actor} may pass {what}{when}",
                place,
                risk="one account that is taken over, or one hurried evening, and nothing is asked",
                remedy=f"{RULESETS} > {ruleset.name}: empty the bypass list",
            )


def of_numbers(settings: GitHubSettings, numbers: Iterable[int]) -> list[Ruleset]:
    """The rulesets of these numbers, as far as they could be read."""
    if isinstance(settings.rulesets, Unread):
        return []
    wanted = set(numbers)
    return [ruleset for ruleset in settings.rulesets if ruleset.number in wanted]


def as_answer(unread: Unread, place: str) -> Answer:
    """What could not be read, as an answer."""
    return unknown(unread.why, place, unread.remedy)
