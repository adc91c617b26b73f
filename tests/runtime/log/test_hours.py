"""Hours that were added up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from promptops.runtime.log.hours import roll_up, rolled_until
from promptops.runtime.log.log import Filters
from tests.runtime.log.pieces import HOUR, START, end, make_run, store_in

if TYPE_CHECKING:
    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.sqlite import SqliteDatabase
    from tests.runtime.log.pieces import Clock


def test_a_run_that_ends_after_its_hour_was_added_up_counts_once(log: RunLog, clock: Clock) -> None:
    slow, gone = make_run(START), make_run(START + 1)
    log.begin(slow)
    log.begin(gone)
    log.finish(end(make_run(START + 2)))
    clock.now = START + 3 * HOUR
    log.tend()
    [group] = log.stats()
    assert group.statuses == {"interrupted": 2, "succeeded": 1}
    for _ in range(2):
        log.finish(end(slow))
    log.finish(end(make_run(START + 3), status="refused", stage="guard"))
    [group] = log.stats()
    assert group.statuses == {"interrupted": 1, "succeeded": 2, "refused": 1}
    assert (group.runs, group.cost_micros) == (4, 3 * 1234)


def test_a_running_run_keeps_its_hour_open(log: RunLog, clock: Clock) -> None:
    run = make_run(START, lease_until=START + 10 * HOUR)
    log.begin(run)
    log.finish(end(make_run(START)))
    clock.now = START + 3 * HOUR
    log.tend()
    assert log.stats()[0].statuses == {"running": 1, "succeeded": 1}
    assert [one.id for one in log.list(Filters(status="running"))] == [run.id]
    clock.now = START + 11 * HOUR
    assert log.stats()[0].statuses == {"interrupted": 1, "succeeded": 1}
    assert [one.id for one in log.list(Filters(status="interrupted"))] == [run.id]
    assert log.list(Filters(status="running")) == []


def test_an_hour_is_added_up_a_quarter_of_an_hour_after_its_end(
    clock: Clock, database: SqliteDatabase
) -> None:
    store = store_in(database, clock)
    begin = START - START % HOUR
    store.finish(end(make_run(begin + 10)))
    for seconds, until in ((HOUR + 899, 0), (HOUR + 900, begin + HOUR)):
        database.write(partial(roll_up, now=begin + seconds))
        assert database.read(rolled_until) == until * 1000


def test_writers_do_not_wait_for_more_than_a_day(clock: Clock, database: SqliteDatabase) -> None:
    store = store_in(database, clock)
    for hour in range(0, 60, 10):
        store.finish(end(make_run(START + hour * HOUR)))
    now = START + 100 * HOUR
    goes = [
        (database.write(partial(roll_up, now=now)), database.read(rolled_until)) for _ in range(3)
    ]
    day = 24 * HOUR * 1000
    begin = round(START - START % HOUR) * 1000
    # The hours without runs are left out.
    ends = [begin + day, begin + 30 * HOUR * 1000 + day]
    assert goes == [(True, ends[0]), (True, ends[1]), (False, ends[1])]
    assert [group.runs for group in store.stats()] == [6]
