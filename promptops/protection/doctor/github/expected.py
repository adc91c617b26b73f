"""Shared parts of the checks of GitHub's settings: expectations, and who may bypass a ruleset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.protection.doctor.answer import UnreadSetting, note, unknown, warning
from promptops.protection.doctor.github.settings import ActorKind, Ruleset, who_passes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.github.settings import Actor, GitHubSettings, RulesetRule

GUIDE = "docs/protection.md of promptops"
RULESETS = "Settings > Rules > Rulesets"


@dataclass(frozen=True, slots=True)
class ExpectedGate:
    """The facts about the gate in the repository's own files.

    Attributes:
        statuses: the possible names of its status or check.
        takes_queue: whether it runs in a merge queue.
        deploys: whether a workflow deploys.
        numbers: whether releases push version numbers to the default branch.
    """

    statuses: frozenset[str]
    takes_queue: bool
    deploys: bool
    numbers: bool = False


def place_of(settings: GitHubSettings) -> str:
    """Return the default branch, in words."""
    return f"{settings.repository}: {settings.branch}"


def find_rulesets(
    settings: GitHubSettings, rules: Iterable[RulesetRule], kind: str
) -> list[Ruleset]:
    """Return the rulesets with rules of one type; unreadable ones by `Ruleset.unseen`."""
    known = (
        {}
        if isinstance(settings.rulesets, UnreadSetting)
        else {ruleset.number: ruleset for ruleset in settings.rulesets}
    )
    numbers = dict.fromkeys(rule.ruleset for rule in rules if rule.kind == kind)
    return [known.get(number) or Ruleset.unseen(number) for number in numbers]


def judge_passing(
    chains: Iterable[Sequence[Ruleset]], what: str, place: str, risk: str, *, keys: bool = False
) -> Iterator[DoctorAnswer]:
    """Report who may bypass rules.

    Args:
        chains: for each rule, the rulesets that contain it.
        what: the rules, for messages.
        place: where they apply.
        risk: the consequence of bypassing them.
        keys: whether deploy keys must bypass them, because releases push versions with one.
    """
    actors: dict[Actor, str] = {}
    for rulesets in chains:
        passing = who_passes(rulesets)
        if passing is None:
            yield hidden(what, place)
            return
        actors |= dict.fromkeys(passing, rulesets[0].name)
    if keys:
        yield _judge_keys([actor for actor in actors if actor.kind == ActorKind.KEY], what, place)
    for actor, name in actors.items():
        if keys and actor.kind == ActorKind.KEY:
            continue
        when = " when merging a pull request" if actor.only_in_pull_requests else ""
        yield warning(
            f"{actor} may bypass {what}{when}",
            place,
            risk=risk,
            remedy=f"{RULESETS} > {name}: empty the bypass list",
        )


def _judge_keys(keys: Sequence[Actor], what: str, place: str) -> DoctorAnswer:
    if not keys:
        return warning(
            f"no deploy key may bypass {what}, and releases push version numbers there",
            place,
            risk="the forge refuses every release",
            remedy="add deploy keys to the ruleset's bypass list, and keep no other key with "
            f"write access ({GUIDE})",
        )
    return note(
        f"every deploy key may bypass {what}: releases push version numbers with one",
        place,
        risk="anyone who has such a key can bypass the gate",
        remedy="keep one key with write access, only in the environment promptops-release and "
        f"only for the default branch ({GUIDE})",
    )


def hidden(what: str, place: str) -> DoctorAnswer:
    """Return the answer that bypass actors are visible only to those who may edit the ruleset."""
    return unknown(
        f"this token cannot see who may bypass {what}",
        place,
        "use a token of an administrator of the repository",
    )
