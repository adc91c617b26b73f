"""Collect each suite's nightly results as trends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.evals.nightly.record import NightModel, NightRecord


class TrendNight(NamedTuple):
    """One night of a trend: the record and its result with the trend's model."""

    record: NightRecord
    result: NightModel


class Trend(NamedTuple):
    """The nightly results of one suite with one model.

    Attributes:
        environment: the environment.
        suite: the suite's path.
        model: the model.
        nights: the nights, oldest first; at least one.
    """

    environment: str
    suite: str
    model: str
    nights: tuple[TrendNight, ...]

    @property
    def last(self) -> TrendNight:
        """The latest night."""
        return self.nights[-1]

    def percents(self, days: int) -> list[int | None]:
        """Return the percentage of passed trials for each of the last `days` nights.

        None for a night that is missing or could not be judged.
        """
        end = date.fromisoformat(self.last.record.night)
        start = max(end - timedelta(days - 1), date.fromisoformat(self.nights[0].record.night))
        known = {one.record.night: one.result for one in self.nights}
        count = (end - start).days + 1
        return [_percent(known.get((start + timedelta(day)).isoformat())) for day in range(count)]


def _percent(result: NightModel | None) -> int | None:
    if result is None or result.errors == result.trials:
        return None
    share = result.share
    return None if share is None else round(100 * share)


def list_trends(records: Iterable[NightRecord], names: Sequence[str] = ()) -> list[Trend]:
    """Return the trends of prompts or suites, sorted by name.

    Args:
        records: the nights, oldest first. Of several for one night and version, the last one
            counts.
        names: prompts or suite files; empty: all.
    """
    found: dict[tuple[str, str, str, str], dict[tuple[str, str], TrendNight]] = {}
    for record in records:
        if names and record.prompt not in names and record.suite not in names:
            continue
        for result in record.models:
            key = (record.environment, record.prompt, record.suite, result.model)
            found.setdefault(key, {})[record.night, record.version] = TrendNight(record, result)
    return [
        Trend(environment, suite, model, tuple(nights.values()))
        for (environment, _, suite, model), nights in sorted(found.items())
    ]
