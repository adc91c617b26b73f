"""What is erased, pruned and encrypted again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.runtime.log.record import Event, Feedback, RunReview
from tests.runtime.log.pieces import HOUR, START, end, make_attempt, make_run, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from tests.runtime.log.pieces import Clock


def test_an_erasure_takes_all_and_leaves_a_record_without_the_user(log: RunLog) -> None:
    run = end(make_run(user="ann@example.com"))
    child = end(make_run(parent_id=run.id, user=None))
    other = end(make_run(parent_id=run.id, user="bob"))
    for one in (run, child, other):
        log.finish(one, [make_attempt(one)])
        log.feedback(Feedback(new_id(), one.id, START, score=1.0))
        log.review(RunReview(new_id(), one.id, START))
        log.event(Event(new_id(), START, "alerted", one.id))
    removed = log.erase("ann@example.com", by="jo", reason="asked for it")
    assert set(removed.run_ids) == {run.id, child.id}
    assert [one.id for one in log.list()] == [other.id]
    assert len(log.reviews()) == 1
    [event] = log.events("erased")
    assert event.detail is not None
    assert event.detail["by"] == "jo"
    assert "ann" not in str(event.detail)
    assert log.erase("ann@example.com", by="jo", reason="again").runs == 0


def test_prune_keeps_sums_and_open_reviews(log: RunLog, clock: Clock) -> None:
    runs = [end(make_run(START + n * HOUR, user=f"u-{n}")) for n in range(6)]
    for run in runs:
        log.finish(run)
    log.review(RunReview(new_id(), runs[0].id, START))
    clock.now = START + 10 * HOUR
    before = START + 3 * HOUR
    assert log.prune(before, by="jo", reason="old", dry_run=True).runs == 2
    assert len(log.list()) == 6
    assert log.prune(before, by="jo", reason="old").runs == 2
    assert {run.id for run in log.list()} == {runs[n].id for n in (0, 3, 4, 5)}
    assert log.stats()[0].runs == 6
    [event] = log.events("pruned")
    assert event.detail is not None
    assert event.detail["runs"] == 2


def test_an_output_is_found_after_erasing_others(open_store: Callable[..., RunLog]) -> None:
    log = open_store()
    run = end(make_run(user=None, tenant=None, key=None), answer=json.dumps({"a": 1}))
    log.finish(run)
    log.erase("u-1", by="jo", reason="asked for it")
    assert [one.id for one in log.find_output('{"a":1}')] == [run.id]
    assert run.started_at == START
