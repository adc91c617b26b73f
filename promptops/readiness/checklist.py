"""All items, judged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from promptops.readiness import product, production, tool
from promptops.readiness.attestations import find_newest
from promptops.readiness.item import Evidence, ReadinessLevel, ReadinessOutcome, unseen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.readiness.facts import ReadinessFacts
    from promptops.readiness.item import ReadinessItem

ITEMS: tuple[ReadinessItem, ...] = (*tool.ITEMS, *product.ITEMS, *production.ITEMS)


class Judged(NamedTuple):
    """One item with its outcome."""

    item: ReadinessItem
    found: Evidence


class Readiness(NamedTuple):
    """The whole checklist.

    Attributes:
        judged: the items up to the level that was asked for, in order.
        reached: the highest level whose items, and those of all levels before it, are met; None:
            not even the first.
    """

    judged: tuple[Judged, ...]
    reached: ReadinessLevel | None


def judge_readiness(
    facts: ReadinessFacts, level: ReadinessLevel = ReadinessLevel.PRODUCTION
) -> Readiness:
    """Judge the items of a level and of those before it.

    Items that are unknown or not met can be attested: the newest statement counts until it expires.
    """
    levels = list(ReadinessLevel)
    wanted = levels[: levels.index(level) + 1]
    judged = tuple(Judged(one, _judge(facts, one)) for one in ITEMS if one.level in wanted)
    reached = None
    for one in wanted:
        if not all(entry.found.outcome.is_good for entry in judged if entry.item.level is one):
            break
        reached = one
    return Readiness(judged, reached)


def count_good(judged: Sequence[Judged]) -> int:
    """Return the number of items that are met."""
    return sum(one.found.outcome.is_good for one in judged)


def _judge(facts: ReadinessFacts, item: ReadinessItem) -> Evidence:
    found = item.judge(facts)
    if found.outcome is ReadinessOutcome.MET:
        return found
    newest = find_newest(facts.attestations, item.id)
    if newest is None:
        return found
    now = datetime.fromtimestamp(facts.now, UTC)
    if newest.at <= now < newest.ends_at:
        when = f"{newest.at:%Y-%m-%d}; until {newest.ends_at:%Y-%m-%d}"
        said = f"{newest.evidence} ({newest.by}, {when})"
        if found.outcome is ReadinessOutcome.MISSING:
            # What somebody says does not hide what is seen.
            said += f"; seen here: {found.evidence}"
        return Evidence(ReadinessOutcome.ATTESTED, said)
    when = "is dated in the future" if newest.at > now else f"ended on {newest.ends_at:%Y-%m-%d}"
    said = f"{found.evidence}; the attestation by {newest.by} {when}"
    return (
        unseen(said, found.remedy)
        if found.outcome is ReadinessOutcome.UNSEEN
        else found._replace(evidence=said)
    )
