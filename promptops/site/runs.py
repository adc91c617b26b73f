"""Read run statistics for the site: counts, costs and durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import UsageError
from promptops.prompt.version import Version
from promptops.runtime.log.log import Filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.statistics import RunGroup

DAYS = 30
_BAR_HEIGHT = 40


class RunBar(NamedTuple):
    """One day in a chart.

    Attributes:
        day: the day, `2026-01-31`.
        runs: the number of runs that started on it.
        errors: the number of failed ones among them.
        cost_micros: their known cost, in micro-dollars.
        height: the height of the bar.
        bad_height: the height of its failed part.
    """

    day: str
    runs: int
    errors: int
    cost_micros: int
    height: int
    bad_height: int


class RunSum(NamedTuple):
    """The sums of some runs.

    Attributes:
        runs: the number of runs.
        errors: the number of failed or interrupted runs.
        refused: the number of refused runs.
        cost_micros: their known cost, in micro-dollars.
        unpriced: the number of runs with unknown cost.
    """

    runs: int
    errors: int
    refused: int
    cost_micros: int
    unpriced: int


class PromptRuns(NamedTuple):
    """The runs of one prompt in the last days.

    Attributes:
        name: the prompt; empty: runs without a prompt.
        whole: the sums over all versions.
        versions: the sums by version, newest first.
        bars: the runs by day, oldest first.
    """

    name: str
    whole: RunGroup
    versions: tuple[RunGroup, ...]
    bars: tuple[RunBar, ...]


class SiteRuns(NamedTuple):
    """The runs of the last days.

    Attributes:
        prompts: the runs of each prompt, most expensive first.
        bars: the runs of all prompts by day.
        total: the sums over all runs.
        week: the sums over the last seven days.
    """

    prompts: Mapping[str, PromptRuns]
    bars: tuple[RunBar, ...]
    total: RunSum
    week: RunSum


def read_runs(log: RunLog, now: float) -> SiteRuns:
    """Return the statistics of a run log.

    Args:
        log: the log.
        now: seconds since 1970. Whole days in UTC are counted.
    """
    today = datetime.fromtimestamp(now, UTC).date()
    days = [str(today - timedelta(days=back)) for back in reversed(range(DAYS))]
    first = datetime.fromisoformat(days[0]).replace(tzinfo=UTC)
    recent = Filters(since=first.timestamp(), evals=False)
    versions: dict[str, list[RunGroup]] = {}
    for group in log.stats(recent, by=("prompt", "version")):
        versions.setdefault(group.by["prompt"] or "", []).append(group)
    daily: dict[str, dict[str, RunGroup]] = {}
    for group in log.stats(recent, by=("prompt", "day")):
        daily.setdefault(group.by["prompt"] or "", {})[group.by["day"] or ""] = group
    prompts = {}
    for whole in log.stats(recent, by=("prompt",)):
        name = whole.by["prompt"] or ""
        ordered = sorted(versions.get(name, ()), key=_version_key, reverse=True)
        bars = _draw(daily.get(name, {}), days)
        prompts[name] = PromptRuns(name, whole, tuple(ordered), bars)
    every = {group.by["day"] or "": group for group in log.stats(recent, by=("day",))}
    week = [group for day, group in every.items() if day in days[-7:]]
    return SiteRuns(prompts, _draw(every, days), _add_up(every.values()), _add_up(week))


def _add_up(groups: Iterable[RunGroup]) -> RunSum:
    known = list(groups)
    return RunSum(
        sum(one.runs for one in known),
        sum(one.errors for one in known),
        sum(one.statuses.get("refused", 0) for one in known),
        sum(one.cost_micros for one in known),
        sum(one.unpriced for one in known),
    )


def _draw(groups: Mapping[str, RunGroup], days: Sequence[str]) -> tuple[RunBar, ...]:
    most = max((groups[day].runs for day in days if day in groups), default=0)
    bars = []
    for day in days:
        one = groups.get(day)
        if one is None:
            bars.append(RunBar(day, 0, 0, 0, 0, 0))
            continue
        # A day with a single run or error must stay visible beside a day with thousands.
        height = -(-one.runs * _BAR_HEIGHT // most)
        bad = min(-(-one.errors * _BAR_HEIGHT // most), height)
        bars.append(RunBar(day, one.runs, one.errors, one.cost_micros, height, bad))
    return tuple(bars)


def _version_key(group: RunGroup) -> tuple[bool, Version, str]:
    text = group.by["version"] or ""
    try:
        return True, Version.parse(text), text
    except UsageError:
        return False, Version.parse("0.0.0"), text
