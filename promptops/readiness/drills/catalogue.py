"""The drills by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.readiness.drills import provider_outage, restore, rollback, source_loss
from promptops.readiness.drills.scratch import DrillStep, open_drill

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.readiness.drills.scratch import Drill
    from promptops.repository.repository import Repository


class DrillKind(NamedTuple):
    """One drill.

    Attributes:
        title: what it asks.
        item: the item of the checklist that it attests.
        rehearse: does it, and says in a sentence what was shown.
    """

    title: str
    item: str
    rehearse: Callable[[Drill], str]


class DrillResult(NamedTuple):
    """The result of a drill.

    Attributes:
        item: the item of the checklist that it attests.
        steps: what was seen, and how long it took.
        shown: the same in a sentence.
    """

    item: str
    steps: tuple[DrillStep, ...]
    shown: str


DRILLS = {
    "rollback": DrillKind("How long until readers see a rollback?", "rollback", rollback.rehearse),
    "source-loss": DrillKind(
        "Do readers work while the source is down?", "source-loss", source_loss.rehearse
    ),
    "provider-outage": DrillKind(
        "Does a fallback answer when a model fails?", "failover", provider_outage.rehearse
    ),
    "restore": DrillKind("Can everything be restored?", "recovery", restore.rehearse),
}


def run_drill(repository: Repository, name: str) -> DrillResult:
    """Run a drill in a temporary copy. Nothing outside changes.

    Args:
        repository: a repository with a work tree.
        name: one of DRILLS.

    Raises:
        PromptopsError: the drill is not possible, or it failed.
    """
    kind = DRILLS[name]
    with open_drill(repository) as drill:
        shown = kind.rehearse(drill)
        return DrillResult(kind.item, tuple(drill.steps), shown)
