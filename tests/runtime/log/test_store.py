"""What every store of runs does."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import ConfigurationError, NotFoundError, UsageError
from promptops.runtime.log.log import Filters
from promptops.runtime.log.record import Event, Feedback, RunReview
from promptops.runtime.log.rows import ATTEMPT_COLUMNS, RUN_COLUMNS
from tests.runtime.log.pieces import START, end, make_attempt, make_run, new_id
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.database import Cursor, Database
    from promptops.runtime.log.log import RunLog
    from tests.runtime.log.pieces import Clock

CARD = "My card is 4539 1488" + " 0343 6467."
PHONE = "+49 171 39028" + "46"
HOUR = 3600


def key(letter: bytes) -> str:
    return base64.b64encode(letter * 32).decode()


def test_a_run_comes_back_as_it_was(log: RunLog) -> None:
    run = make_run()
    log.begin(run)
    assert log.get(run.id).run == run._replace(lease_until=START + 120, status="interrupted")
    ended = end(run, tool_calls=({"id": "1", "name": "find", "arguments": "{}"},))
    attempts = (make_attempt(run), make_attempt(run, 2, error="timed out", error_kind="timeout"))
    log.attempt(attempts[0])
    log.finish(ended, attempts)
    entry = log.get(run.id[:20])
    assert entry.run == ended
    assert entry.attempts == attempts


def test_characters_that_stores_refuse_come_back(log: RunLog) -> None:
    odd = "a\x00b\ud800c\udfff\\u0000 \\! ✓ 😀"
    run = end(
        make_run(user=odd, key="\\!" + odd, inputs={odd: [odd]}, messages=[{"content": odd}]),
        answer=odd,
        error=odd,
        labels={odd: odd},
    )
    log.finish(run, [make_attempt(run, error=odd)])
    entry = log.get(run.id)
    assert entry.run == run
    assert entry.attempts[0].error == odd
    assert [one.id for one in log.list(Filters(user=odd))] == [run.id]
    assert [one.id for one in log.find_output(odd)] == [run.id]
    assert log.stats(by=["user"])[0].by == {"user": odd}


def test_what_is_written_twice_counts_once(log: RunLog) -> None:
    run = make_run()
    for _ in range(2):
        log.begin(run)
    for _ in range(2):
        log.finish(end(run), [make_attempt(run)])
    log.begin(run)
    feedback = Feedback(new_id(), run.id, START, score=1.0, label="good", comment="yes", by="jo")
    event = Event(new_id(), START, "guard_refused", run.id, {"limit": 3})
    for _ in range(2):
        log.feedback(feedback)
        log.event(event)
    entry = log.get(run.id)
    assert (entry.run.status, len(entry.attempts)) == ("succeeded", 1)
    assert (entry.feedback, entry.events) == ((feedback,), (event,))
    [group] = log.stats()
    assert (group.runs, group.cost_micros) == (1, 1234)


def test_feedback_and_reviews_need_a_run(log: RunLog) -> None:
    with pytest.raises(NotFoundError):
        log.feedback(Feedback(new_id(), new_id(), START))
    with pytest.raises(NotFoundError):
        log.review(RunReview(new_id(), new_id(), START))
    with pytest.raises(NotFoundError):
        log.get(new_id())
    for text in ("", "12", "nonsense", "' OR 1=1 --"):
        with pytest.raises(UsageError):
            log.get(text)


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


def test_filters_and_pages(log: RunLog) -> None:
    for n in range(10):
        prompt = "support/triage" if n % 2 else "sales/reply"
        log.finish(end(make_run(START + n // 2, prompt=prompt, user=f"u-{n}")))
    found = log.list(Filters(prompt="support/*"), limit=3)
    assert [run.user for run in found] == ["u-9", "u-7", "u-5"]
    more = log.list(Filters(prompt="support/*"), before=found[-1].id)
    assert [run.user for run in more] == ["u-3", "u-1"]
    assert [run.user for run in log.list(Filters(since=START + 1, until=START + 2))] == [
        "u-3",
        "u-2",
    ]
    assert log.list(Filters(prompt="support_triage")) == []
    assert log.list(Filters(prompt="%*")) == []
    assert log.list(Filters(stage="call")) == []
    assert [entry.run.user for entry in log.export()] == [f"u-{n}" for n in range(10)]


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


def test_runs_of_evals_can_be_left_out(log: RunLog, clock: Clock) -> None:
    for place, environment in enumerate(("production", "eval", None)):
        log.finish(end(make_run(START + place, environment=environment)))
    found = {one: log.list(Filters(evals=one)) for one in (True, False, None)}
    assert [run.environment for run in found[True]] == ["eval"]
    assert [run.environment for run in found[False]] == [None, "production"]
    assert len(found[None]) == 3
    clock.now = START + 3 * HOUR
    for _ in range(2):
        # By run, and by hour.
        counts = [sum(one.runs for one in log.stats(Filters(evals=one))) for one in found]
        assert counts == [1, 2, 3]
        log.tend()


def test_tail_follows(log: RunLog) -> None:
    log.finish(end(make_run()))
    found, place = log.tail()
    assert found == []
    run = make_run(START - 5)
    log.begin(run)
    found, place = log.tail(after=place)
    assert [one.id for one in found] == [run.id]
    assert log.tail(after=place) == ([], place)


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


def test_redaction_comes_before_writing(open_store: Callable[..., RunLog]) -> None:
    log = open_store()
    text = f"Call {PHONE}!"
    run = end(
        make_run(inputs={"ticket": text}, messages=[{"role": "user", "content": text}]),
        answer=text,
        error=text,
    )
    log.finish(run, [make_attempt(run, error=text)])
    log.feedback(Feedback(new_id(), run.id, START, comment=text))
    entry = log.get(run.id)
    assert PHONE not in str(entry)
    assert entry.run.is_redacted
    assert masked(entry.run.answer) == snapshot("Call [redacted telephone number]!")
    assert [one.id for one in log.find_output(text + "\r\n")] == [run.id]
    plain = end(make_run())
    log.finish(plain)
    assert not log.get(plain.id).run.is_redacted


def test_without_content_an_output_is_still_found(open_store: Callable[..., RunLog]) -> None:
    log = open_store(content="none")
    run = end(make_run(), answer='{"b": 1, "a": [2]}')
    log.finish(run)
    entry = log.get(run.id)
    assert (entry.run.inputs, entry.run.messages, entry.run.answer) == (None, None, None)
    assert [one.id for one in log.find_output('{\n  "a": [2],\n  "b": 1\n}\n')] == [run.id]
    assert log.find_output("something else") == []


@pytest.mark.parametrize("content", ["full", "redacted", "none"])
def test_no_key_of_a_provider_is_kept_in_an_error(
    open_store: Callable[..., RunLog], content: str
) -> None:
    log = open_store(content=content)
    secret = "sk-ant-api03-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7" * 3
    run = end(make_run(), error=f"invalid key {secret}")
    log.finish(run, [make_attempt(run, error=f"invalid key {secret}")])
    assert secret not in str(log.get(run.id))


def test_stats_by_hour_and_by_run_agree(log: RunLog, clock: Clock) -> None:
    for n in range(300):
        run = make_run(START + n * 60, user=f"u-{n % 7}", version=f"1.{n % 3}.0")
        if n % 10 == 0:
            log.finish(end(run, status="failed", stage="call", error="no", cost_micros=None, ms=n))
        else:
            log.finish(end(run, ms=100.0 + n, cost_micros=n))
    clock.now = START + 300 * 60 + 2 * HOUR
    before = {str(group.by): group for group in log.stats(by=["version", "day"])}
    users = log.stats(by=["user"])
    log.tend()
    after = {str(group.by): group for group in log.stats(by=["version", "day"])}
    assert before.keys() == after.keys()
    for name, group in before.items():
        assert group.is_exact
        assert not after[name].is_exact
        assert (
            replace(after[name], p50_ms=group.p50_ms, p95_ms=group.p95_ms, is_exact=True) == group
        )
        assert after[name].p50_ms == pytest.approx(group.p50_ms, rel=0.05)
        assert after[name].p95_ms == pytest.approx(group.p95_ms, rel=0.05)
    assert log.stats(by=["user"]) == users
    [total] = log.stats(Filters(prompt="support/*"))
    assert (total.runs, total.errors, total.stages) == (300, 30, {"call": 30})
    part = Filters(since=START + 95 * 60, until=START + 205 * 60)
    assert log.stats(part)[0].runs == 110


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


def test_retention_prunes(open_store: Callable[..., RunLog], clock: Clock) -> None:
    log = open_store(retention_seconds=24 * HOUR)
    for n in range(3):
        log.finish(end(make_run(START + n * 20 * HOUR)))
    clock.now = START + 50 * HOUR
    log.tend()
    assert len(log.list()) == 1
    assert log.stats()[0].runs == 3


def test_encryption_and_rotation(open_store: Callable[..., RunLog]) -> None:
    old, new = key(b"a"), key(b"b")
    plain = open_store(content="full")
    first, second = end(make_run(), error="no"), end(make_run(), answer="second")
    plain.finish(first, [make_attempt(first, error="why"), make_attempt(first, 2, error="what")])
    name = "RUN_LOG_KEY"
    log = open_store({name: old}, content="full", encryption_key=name)
    log.finish(second)
    assert log.get(first.id).run.answer == first.answer
    with pytest.raises(ConfigurationError):
        plain.get(second.id)
    assert log.rotate() > 0
    assert log.rotate() == 0
    with pytest.raises(ConfigurationError):
        open_store(content="full")
    both = open_store({name: f"{new}, {old}"}, content="full", encryption_key=name)
    both.rotate()
    log = open_store({name: new}, content="full", encryption_key=name)
    for run in (first, second):
        assert log.get(run.id).run == run
    assert [one.id for one in log.find_output("second")] == [second.id]
    for bad in ("", "short", None):
        with pytest.raises(ConfigurationError) as caught:
            open_store({} if bad is None else {name: bad}, encryption_key=name)
        assert not bad or bad not in str(caught.value)


def test_versions_that_share_traffic_are_compared_by_key(log: RunLog) -> None:
    for n in range(60):
        version, good = ("1.0.0", n % 2 == 0) if n % 2 else ("1.1.0", True)
        run = make_run(START + n, version=version, key=f"k-{n % 30}")
        log.finish(end(run, ms=100.0 + n % 3, cost_micros=10 if good else 30))
        log.feedback(Feedback(new_id(), run.id, START, score=float(good)))
    result = log.compare("1.0.0", "1.1.0", Filters(prompt="support/triage"))
    found = {one.measure: one for one in result.differences}
    assert (result.left.runs, result.right.runs, result.unkeyed) == (30, 30, 0)
    assert found["feedback"].verdict == "higher"
    assert found["cost"].verdict == "lower"
    assert found["errors"].verdict == "no difference found"
    assert found["feedback"].left.clusters == 15


def test_long_texts_and_odd_inputs(log: RunLog) -> None:
    big = "word " * 400_000
    run = end(make_run(inputs={"a": big, "b": object, "c": {1, 2}}, user="u" * 10_000), answer=big)
    log.finish(run)
    entry = log.get(run.id)
    assert entry.run.answer == big
    assert entry.run.inputs is not None
    assert entry.run.inputs["a"] == big
    assert [one.id for one in log.list(Filters(user="u" * 10_000))] == [run.id]
    assert log.list(Filters(user="u" * 9_999)) == []
