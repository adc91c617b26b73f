"""`promptops runs show`: show one run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.runs.opening import open_run_log
from promptops.cli.runs.view import describe_prompt, describe_status, format_cost, format_span
from promptops.cli.session import (
    Format,
    FormatOption,
    emit,
    emit_json,
    json_document,
    one_line,
    paint,
    say,
)
from promptops.runtime.log.documents import entry_to_json, format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.runtime.log.record import AttemptRecord, LogEntry, RunRecord, RunReview

_WIDTH = 12


def show(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id, or its first characters.")
    ],
    output: FormatOption = Format.TEXT,
) -> None:
    """Show a run: request, answer, cost, and which rules decided what."""
    with open_run_log() as log:
        entry = log.get(run)
    if output is Format.JSON:
        emit_json(json_document("promptops.run/v1", **entry_to_json(entry)))
        return
    emit("\n".join(describe_entry(entry)))
    if entry.run.is_redacted:
        say("the messages of this run were redacted when they were logged")


def describe_entry(entry: LogEntry) -> Iterator[str]:
    """Yield the lines that describe a run."""
    run = entry.run
    yield f"{paint(describe_prompt(run), bold=True)}  {describe_status(run)}"
    yield from _facts(run)
    for decision in run.decisions:
        yield _line(decision.rule, decision.why, "decided by")
    for attempt in entry.attempts:
        yield _line(f"attempt {attempt.number}", _describe_attempt(attempt))
    for event in entry.events:
        detail = "" if event.detail is None else _json(event.detail)
        yield _line("event", f"{format_instant(event.at)}  {event.kind}  {detail}".rstrip())
    for one in entry.feedback:
        parts = [one.label, None if one.score is None else f"{one.score:g}", one.comment, one.by]
        yield _line("feedback", ", ".join(part for part in parts if part))
    for review in entry.reviews:
        yield _line("review", describe_review(review))
    yield from _content(run)


def _facts(run: RunRecord) -> Iterator[str]:
    tokens = None
    if run.input_tokens is not None or run.output_tokens is not None:
        counts = [f"{run.input_tokens} in", f"{run.output_tokens} out"]
        if run.cached_tokens:
            counts.append(f"{run.cached_tokens} cached")
        tokens = f"{', '.join(counts)} ({run.usage_source or 'unknown'})"
    where = run.environment
    if where is not None and run.deployment is not None:
        where += f", deployment {run.deployment}"
    rows: dict[str, object] = {
        "run": run.id,
        "within": run.parent_id,
        "asked for": run.ref,
        "started": format_instant(run.started_at),
        "took": None if run.ms is None else format_span(run.ms),
        "cost": None if run.status == "running" else format_cost(run.cost_micros),
        "tokens": tokens,
        "model": run.model,
        "finish": run.finish,
        "environment": where,
        "digest": run.digest,
        "commit": run.commit,
        "user": run.user,
        "tenant": run.tenant,
        "key": run.key,
        "error": None if run.error is None else f"{run.error} ({run.error_kind or 'error'})",
        **{f"label {name}": value for name, value in (run.labels or {}).items()},
    }
    for name, value in rows.items():
        if value is not None:
            yield _line(name, str(value))


def _describe_attempt(one: AttemptRecord) -> str:
    parts = [one.model, format_span(one.ms), format_cost(one.cost_micros)]
    if one.served_model is not None and one.served_model != one.model:
        parts.insert(1, f"served by {one.served_model}")
    if one.status is not None:
        parts.append(str(one.status))
    parts.append(one.finish or "no answer" if one.error is None else one.error)
    return ", ".join(parts)


def describe_review(review: RunReview) -> str:
    """Return a review in one line."""
    if review.status == "open":
        return f"waits since {format_instant(review.requested_at)}: {review.why or 'asked for'}"
    text = "accepted" if review.is_accepted else "corrected" if review.answer else "rejected"
    by = f" by {review.by}" if review.by else ""
    return f"{text}{by}{f': {review.note}' if review.note else ''}"


def _content(run: RunRecord) -> Iterator[str]:
    if run.inputs is not None:
        yield from _block("inputs", json.dumps(run.inputs, ensure_ascii=False, indent=2))
    for message in run.messages or ():
        content = message.get("content")
        text = content if isinstance(content, str) else _json(content)
        yield from _block(f"message: {message.get('role', '?')}", text)
        if message.get("tool_calls"):
            yield from _block("tool calls", _json(message["tool_calls"]))
    if run.answer is not None:
        yield from _block("answer", run.answer)
    for call in run.tool_calls:
        yield from _block("tool call", _json(call))


def _block(title: str, text: str) -> Iterator[str]:
    yield ""
    yield paint(one_line(title), "cyan")
    # Indented, so that a model's text cannot imitate a line of this page.
    yield from (f"  {line}" for line in text.splitlines() or [""])


def _line(name: str, text: str, prefix: str = "") -> str:
    title = one_line(f"{prefix} {name}".strip())
    return f"  {paint(title.ljust(_WIDTH), dim=True)} {one_line(text)}"


def _json(value: Mapping[str, Any] | object) -> str:
    return json.dumps(value, ensure_ascii=False)
