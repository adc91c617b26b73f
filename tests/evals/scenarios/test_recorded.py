"""Samples from recorded runs: each set of inputs once, if the prompt still takes it."""

from __future__ import annotations

from typing import Any

from promptops.evals.scenarios.recorded import draft_from_runs
from promptops.runtime.log.record import Feedback, LogEntry
from tests.evals.pieces import make_prompt
from tests.runtime.log.pieces import end, make_run

PROMPT = make_prompt(inputs="{question: {type: string, maxLength: 20}}")


def entry(inputs: dict[str, Any] | None, **values: Any) -> LogEntry:
    return LogEntry(end(make_run(inputs=inputs), **values))


def test_each_set_of_inputs_becomes_one_sample() -> None:
    entries = [entry({"question": one}) for one in ("Why?", "How?", "Why?")]
    drafted = draft_from_runs(PROMPT, entries, 9)
    assert [one.inputs["question"] for one in drafted.samples] == ["Why?", "How?"]
    assert drafted.samples[0].name == f"run {entries[0].run.id}"
    assert drafted.samples[0].tags == ("recorded", "succeeded")
    assert (drafted.repeated, drafted.unfit) == (1, 0)


def test_inputs_that_the_prompt_takes_no_more_are_counted() -> None:
    unfit = [{"question": "x" * 21}, {"ticket": "Why?"}, None, {}]
    drafted = draft_from_runs(PROMPT, map(entry, unfit), 9)
    assert (drafted.samples, drafted.unfit) == ([], 4)


def test_no_more_runs_are_read_than_samples_are_wanted() -> None:
    entries = iter([entry({"question": str(number)}) for number in range(5)])
    assert len(draft_from_runs(PROMPT, entries, 2).samples) == 2
    assert len(list(entries)) == 2


def test_the_note_shows_a_reviewer_what_happened() -> None:
    rated = entry({"question": "Why?"}, version="1.2.0", answer="Because\n  of this. " + "x" * 400)
    feedback = (
        Feedback("a", rated.run.id, 1.0, score=0.5),
        Feedback("b", rated.run.id, 1.0, label="bad"),
    )
    (sample,) = draft_from_runs(PROMPT, [rated._replace(feedback=feedback)], 1).samples
    said = sample.description.split("; ")
    assert said[0] == "1.2.0 by openai/gpt-4o-mini"
    assert said[1].startswith("answered: Because of this. xxx")
    assert len(said[1]) == len("answered: ") + 300
    assert said[2:] == ["feedback: 0.5", "feedback: bad"]
