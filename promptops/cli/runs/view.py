"""Format runs: lines for people, table rows, JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.cli.session import one_line, paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptops.runtime.log.record import (
        RunRecord,
    )

_COLOURS = {
    "succeeded": "green",
    "refused": "yellow",
    "failed": "red",
    "interrupted": "red",
    "running": "cyan",
    "waiting": "cyan",
}
HEADER = ("RUN", "STARTED", "PROMPT", "MODEL", "TIME", "COST", "STATUS")
# The columns to omit on a narrow terminal, in this order.
SPARE = ("MODEL", "TIME", "COST")
# The time in an id and a few random digits: usually unique.
_SHORT = 13
_BARS = "▁▂▃▄▅▆▇█"
# The fields with a run's contents.
CONTENT = ("inputs", "messages", "answer", "tool_calls")


def format_second(seconds: float) -> str:
    """Return a time for a column."""
    from promptops.prompt.times import format_time

    return format_time(int(seconds))


def format_cost(micros: int | None) -> str:
    """Return micro-dollars as dollars, with all digits."""
    if micros is None:
        return "unknown"
    dollars, rest = divmod(abs(micros), 1_000_000)
    digits = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}${dollars}.{digits}"


def format_span(ms: float | None) -> str:
    """Return a duration for a column."""
    if ms is None:
        return "-"
    if ms < 10_000:
        return f"{ms:.0f} ms" if ms >= 1 or not ms else "<1 ms"
    return f"{ms / 1000:.1f} s"


def shorten(ids: Sequence[str]) -> dict[str, str]:
    """Return a unique prefix of each id, which commands accept."""
    ordered = sorted(set(ids))
    short = {}
    for place, one in enumerate(ordered):
        beside = ordered[max(place - 1, 0) : place] + ordered[place + 1 : place + 2]
        length = max((_shared(one, other) + 1 for other in beside), default=0)
        short[one] = one[: max(length, _SHORT)]
    return short


def _shared(left: str, right: str) -> int:
    return next(
        (place for place in range(len(left)) if left[: place + 1] != right[: place + 1]), 36
    )


def describe_prompt(run: RunRecord) -> str:
    """Return a run's prompt with its version, or the requested ref if it was not found."""
    if run.prompt is None or run.digest is None:
        return one_line(run.ref)
    return one_line(f"{run.prompt}@{run.version or 'working'}")


def describe_status(run: RunRecord) -> str:
    """Return how a run ended, in colour on a terminal."""
    text = run.status
    if run.stage is not None:
        text += f" at {run.stage}"
    if run.is_cached:
        text += " (cached)"
    if run.is_degraded:
        text += " (degraded)"
    return paint(text, _COLOURS.get(run.status))


def run_row(run: RunRecord, short: str) -> tuple[str, ...]:
    """Return the columns of HEADER."""
    return (
        short,
        format_second(run.started_at),
        describe_prompt(run),
        one_line(run.model or "-"),
        format_span(run.ms),
        "-" if run.status == "running" else format_cost(run.cost_micros),
        describe_status(run),
    )


def draw(values: Sequence[int]) -> str:
    """Return a sparkline from zero to the greatest value; a blank for zero."""
    top = max(values, default=0)
    if not top:
        return ""
    return "".join(
        _BARS[max(-(-value * len(_BARS) // top) - 1, 0)] if value else " " for value in values
    )


# --- for programs ---------------------------------------------------------------------------------


# --- for spreadsheets -----------------------------------------------------------------------------


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[str]:
    """Yield lines of CSV (RFC 4180, but with plain newlines), the header first.

    A text that a spreadsheet would read as a formula gets a leading apostrophe, because text of
    models and users must not be evaluated.
    """
    import csv
    import io
    import itertools

    buffer = io.StringIO()
    # With this terminator cells are quoted that contain either of its characters.
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in itertools.chain([header], rows):
        writer.writerow([_cell(value) for value in row])
        yield buffer.getvalue().removesuffix("\r\n")
        buffer.seek(0)
        buffer.truncate()


def _cell(value: object) -> object:
    import json

    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return counts by name, such as `3 call, 1 output`."""
    return ", ".join(f"{count} {name}" for name, count in counts.items())
