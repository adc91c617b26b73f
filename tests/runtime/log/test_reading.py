"""Runs, reviews and events as they are read from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import NotFoundError, UsageError
from promptops.runtime.log.record import Event, RunReview
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


def test_a_run_is_found_by_the_beginning_of_its_id(log: RunLog) -> None:
    first, second = (
        end(make_run(id=f"0198f3c2-1abc-7000-8000-00000000000{number}")) for number in (1, 2)
    )
    for run in (first, second):
        log.finish(run)
    assert log.get(second.id.upper().replace("-", "")).run == second
    with pytest.raises(UsageError, match="several runs begin with '0198f3c2'"):
        log.get("0198f3c2")
    with pytest.raises(NotFoundError, match="has no run '0198f3c3'"):
        log.get("0198f3c3")


def test_of_several_reviews_of_a_run_the_open_one_counts_and_then_the_newest(log: RunLog) -> None:
    run = end(make_run())
    log.finish(run)
    reviews = [RunReview(new_id(START + n), run.id, START + n, status="answered") for n in range(3)]
    for review in reviews:
        log.review(review)
    assert log.get_review(run.id) == reviews[2]
    log.review(reviews[1]._replace(status="open"))
    assert log.get_review(run.id[:18]).id == reviews[1].id
    assert log.get_review(reviews[0].id) == reviews[0]
    # Its own id counts before the beginning of a run's id.
    alike = end(make_run(id=f"{reviews[0].id[:-2]}00"))
    log.finish(alike)
    log.review(RunReview(new_id(START + 9), alike.id, START + 9))
    assert log.get_review(reviews[0].id[:34]) == reviews[0]
    with pytest.raises(NotFoundError, match="has no review 'ffff'"):
        log.get_review("ffff")


def test_events_are_read_by_kind_and_newest_first(log: RunLog) -> None:
    events = [Event(new_id(START + n), START + n, "ab"[n % 2]) for n in range(4)]
    for event in events:
        log.event(event)
    assert list(log.events(limit=3)) == events[:0:-1]
    assert list(log.events("b")) == [events[3], events[1]]
