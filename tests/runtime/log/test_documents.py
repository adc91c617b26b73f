"""Runs as JSON."""

from __future__ import annotations

import json

import pytest

from promptops.runtime.log.documents import (
    comparison_to_json,
    entry_to_json,
    format_instant,
    run_to_json,
)
from promptops.runtime.log.record import Event, Feedback, LogEntry, RunReview
from promptops.runtime.log.rollup import Sums
from promptops.runtime.log.statistics import RunComparison, compare
from tests.runtime.log.pieces import START, end, make_attempt, make_run, new_id


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_000_000.1239, "2026-11-18T11:06:40.123Z"),
        (1e20, "@1e+20"),
        (float("nan"), "@nan"),
    ],
)
def test_a_time_is_in_utc_and_one_out_of_range_is_no_error(
    seconds: float | None, text: str | None
) -> None:
    assert format_instant(seconds) == text


def test_without_contents_nothing_is_said_that_people_wrote() -> None:
    run = end(make_run())
    reviewed = RunReview(new_id(), run.id, START, "why", "answered", False, "I disagree.", "Late.")
    entry = LogEntry(
        run, (make_attempt(run),), (Event(new_id(), START, "alerted"),), (), (reviewed,)
    )
    whole, bare = entry_to_json(entry), entry_to_json(entry, with_content=False)
    texts = ("charged twice", "billing", "I disagree", "Late.")
    assert all(text in json.dumps(whole) for text in texts)
    assert not any(text in json.dumps(bare) for text in texts)
    assert whole["reviews"][0].items() > bare["reviews"][0].items()


def test_a_run_says_what_decided_and_what_it_used() -> None:
    run = end(make_run())
    document = run_to_json(run)
    assert document["decisions"] == [{"rule": "share", "why": "30 % of the keys"}]
    assert document["usage"] == {
        "input_tokens": 100,
        "output_tokens": 20,
        "cached_tokens": 0,
        "source": "measured",
    }
    assert run_to_json(make_run())["labels"] == {}


def test_feedback_is_with_its_run() -> None:
    run = end(make_run())
    given = Feedback(new_id(), run.id, START, 0.5, "good", "Yes.", "jo")
    [found] = entry_to_json(LogEntry(run, feedback=(given,)))["feedback"]
    assert (found["score"], found["label"], found["comment"], found["by"]) == given[3:]


def test_a_comparison_names_its_sides_and_the_number_of_keys() -> None:
    difference = compare("errors", "share", [(0.0, 2)] * 50, [(2.0, 2)] * 40, is_share=True)
    groups = [Sums().group({"version": one}) for one in ("1.0.0", "1.1.0")]
    comparison = RunComparison(groups[0], groups[1], (difference,), 3)
    document = comparison_to_json(comparison, ("1.0.0", "1.1.0"))
    assert (document["left"], document["right"], document["unkeyed"]) == ("1.0.0", "1.1.0", 3)
    [found] = document["differences"]
    assert found["left"] == {"mean": 0.0, "runs": 100, "keys": 50}
    assert found["right"] == {"mean": 1.0, "runs": 80, "keys": 40}
    assert (found["difference"], found["verdict"]) == (1.0, "higher")
