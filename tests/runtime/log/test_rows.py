"""Records as rows, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.log import rows
from promptops.runtime.log.record import Event, Feedback, RunReview
from tests.runtime.log.pieces import START, end, make_attempt, make_keyring, make_run, new_id

if TYPE_CHECKING:
    from promptops.runtime.log.encryption import Keyring


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def keyring(request: pytest.FixtureRequest) -> Keyring | None:
    return make_keyring(b"a") if request.param else None


def test_a_run_comes_back_without_its_contents(keyring: Keyring | None) -> None:
    run = end(make_run(parent_id=new_id()), status="failed", stage="call", error_kind="E")
    row = rows.run_row(run, "why", keyring, is_redacted=False)
    bare = run._replace(error="why", inputs=None, messages=None, answer=None)
    assert rows.read_run(tuple(row), keyring) == bare
    assert (b"why" in row[rows.RUN_COLUMNS.index("error")]) == (keyring is None)


@pytest.mark.parametrize("is_cached", [False, True])
@pytest.mark.parametrize("is_degraded", [False, True])
@pytest.mark.parametrize("is_redacted", [False, True])
def test_the_marks_of_a_run_share_one_column(
    *, is_cached: bool, is_degraded: bool, is_redacted: bool
) -> None:
    run = end(make_run(), is_cached=is_cached, is_degraded=is_degraded)
    row = rows.run_row(run, None, None, is_redacted=is_redacted)
    found = rows.read_run(tuple(row), None)
    marks = found.is_cached, found.is_degraded, found.is_redacted
    assert marks == (is_cached, is_degraded, is_redacted)
    assert rows.is_cached(row[rows.RUN_COLUMNS.index("flags")]) == is_cached


def test_what_belongs_to_a_run_comes_back(keyring: Keyring | None) -> None:
    run = make_run()
    attempt = make_attempt(run, 2, error_kind="timeout", first_ms=None)
    row = rows.attempt_row(attempt, "why", keyring)
    assert rows.read_attempt(tuple(row), keyring) == attempt._replace(error="why")
    events = (
        Event(new_id(), START, "erased"),
        Event(new_id(), START, "alerted", run.id, {"a": ["ä"]}),
    )
    for event in events:
        assert rows.read_event(tuple(rows.event_row(event, keyring)), keyring) == event
    feedback = Feedback(new_id(), run.id, START, 0.5, "good", by="jo")
    row = rows.feedback_row(feedback, "why", keyring)
    assert rows.read_feedback(tuple(row), keyring) == feedback._replace(comment="why")
    reviews = (
        RunReview(new_id(), run.id, START, why="rule"),
        RunReview(new_id(), run.id, START, None, "answered", False, "no", "late", "jo", START + 9),
    )
    for review in reviews:
        assert rows.read_review(tuple(rows.review_row(review, keyring)), keyring) == review


def test_a_row_is_inserted_or_replaced_by_its_key() -> None:
    assert rows.upsert("t", ("run", "number", "error"), ("run", "number")) == (
        "INSERT INTO t (run, number, error) VALUES (?, ?, ?)"
        " ON CONFLICT (run, number) DO UPDATE SET error = excluded.error"
    )
