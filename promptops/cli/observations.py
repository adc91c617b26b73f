"""Write the sections of the incident report on alerts, nightly evals and runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.cli.session import one_line
from promptops.cli.times import show_time
from promptops.errors import NotFoundError, PromptopsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.evals.nightly.trends import TrendNight
    from promptops.repository.repository import Repository

_MARKUP = re.compile(r"[\\`*\[\]<>|]")
_MAX_ALERTS = 20
_MAX_ROWS = 20
_NIGHTS_BEFORE = 2


def list_observations(
    repository: Repository, environment: str, oldest: float, now: float
) -> list[str]:
    """Return the sections with content; an unreachable source is reported in its section."""
    lines = list(_list_nights(repository, environment, oldest))
    try:
        lines += _list_log(environment, oldest, now)
    except NotFoundError:
        pass  # there is no run log
    except PromptopsError as error:
        lines += [f"The run log cannot be read: {as_markdown(error.message)}.", ""]
    return lines


def _list_nights(repository: Repository, environment: str, oldest: float) -> Iterator[str]:
    from promptops.evals.nightly.branch import HistoryBranch, name_night
    from promptops.evals.nightly.trends import list_trends

    try:
        records = HistoryBranch(repository).read([environment], newest=_MAX_ROWS).records
    except PromptopsError as error:
        yield from (f"The nightly evals cannot be read: {as_markdown(error.message)}.", "")
        return
    first = name_night(oldest)
    shown: list[TrendNight] = []
    for trend in list_trends(records):
        begin = sum(one.record.night < first for one in trend.nights)
        if begin < len(trend.nights):
            shown += trend.nights[max(0, begin - _NIGHTS_BEFORE) :]
    shown.sort(key=lambda one: (one.record.night, one.record.at), reverse=True)
    rows = [_describe_night(one) for one in shown]
    if rows:
        yield from ("## Nightly evals, newest first", "")
        yield "| Prompt | Night | Version | Passed | State | Served by |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from (*rows[:_MAX_ROWS], "")


def _describe_night(night: TrendNight) -> str:
    record, result = night
    share = "-" if result.share is None else f"{result.share:.1%}"
    alarms = f": {', '.join(result.alarms)}" if result.alarms else ""
    cells = (
        record.prompt,
        record.night,
        record.version,
        f"{share} ({result.passed}/{result.samples})",
        f"{result.state}{alarms}",
        ", ".join(result.served) or "-",
    )
    return _row(cells)


def _row(cells: tuple[object, ...]) -> str:
    return f"| {' | '.join(as_markdown(cell) for cell in cells)} |"


def _list_log(environment: str, oldest: float, now: float) -> list[str]:
    from promptops.cli.runs.opening import open_run_log
    from promptops.cli.runs.view import format_span
    from promptops.runtime.log.log import Filters

    lines: list[str] = []
    with open_run_log() as log:
        alerts = [one for one in log.events("alert", limit=_MAX_ALERTS) if one.at >= oldest]
        filters = Filters(since=oldest, until=now, environment=environment)
        groups = log.stats(filters, by=("prompt", "version", "model"))
    if alerts:
        lines += ["## Alerts, newest first", ""]
        for one in alerts:
            detail = one.detail or {}
            told = ", ".join(map(str, detail.get("told") or ())) or "nobody"
            lines.append(
                f"* {show_time(int(one.at))}: {as_markdown(detail.get('title'))} (told: {told})"
            )
            more = str(detail.get("detail") or "").splitlines()
            lines += [f"  * {as_markdown(line)}" for line in more if line]
        lines.append("")
    if groups:
        lines += ["## Runs", "", "| Prompt | Version | Model | Runs | Errors | p95 |"]
        lines.append("| --- | --- | --- | --- | --- | --- |")
        for group in groups[:_MAX_ROWS]:
            by = group.by
            cells = (by["prompt"] or "-", by["version"] or "-", by["model"] or "-")
            counts = (group.runs, group.errors, format_span(group.p95_ms))
            lines.append(_row((*cells, *counts)))
        lines.append("")
    return lines


def as_markdown(text: object) -> str:
    """Return untrusted text escaped for a line of Markdown."""
    return _MARKUP.sub(r"\\\g<0>", one_line(str(text)))
