"""Runs written alone and in batches, and the texts that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.runtime.log.rows import ATTEMPT_COLUMNS, RUN_COLUMNS
from tests.runtime.log.pieces import HOUR, START, end, make_attempt, make_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.database import Cursor, Database
    from promptops.runtime.log.log import RunLog
    from tests.runtime.log.pieces import Clock

CARD = "My card is 4539 1488" + " 0343 6467."


def test_many_runs_are_completed_in_one_commit(log: RunLog) -> None:
    runs = [make_run(START + n) for n in range(3)]
    log.begin(runs[0])
    ended = [(end(run), (make_attempt(run),)) for run in runs]
    log.finish_all(ended)
    log.finish_all(ended)
    assert [log.get(run.id).run for run in runs] == [run for run, _ in ended]
    assert [group.runs for group in log.stats()] == [3]


def read_rows(log: RunLog) -> list[list[tuple[Any, ...]]]:
    """Return all rows of runs, with texts instead of their numbers."""
    columns = ", ".join(f"runs.{name}" for name in (*RUN_COLUMNS, "mac"))
    selects = (
        (
            f"SELECT {columns}, r.hash, r.body, a.body FROM runs"
            " LEFT JOIN texts r ON r.id = runs.request LEFT JOIN texts a ON a.id = runs.answer"
            " ORDER BY runs.id"
        ),
        (
            "SELECT runs.id, t.hash, t.body FROM uses JOIN runs ON runs.n = uses.run"
            " JOIN texts t ON t.id = uses.text ORDER BY runs.id, t.hash"
        ),
        "SELECT hash, body FROM texts ORDER BY body, hash",
        f"SELECT {', '.join(ATTEMPT_COLUMNS)} FROM attempts ORDER BY run, number",
        "SELECT hour, slice, data FROM hours ORDER BY hour, slice",
    )

    def read(cursor: Cursor) -> list[list[tuple[Any, ...]]]:
        return [list(cursor.rows(one)) for one in selects]

    database: Database = log._database  # type: ignore[attr-defined]
    return database.read(read)


def remove_rows(log: RunLog) -> None:
    def remove(cursor: Cursor) -> None:
        for table in ("uses", "texts", "runs", "attempts", "hours"):
            cursor.run(f"DELETE FROM {table}")

    log._database.write(remove)  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", ["full", "redacted", "none"])
def test_a_batch_makes_the_rows_that_one_run_after_the_other_makes(
    open_store: Callable[..., RunLog], clock: Clock, content: str
) -> None:
    log = open_store(content=content)
    log.finish(end(make_run(START - 5 * HOUR)))
    clock.now = START - 2 * HOUR
    log.tend()
    clock.now = START + 7200
    remove_rows(log)
    turn = {"role": "assistant", "content": "I see. " * 200}
    long = {"ticket": "It broke again, and nobody answers. " * 400}
    started = [
        make_run(START),
        make_run(
            START + 1, inputs={"ticket": CARD}, messages=[turn, {"role": "user", "content": CARD}]
        ),
        make_run(START + 2, inputs=long, messages=[{"role": "user", "content": long["ticket"]}]),
        make_run(START + 3, inputs=long, messages=[{"role": "user", "content": long["ticket"]}]),
        make_run(START + 4, hidden=("ticket",)),
        make_run(START + 5, inputs=None, messages=None),
        # The hour of this one is over.
        make_run(START - 5 * HOUR + 60),
        make_run(START + 6),
    ]
    runs = [end(run) for run in started]
    runs[3] = end(
        started[3], answer=None, tool_calls=({"id": "c", "name": "f", "arguments": "{}"},)
    )
    runs[4] = end(started[4], status="failed", stage="call", error="I was charged twice.")
    written = [(run, (make_attempt(run), make_attempt(run, 2))) for run in runs]
    found = []
    for is_batch in (False, True):
        log.begin(started[-1])
        if is_batch:
            # The last one twice.
            log.finish_all([*written, written[0]])
        else:
            for one in written:
                log.finish(*one)
        found.append(read_rows(log))
        remove_rows(log)
    assert found[0] == found[1]
    assert len(found[1][0]) == len(runs)


def test_a_batch_beside_another_process_that_wrote_its_texts(
    open_store: Callable[..., RunLog],
) -> None:
    one, other = open_store(content="full"), open_store(content="full")
    one.finish(end(make_run()))
    other.finish_all([(end(make_run(START + n)), ()) for n in range(3)])
    one.erase("u-1", by="jo", reason="asked")
    # What both knew to be there is gone.
    for log in (one, other):
        runs = [end(make_run(START + n)) for n in range(3)]
        log.finish_all([(run, ()) for run in runs])
        assert [log.get(run.id).run for run in runs] == runs


def test_shared_texts_are_kept_once_and_go_with_their_last_run(log: RunLog) -> None:
    first, second = make_run(user="ann"), make_run(user="bob")
    log.finish(end(first))
    log.finish(end(second, answer="another"))
    removed = log.erase("ann", by="jo", reason="asked for it")
    assert (removed.runs, removed.run_ids) == (1, (first.id,))
    # Her request and answer go; the system message is also his.
    assert removed.texts == 2
    entry = log.get(second.id)
    assert entry.run.messages == second.messages
    assert log.erase("bob", by="jo", reason="too").texts == 3


def test_a_long_request_is_kept_once(log: RunLog) -> None:
    ticket = {"ticket": "".join(f"line {number} " for number in range(2000))}
    first, second = make_run(user="ann", inputs=ticket), make_run(user="bob", inputs=ticket)
    for run in (first, second):
        log.begin(run)
        log.finish(end(run))
    # Her answer goes; the request is also his.
    assert log.erase("ann", by="jo", reason="asked for it").texts == 1
    assert log.get(second.id).run.inputs == ticket
    assert log.erase("bob", by="jo", reason="too").texts == 3


def test_a_run_that_is_completed_again_leaves_no_text_behind(log: RunLog) -> None:
    run = make_run(user="ann")
    log.begin(run)
    log.finish(end(run))
    log.finish(end(run, answer="another"))
    changed = [*(run.messages or ()), {"role": "assistant", "content": "x"}]
    log.finish(end(run, answer="a third", messages=changed))
    entry = log.get(run.id)
    assert (entry.run.answer, entry.run.messages) == ("a third", changed)
    # The system message, the request and the answer.
    assert log.erase("ann", by="jo", reason="asked for it").texts == 3
