"""Totals of runs: for a query, or for a rolled-up hour."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from promptops.runtime.log import histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.log.statistics import RunGroup

HOUR_MS = 3_600_000


class Sums:
    """Totals of runs, to which runs and other totals can be added or subtracted."""

    __slots__ = (
        "buckets",
        "cached",
        "cost",
        "durations",
        "input_tokens",
        "is_exact",
        "output_tokens",
        "runs",
        "stages",
        "statuses",
        "unpriced",
    )

    def __init__(self) -> None:
        self.runs = self.cost = self.unpriced = 0
        self.input_tokens = self.output_tokens = self.cached = 0
        self.statuses: Counter[str] = Counter()
        self.stages: Counter[str] = Counter()
        self.buckets: Counter[int] = Counter()
        self.durations: list[int] = []
        self.is_exact = True

    def add(
        self,
        status: str,
        stage: str | None,
        duration: int | None,
        cost: int | None,
        tokens: tuple[int | None, int | None],
        *,
        is_cached: bool,
        sign: int = 1,
    ) -> None:
        """Add one run; with the sign -1, subtract it."""
        self.runs += sign
        self.statuses[status] += sign
        if stage is not None:
            self.stages[stage] += sign
        self.cost += sign * (cost or 0)
        self.unpriced += sign * (cost is None and status != "running")
        self.input_tokens += sign * (tokens[0] or 0)
        self.output_tokens += sign * (tokens[1] or 0)
        self.cached += sign * is_cached
        if duration is not None:
            if sign < 0:
                self._use_buckets()
            if self.is_exact:
                self.durations.append(duration)
            else:
                self.buckets[histogram.bucket(duration / 1000)] += sign

    def join(self, text: str) -> None:
        """Add an hour's totals as written by `pack`."""
        # Counter.update is slower, and a month has thousands of these.
        data = json.loads(text)
        self.runs += data["runs"]
        self.cost += data["cost"]
        self.unpriced += data["unpriced"]
        self.input_tokens += data["input_tokens"]
        self.output_tokens += data["output_tokens"]
        self.cached += data["cached"]
        for name, count in data["statuses"].items():
            self.statuses[name] += count
        for name, count in data["stages"].items():
            self.stages[name] += count
        if self.is_exact:
            self._use_buckets()
        buckets = self.buckets
        for number, count in histogram.unpack(data["ms"]):
            buckets[number] = buckets.get(number, 0) + count

    def pack(self) -> str:
        """Return the sums as text, as stored for an hour."""
        self._use_buckets()
        names = ("runs", "cost", "unpriced", "input_tokens", "output_tokens", "cached")
        data: dict[str, Any] = {name: getattr(self, name) for name in names}
        data["statuses"] = {name: count for name, count in self.statuses.items() if count}
        data["stages"] = {name: count for name, count in self.stages.items() if count}
        data["ms"] = histogram.pack(self.buckets)
        return json.dumps(data, separators=(",", ":"))

    def _use_buckets(self) -> None:
        self.is_exact = False
        for duration in self.durations:
            self.buckets[histogram.bucket(duration / 1000)] += 1
        self.durations = []

    def group(self, by: Mapping[str, str | None]) -> RunGroup:
        """Return the sums as the group with the dimensions `by`."""
        from promptops.runtime.log.statistics import RunGroup

        ordered = sorted(self.durations)

        def percentile(share: float) -> float | None:
            if not self.is_exact:
                return histogram.percentile(self.buckets, share)
            if not ordered:
                return None
            return ordered[max(1, math.ceil(share * len(ordered))) - 1] / 1000

        return RunGroup(
            by=by,
            runs=self.runs,
            statuses={name: count for name, count in sorted(self.statuses.items()) if count},
            stages={name: count for name, count in sorted(self.stages.items()) if count},
            cost_micros=self.cost,
            unpriced=self.unpriced,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cached=self.cached,
            p50_ms=percentile(0.5),
            p95_ms=percentile(0.95),
            is_exact=self.is_exact,
        )
