"""Runs, reviews and events as they are read from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.log.record import RunReview
from tests.runtime.log.pieces import START, end, make_run, new_id

if TYPE_CHECKING:
    from promptops.runtime.log.log import RunLog


def test_reviews_wait_and_are_answered(log: RunLog) -> None:
    runs = [end(make_run(START + n)) for n in range(2)]
    for run in runs:
        log.finish(run)
    reviews = [RunReview(new_id(), run.id, run.started_at, why="urgency is high") for run in runs]
    for review in reversed(reviews):
        log.review(review)
    assert list(log.reviews()) == reviews
    answered = reviews[0]._replace(
        status="answered",
        is_accepted=False,
        answer="no",
        note="it is late",
        by="jo",
        answered_at=START + 9,
    )
    log.review(answered)
    assert log.get_review(reviews[0].id[:30]) == log.get_review(runs[0].id) == answered
    assert list(log.reviews()) == reviews[1:]
    assert list(log.reviews(status="answered")) == [answered]


def test_tail_follows(log: RunLog) -> None:
    log.finish(end(make_run()))
    found, place = log.tail()
    assert found == []
    run = make_run(START - 5)
    log.begin(run)
    found, place = log.tail(after=place)
    assert [one.id for one in found] == [run.id]
    assert log.tail(after=place) == ([], place)
