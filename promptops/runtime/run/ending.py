"""Complete the record of a run that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import PromptopsError
from promptops.runtime.log.record import SUCCEEDED, WAITING
from promptops.runtime.run.steps import total_cost, total_usage

if TYPE_CHECKING:
    from promptops.runtime.log.record import RunRecord
    from promptops.runtime.models.model import Answer
    from promptops.runtime.run.course import Course


def end_record(course: Course, ms: float, *, is_cached: bool) -> RunRecord:
    """Return the record of a run with an answer."""
    answer = course.answer
    assert answer is not None  # noqa: S101 - a course without an answer ends in an error
    usage = total_usage(course.attempts)
    return course.record._replace(
        status=WAITING if answer.tool_calls else SUCCEEDED,
        model=course.model,
        ms=ms,
        cost_micros=total_cost(course.attempts),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        usage_source=usage.source,
        finish=answer.finish,
        is_cached=is_cached,
        is_degraded=course.is_degraded,
        decisions=tuple(course.decisions),
        answer=answer.text,
        tool_calls=name_calls(answer),
    )


def name_calls(answer: Answer) -> tuple[dict[str, str], ...]:
    """Return the tool calls of an answer as plain data."""
    return tuple(
        {"id": one.id, "name": one.name, "arguments": one.arguments} for one in answer.tool_calls
    )


def fail_record(course: Course, error: BaseException, status: str, ms: float) -> RunRecord:
    """Return the record of a run that ended with an error."""
    said = course.answer.text if course.answer is not None else "".join(course.heard)
    return course.record._replace(
        status=status,
        stage=course.stage,
        error=error.message if isinstance(error, PromptopsError) else repr(error),
        error_kind=type(error).__name__,
        ms=ms,
        cost_micros=total_cost(course.attempts),
        decisions=tuple(course.decisions),
        answer=said or None,
    )
