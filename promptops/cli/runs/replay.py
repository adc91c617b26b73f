"""`promptops runs replay`: real traffic against another version, side by side."""

from __future__ import annotations

import json
import re
from collections import Counter
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.runs.opening import (
    EnvOption,
    SinceOption,
    StatusOption,
    UntilOption,
    UserOption,
    make_filters,
    open_run_log,
)
from promptops.cli.runs.view import describe_prompt, format_cost, format_span, shorten
from promptops.cli.session import (
    current,
    emit,
    emit_json,
    json_document,
    one_line,
    paint,
    say,
    warn,
)
from promptops.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.runtime.log.record import RunRecord
    from promptops.runtime.replay import Replay

_MICROS = 1_000_000
_DEFAULT_LAST = 100
# What a comment on a pull request has room for.
_MAX_SHOWN = 50
_MAX_CHARACTERS = 2_000
# In this order, since a comment has limited room.
_COLOURS = {"worse": "red", "failed": "red", "changed": "yellow", "fixed": "green", "same": "green"}


class ReplayFormat(StrEnum):
    """The formats of a comparison."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def replay(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|NAME[@VERSION|@ENV]]",
            help="One run by its id, or runs of this prompt.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="SELECTOR",
            help="The version that runs now, as after the @ of a prompt ref.",
            show_default=True,
        ),
    ] = "working",
    last: Annotated[
        int | None,
        typer.Option("--last", metavar="N", min=1, max=10_000, help="The newest N that fit; 100."),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    environment: EnvOption = None,
    user: UserOption = None,
    status: StatusOption = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Ask this model instead.")
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost", metavar="USD", min=0, help="The most that all of them may cost."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="So many at once.")
    ] = 4,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before models are called.")
    ] = False,
    output: Annotated[
        ReplayFormat,
        typer.Option(
            "--format", help="text, json, or markdown for a pull request.", show_default=True
        ),
    ] = ReplayFormat.TEXT,
) -> None:
    """Run recorded inputs again with another version, and show both answers side by side.

    Replays are recorded and limited in the environment `eval`, and never count as traffic. Exit
    code 1: a run that succeeded before fails now.
    """
    from promptops.cli.session import confirm
    from promptops.runtime.registry import open_registry
    from promptops.runtime.replay import replay as replay_runs

    runs = _choose(
        target,
        last or _DEFAULT_LAST,
        since=since,
        until=until,
        environment=environment,
        user=user,
        status=status,
    )
    redacted = sum(run.is_redacted for run in runs)
    if redacted:
        warn(
            f"what {redacted} of {len(runs)} runs were given was redacted before it was kept",
            hint="their answers may differ for that alone",
        )
    what = "run" if len(runs) == 1 else "runs"
    confirm(f"replay {len(runs)} {what} at {at}, with calls to models?", yes=yes)
    cap = None if max_cost is None else round(max_cost * _MICROS)
    with open_registry(current().directory) as registry:
        done = list(replay_runs(registry, runs, at, model=model, cap=cap, workers=workers))
    if output is ReplayFormat.JSON:
        emit_json(replays_to_json(done, at))
    elif output is ReplayFormat.MARKDOWN:
        emit("\n".join(to_markdown(done, at)))
    else:
        emit("\n".join(to_text(done, at)))
    if any(one.is_worse for one in done):
        raise typer.Exit(1)


def _choose(target: str | None, last: int, **options: str | None) -> list[RunRecord]:
    from promptops.runtime.replay import choose_runs

    with open_run_log() as log:
        if target is not None and _is_id(target):
            if any(options.values()):
                raise UsageError("filters beside the id of a run", hint="give one of the two")
            run = log.get(target).run
            if run.prompt is None or run.inputs is None:
                raise NotFoundError(
                    f"the inputs of run {run.id} were not kept",
                    hint="[log] content = 'none' keeps none, and a run without a prompt has none",
                )
            return [run]
        runs, unkept = choose_runs(log, make_filters(target, **options), last)
    if unkept:
        say(f"{unkept} runs left out: their inputs were not kept")
    if not runs:
        raise NotFoundError(
            "there are no such runs to replay", hint="'promptops runs list' shows the runs"
        )
    return runs


def _is_id(text: str) -> bool:
    """Return whether a text is how an id begins; a prompt of such a name is written
    NAME@VERSION.
    """
    return re.fullmatch(r"[0-9a-f]{8}-?[0-9a-f-]*", text.lower()) is not None


def describe_result(one: Replay) -> str:
    """Return what became of a run, in one word."""
    if one.is_worse:
        return "worse"
    if one.error is not None:
        return "failed"
    if one.before.status != "succeeded":
        return "fixed"
    return "same" if one.is_same else "changed"


def _summary(done: Sequence[Replay], at: str) -> Iterator[str]:
    """Yield what all of them together say."""
    from promptops.runtime.replay import total

    counts = Counter(map(describe_result, done))
    words = ", ".join(f"{counts[word]} {word}" for word in _COLOURS if counts[word])
    yield f"{len(done)} runs at {at}: {words}"
    both = [one for one in done if one.after is not None]
    if both:
        before = total(one.before.cost_micros for one in both)
        after = total(one.after.cost_micros for one in both if one.after is not None)
        yield f"cost: {format_cost(before)} before, {format_cost(after)} now"
    spans = [(one.before.ms, _span(one)) for one in both]
    timed = [(old, new) for old, new in spans if old is not None and new is not None]
    if timed:
        old, new = median(pair[0] for pair in timed), median(pair[1] for pair in timed)
        yield f"median latency: {format_span(old)} before, {format_span(new)} now"


def _span(one: Replay) -> float | None:
    """Return how long the requests of a new run took; None for none."""
    if one.after is None:
        return None
    spans = [attempt.ms for attempt in one.after.attempts if attempt.ms is not None]
    return sum(spans) if spans else None


def to_text(done: Sequence[Replay], at: str) -> Iterator[str]:
    """Yield the lines of a comparison for a person."""
    short = shorten([one.before.id for one in done])
    for one in done:
        word = describe_result(one)
        after = one.after
        version = "-" if after is None else after.prompt.version or "working"
        head = f"{short[one.before.id]}  {describe_prompt(one.before)} -> {one_line(version)}"
        cost = "" if after is None else f"  {format_cost(after.cost_micros)}"
        yield f"{paint(word.ljust(7), _COLOURS[word])}  {head}{cost}"
        if word == "same":
            continue
        yield from _answer("before", _before(one), "red")
        yield from _answer("now", _after(one), "green")
        yield ""
    yield from _summary(done, at)


def _answer(title: str, text: str, colour: str) -> Iterator[str]:
    yield f"  {paint(title, colour)}"
    yield from (f"    {line}" for line in text.splitlines() or [""])


def _before(one: Replay) -> str:
    run = one.before
    if run.status != "succeeded":
        return f"({run.status} at {run.stage or '?'}: {run.error or '?'})"
    return _with_calls(
        run.answer, [f"{call.get('name')}({call.get('arguments')})" for call in run.tool_calls]
    )


def _after(one: Replay) -> str:
    if one.after is None:
        error = one.error
        text = getattr(error, "text", None)
        said = f"\n{text}" if isinstance(text, str) and text else ""
        stage = getattr(error, "stage", None)
        where = f" at {stage}" if stage else ""
        return f"(failed{where}: {getattr(error, 'message', '')}){said}"
    calls = [f"{call.name}({call.arguments})" for call in one.after.tool_calls]
    return _with_calls(one.after.text, calls)


def _with_calls(text: str | None, calls: Sequence[str]) -> str:
    parts = [*([text] if text else []), *(f"calls {call}" for call in calls)]
    return "\n".join(parts) or ("(no text was kept)" if text is None else "(no text)")


def to_markdown(done: Sequence[Replay], at: str) -> Iterator[str]:
    """Yield a comment for a pull request: the sums, and what differs."""
    first, *rest = _summary(done, _plain(at))
    yield f"### Replay: {first}"
    yield ""
    yield from (f"{line}  " for line in rest)
    different = [one for one in done if describe_result(one) != "same"]
    different.sort(key=lambda one: list(_COLOURS).index(describe_result(one)))
    for one in different[:_MAX_SHOWN]:
        name = _plain(describe_prompt(one.before))
        title = f"<b>{describe_result(one)}</b> {name} <code>{one.before.id}</code>"
        yield ""
        yield f"<details><summary>{title}</summary>"
        inputs = json.dumps(one.before.inputs, ensure_ascii=False, indent=2)
        for caption, text in (("Inputs", inputs), ("Before", _before(one)), ("Now", _after(one))):
            yield from ("", f"{caption}:", "", _fence(text))
        yield from ("", "</details>")
    if len(different) > _MAX_SHOWN:
        yield from ("", f"{len(different) - _MAX_SHOWN} more are not shown.")


def _plain(text: str) -> str:
    """Return a text of somebody else's that means nothing in Markdown or HTML."""
    return re.sub(r"[^A-Za-z0-9/@. -]", lambda found: f"&#{ord(found[0])};", one_line(text))


