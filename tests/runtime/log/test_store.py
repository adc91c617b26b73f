"""What every store of runs does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import NotFoundError, UsageError
from promptops.runtime.log.log import Filters
from promptops.runtime.log.record import Event, Feedback, RunReview
from tests.runtime.log.pieces import HOUR, START, end, make_attempt, make_run, new_id
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from tests.runtime.log.pieces import Clock

PHONE = "+49 171 39028" + "46"


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


def test_retention_prunes(open_store: Callable[..., RunLog], clock: Clock) -> None:
    log = open_store(retention_seconds=24 * HOUR)
    for n in range(3):
        log.finish(end(make_run(START + n * 20 * HOUR)))
    clock.now = START + 50 * HOUR
    log.tend()
    assert len(log.list()) == 1
    assert log.stats()[0].runs == 3


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
