"""Read the results of nightly evals from the branch that `eval nightly` writes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from promptops.evals.nightly.branch import HistoryBranch
from promptops.evals.nightly.record import ALARM, PASSED, UNKNOWN
from promptops.evals.nightly.trends import list_trends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.evals.nightly.trends import Trend
    from promptops.repository.repository import Repository

NIGHTS = 30
_HEIGHT = 40
_TONES = {PASSED: "good", ALARM: "bad", UNKNOWN: "doubt"}


class NightBar(NamedTuple):
    """One night in a chart.

    Attributes:
        night: the night, `2026-01-31`.
        state: the outcome; empty: there was no run.
        percent: the percentage of passed trials; None if unknown.
        height: the bar's height.
        tone: the colour class of the outcome.
    """

    night: str
    state: str
    percent: int | None
    height: int
    tone: str


class SiteTrend(NamedTuple):
    """The nightly results of one suite with one model in one environment.

    Attributes:
        environment: the environment.
        prompt: the prompt.
        suite: the path of the suite.
        model: the model.
        night: the last night.
        version: the version that was live in the last night.
        state: the outcome of the last night.
        tone: the colour class of the outcome.
        alarms: the kinds of its alarms.
        passed: the number of passed samples.
        samples: the number of samples.
        cost_micros: the suite's cost that night with all models, in micro-dollars.
        bars: the last nights, oldest first.
    """

    environment: str
    prompt: str
    suite: str
    model: str
    night: str
    version: str
    state: str
    tone: str
    alarms: tuple[str, ...]
    passed: int
    samples: int
    cost_micros: int
    bars: tuple[NightBar, ...]


def read_trends(repository: Repository) -> Mapping[str, tuple[SiteTrend, ...]]:
    """Return each prompt's trends."""
    history = HistoryBranch(repository).read()
    found: dict[str, list[SiteTrend]] = {}
    for trend in list_trends(history.records):
        one = _describe(trend)
        found.setdefault(one.prompt, []).append(one)
    return {prompt: tuple(trends) for prompt, trends in found.items()}


def _describe(trend: Trend) -> SiteTrend:
    record, result = trend.last
    return SiteTrend(
        environment=trend.environment,
        prompt=record.prompt,
        suite=trend.suite,
        model=trend.model,
        night=record.night,
        version=record.version,
        state=result.state,
        tone=_TONES.get(result.state, "doubt"),
        alarms=result.alarms,
        passed=result.passed,
        samples=result.samples,
        cost_micros=record.cost_micros,
        bars=_draw(trend),
    )


def _draw(trend: Trend) -> tuple[NightBar, ...]:
    percents = trend.percents(NIGHTS)
    end = date.fromisoformat(trend.last.record.night)
    states = {one.record.night: one.result.state for one in trend.nights}
    bars = []
    for back, percent in zip(reversed(range(len(percents))), percents, strict=True):
        night = str(end - timedelta(days=back))
        state = states.get(night, "")
        height = 0 if percent is None else max(percent * _HEIGHT // 100, 1)
        bars.append(NightBar(night, state, percent, height, _TONES.get(state, "doubt")))
    return tuple(bars)
