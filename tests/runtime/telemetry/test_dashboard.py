"""Every panel of the Grafana dashboard answers in a real Prometheus."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.runtime.telemetry.counters import write_gauges
from promptops.runtime.telemetry.prometheus import (
    CONTENT_TYPE,
    METRICS,
    PrometheusObserver,
    format_metrics,
)
from promptops.web.endpoint import make_endpoint
from tests.prometheus import find_program, serve_prometheus
from tests.runtime.log.pieces import make_attempt, make_run
from tests.stores import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prometheus import Prometheus

DASHBOARD = Path(promptops.__file__).parent / "runtime" / "telemetry" / "grafana.json"


def panels() -> list[tuple[str, str]]:
    document: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return [
        (panel["title"], target["expr"])
        for panel in document["panels"]
        for target in panel["targets"]
    ]


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    text = DASHBOARD.read_text("utf-8")
    for name, metric in METRICS.items():
        suffix = "_bucket" if metric.kind == "histogram" else ""
        assert f"{name}{suffix}" in text, f"no panel shows {name}"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    program = find_program()
    if program is None:
        leave_out("Prometheus is not installed")
    folder = tmp_path_factory.mktemp("dashboard")
    observer = PrometheusObserver(folder / "metrics")
    drift = (("prompt", "a"), ("version", "1.0.0"), ("measure", "refusals"))
    names = ("promptops_drift_effect", "promptops_drift_alarm")
    write_gauges(folder / "metrics", {(name, drift, ""): 1.0 for name in names})
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(0.1):
            done = make_run(status="succeeded", ms=120.0, is_cached=True, is_degraded=True)
            good = make_attempt(done, first_ms=30.0, cost_micros=900)
            bad = make_attempt(done, number=2, cost_micros=None, status=503, error="e")
            observer.end(done, [good, bad], None)
            failed = make_run(status="failed", stage="call", error_kind="ModelError", ms=9.0)
            observer.end(failed, [], None)
            observer.event("alert", {})

    def answer() -> str:
        return format_metrics(folder / "metrics")

    with make_endpoint("/metrics", CONTENT_TYPE, answer, "127.0.0.1", 0) as endpoint:
        threads = [threading.Thread(target=one) for one in (run, endpoint.serve_forever)]
        for thread in threads:
            thread.start()
        target = f"127.0.0.1:{endpoint.server_address[1]}"
        try:
            with serve_prometheus(program, folder / "server", [target]) as server:
                yield server
        finally:
            is_over.set()
            endpoint.shutdown()
            for thread in threads:
                thread.join()


@pytest.mark.slow
@pytest.mark.parametrize(("title", "expression"), panels())
def test_every_panel_shows_something(prometheus: Prometheus, title: str, expression: str) -> None:
    asked = expression.replace("[$__rate_interval]", "[10s]").replace("[1h]", "[10s]")
    asked = asked.replace("$prompt", ".*").replace("$environment", ".*")
    assert "$" not in asked
    values: list[float] = []
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        values = [float(one["value"][1]) for one in prometheus.query(asked)]
        if values and all(value > 0 for value in values):
            return
        time.sleep(0.2)
    pytest.fail(f"{title}: {asked} gives {values}")
