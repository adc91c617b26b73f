"""Rebuild a run that waits for tool results from its log entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, RefusedError
from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.runtime.guards.windows import Scope
from promptops.runtime.log.record import WAITING
from promptops.runtime.models.model import Answer, ToolCall, Usage
from promptops.runtime.run.course import Course

if TYPE_CHECKING:
    from promptops.runtime.log.record import LogEntry, RunRecord
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.course import RunLimits


def name_version(run: RunRecord) -> str:
    """Return the ref of a run's prompt: the exact version, or the work tree.

    Raises:
        RefusedError: it does not wait, or the log lacks its content.
    """
    if run.status != WAITING or run.prompt is None:
        raise RefusedError(
            f"run {run.id} is not waiting for results: it {run.status}",
            hint="continue only a run whose model called tools, and only once",
        )
    if run.messages is None or run.model is None:
        raise RefusedError(
            f"the messages of run {run.id} were not kept",
            hint='set content = "full" in [log], or continue from the Run object',
        )
    if run.is_redacted:
        raise RefusedError(
            f"the messages of run {run.id} were redacted, so it cannot be continued",
            hint='set content = "full" in [log], or continue from the Run object',
        )
    return f"{run.prompt}@{run.version if run.commit is not None else 'working'}"


def reopen(entry: LogEntry, prompt: ResolvedPrompt, limits: RunLimits) -> Course:
    """Return the state of a waiting run.

    Args:
        entry: its log entry.
        prompt: its prompt.
        limits: its timeouts.

    Raises:
        IntegrityError: the prompt has another digest.
    """
    run = entry.run
    if prompt.digest != run.digest:
        raise IntegrityError(
            f"the text of {prompt.name} has changed since run {run.id}",
            hint="run the prompt again",
        )
    calls = tuple(
        ToolCall(str(one.get("id")), str(one.get("name")), str(one.get("arguments")))
        for one in run.tool_calls
    )
    is_eval = run.environment == EVAL_ENVIRONMENT
    course = Course(
        run, run.inputs or {}, None, limits, EVAL_ENVIRONMENT if is_eval else None, stage="output"
    )
    course.prompt = prompt
    course.scope = Scope(run.environment, prompt.name, run.user, run.tenant)
    course.inputs = run.inputs or {}
    course.messages = run.messages or ()
    fallbacks = [one for one in prompt.data.get("fallbacks", ()) if one != run.model]
    course.models = [run.model or prompt.model, *fallbacks]
    course.attempts = list(entry.attempts)
    course.decisions = list(run.decisions)
    usage = Usage(run.input_tokens, run.output_tokens, run.cached_tokens, "unknown")
    course.answer = Answer(run.answer or "", calls, run.finish or "unknown", usage)
    course.model = run.model
    course.is_degraded = run.is_degraded
    return course