def _fence(text: str) -> str:
    """Return a text between fences longer than any in it."""
    from promptops.cli.session import clean
    from promptops.prompt.diff.markdown import fence

    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]}\n… {len(text) - _MAX_CHARACTERS} characters more"
    return fence(clean(text), "text")


def replays_to_json(done: Sequence[Replay], at: str) -> dict[str, Any]:
    """Return a comparison as `promptops.replay/v1`."""
    counts = Counter(map(describe_result, done))
    return json_document(
        "promptops.replay/v1",
        at=at,
        counts={word: counts[word] for word in _COLOURS},
        runs=[_to_json(one) for one in done],
    )


def _to_json(one: Replay) -> dict[str, Any]:
    before, after, error = one.before, one.after, one.error
    return {
        "run": before.id,
        "prompt": before.prompt,
        "result": describe_result(one),
        "redacted": before.is_redacted,
        "inputs": dict(before.inputs or {}),
        "before": {
            "version": before.version,
            "status": before.status,
            "stage": before.stage,
            "error": before.error,
            "model": before.model,
            "answer": before.answer,
            "tool_calls": [dict(call) for call in before.tool_calls],
            "cost_micros": before.cost_micros,
            "ms": before.ms,
        },
        "now": {
            "run": after.id if after is not None else getattr(error, "run_id", None),
            "version": None if after is None else after.prompt.version,
            "status": "succeeded" if after is not None else "failed",
            "stage": getattr(error, "stage", None),
            "error": getattr(error, "message", None),
            "model": None if after is None else after.model,
            "answer": getattr(error, "text", None) if after is None else after.text,
            "tool_calls": []
            if after is None
            else [
                {"id": call.id, "name": call.name, "arguments": call.arguments}
                for call in after.tool_calls
            ],
            "cost_micros": None if after is None else after.cost_micros,
            "ms": _span(one),
        },
    }
