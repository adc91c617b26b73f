"""What is recorded of a run that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.runtime.log.record import Decision
from promptops.runtime.models.model import NO_USAGE, Answer, ToolCall
from promptops.runtime.run.ending import end_record, fail_record
from tests.runtime.log.pieces import make_attempt
from tests.runtime.run.pieces import make_course

if TYPE_CHECKING:
    from promptops.runtime.run.course import Course

CALL = ToolCall("call-1", "look", '{"n": 1}')


def answered(*calls: ToolCall) -> Course:
    course = make_course()
    course.answer = Answer("Yes.", calls, "stop", NO_USAGE)
    course.model = "far/large"
    course.decisions.append(Decision("fallback", "why"))
    course.attempts += [
        make_attempt(course.record, error="no", cost_micros=5, input_tokens=None),
        make_attempt(course.record, 2, cost_micros=20, input_tokens=11, output_tokens=7),
    ]
    return course


def test_an_answer_is_recorded_with_what_all_attempts_cost() -> None:
    record = end_record(answered(), 12.5, is_cached=False)
    assert (record.status, record.answer, record.model, record.ms) == (
        "succeeded",
        "Yes.",
        "far/large",
        12.5,
    )
    assert (record.cost_micros, record.input_tokens, record.output_tokens) == (25, 11, 7)
    assert record.decisions == (Decision("fallback", "why"),)


def test_a_run_whose_model_called_tools_waits() -> None:
    record = end_record(answered(CALL), 1, is_cached=False)
    assert record.status == "waiting"
    assert record.tool_calls == ({"id": "call-1", "name": "look", "arguments": '{"n": 1}'},)


@pytest.mark.parametrize(
    ("error", "text", "kind"),
    [
        (PromptopsError("it is wrong", hint="do this"), "it is wrong", "PromptopsError"),
        (KeyError("gone"), "KeyError('gone')", "KeyError"),
    ],
)
def test_an_error_is_recorded_with_its_stage_and_class(
    error: Exception, text: str, kind: str
) -> None:
    course = answered()
    course.stage = "parse"
    record = fail_record(course, error, "failed", 3)
    assert (record.status, record.stage, record.error, record.error_kind) == (
        "failed",
        "parse",
        text,
        kind,
    )
    assert (record.cost_micros, record.answer) == (25, "Yes.")


@pytest.mark.parametrize(("heard", "answer"), [(["One ", "two"], "One two"), ([], None)])
def test_of_a_stream_that_broke_the_parts_are_kept(heard: list[str], answer: str | None) -> None:
    course = make_course()
    course.heard += heard
    assert fail_record(course, OSError(), "interrupted", 1).answer == answer
