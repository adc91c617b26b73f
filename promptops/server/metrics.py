"""Count requests and their durations; format them as Prometheus text."""

from __future__ import annotations

import bisect
from collections import Counter
from dataclasses import dataclass, field

_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class Metrics:
    """The service's metrics since its start. Used on one event loop, so without a lock.

    Attributes:
        requests: (route, method, status) -> count.
        buckets: (route, bucket) -> count.
        seconds: route -> sum of durations.
        in_flight: the number of current requests.
    """

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    buckets: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    in_flight: int = 0

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request, which took `seconds`."""
        self.requests[route, method, status] += 1
        self.buckets[route, bisect.bisect_left(_BOUNDS, seconds)] += 1
        self.seconds[route] = self.seconds.get(route, 0.0) + seconds

    def format(self) -> str:
        """Return all metrics as text."""
        lines = [
            "# HELP promptops_requests_total Answered requests.",
            "# TYPE promptops_requests_total counter",
        ]
        for (route, method, status), count in sorted(self.requests.items()):
            labels = f'route="{route}",method="{method}",status="{status}"'
            lines.append(f"promptops_requests_total{{{labels}}} {count}")
        lines += [
            "# HELP promptops_request_seconds Duration of requests, from their first byte.",
            "# TYPE promptops_request_seconds histogram",
        ]
        for route, total in sorted(self.seconds.items()):
            lines += self._format_times(route, total)
        lines += [
            "# HELP promptops_requests_in_flight Requests in progress.",
            "# TYPE promptops_requests_in_flight gauge",
            f"promptops_requests_in_flight {self.in_flight}",
        ]
        return "\n".join(lines) + "\n"

    def _format_times(self, route: str, total: float) -> list[str]:
        name = "promptops_request_seconds"
        lines, count = [], 0
        for number, bound in enumerate((*_BOUNDS, "+Inf")):
            count += self.buckets[route, number]
            lines.append(f'{name}_bucket{{route="{route}",le="{bound}"}} {count}')
        lines.append(f'{name}_sum{{route="{route}"}} {total:.6f}')
        lines.append(f'{name}_count{{route="{route}"}} {count}')
        return lines
