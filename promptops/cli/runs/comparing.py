"""Show replays beside the recorded runs, for a terminal and for a pull request."""

from __future__ import annotations

import json
import re
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from promptops.cli.runs.view import describe_prompt, format_cost, format_span, shorten
from promptops.cli.session import clean, one_line, paint
from promptops.errors import count_of
from promptops.prompt.diff.markdown import fence
from promptops.runtime.replay import RESULTS, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.runtime.replay import Replay

# The maximum size of a comment on a pull request.
_MAX_SHOWN = 50
_MAX_CHARACTERS = 2_000
# In this order, because a comment's size is limited.
_COLOURS = {"worse": "red", "failed": "red", "changed": "yellow", "fixed": "green", "same": "green"}


def _summary(replays: Sequence[Replay], at: str) -> Iterator[str]:
    """Yield the summary of all replays."""
    counts = Counter(one.result for one in replays)
    words = ", ".join(f"{counts[word]} {word}" for word in RESULTS if counts[word])
    count = count_of(len(replays), "run")
    yield f"{count} at {at}: {words}"
    both = [one for one in replays if one.after is not None]
    if both:
        before = total(one.before.cost_micros for one in both)
        after = total(one.after.cost_micros for one in both if one.after is not None)
        yield f"cost: {format_cost(before)} before, {format_cost(after)} now"
    spans = [(one.before.ms, one.ms) for one in both]
    timed = [(old, new) for old, new in spans if old is not None and new is not None]
    if timed:
        old, new = median(pair[0] for pair in timed), median(pair[1] for pair in timed)
        yield f"median latency: {format_span(old)} before, {format_span(new)} now"


def to_text(replays: Sequence[Replay], at: str) -> Iterator[str]:
    """Yield the lines of a comparison for people."""
    short = shorten([one.before.id for one in replays])
    for one in replays:
        word = one.result
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
    yield from _summary(replays, at)


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


def to_markdown(replays: Sequence[Replay], at: str) -> Iterator[str]:
    """Yield a comment for a pull request: totals and differences."""
    first, *rest = _summary(replays, _plain(at))
    yield f"### Replay: {first}"
    yield ""
    yield from (f"{line}  " for line in rest)
    different = [one for one in replays if one.result != "same"]
    different.sort(key=lambda one: RESULTS.index(one.result))
    for one in different[:_MAX_SHOWN]:
        name = _plain(describe_prompt(one.before))
        title = f"<b>{one.result}</b> {name} <code>{one.before.id}</code>"
        yield ""
        yield f"<details><summary>{title}</summary>"
        inputs = json.dumps(one.before.inputs, ensure_ascii=False, indent=2)
        for caption, text in (("Inputs", inputs), ("Before", _before(one)), ("Now", _after(one))):
            yield from ("", f"{caption}:", "", _fence(text))
        yield from ("", "</details>")
    if len(different) > _MAX_SHOWN:
        yield from ("", f"{len(different) - _MAX_SHOWN} more are not shown.")


def _plain(text: str) -> str:
    """Return untrusted text escaped for Markdown and HTML."""
    return re.sub(r"[^A-Za-z0-9/@. -]", lambda found: f"&#{ord(found[0])};", one_line(text))


def _fence(text: str) -> str:
    """Return a code block with a fence longer than any in the text."""
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]}\n… {len(text) - _MAX_CHARACTERS} characters more"
    return fence(clean(text), "text")
