"""Counts of requests, as Prometheus reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.server.metrics import Metrics

if TYPE_CHECKING:
    from tests.server.conftest import Team
    from tests.server.serving import Served


def test_requests_are_counted_by_route_method_and_status() -> None:
    metrics = Metrics(in_flight=2)
    for status in (200, 200, 404):
        metrics.count("/b", "GET", status, 0.0)
    metrics.count("/a", "POST", 200, 0.0)
    lines = metrics.format().splitlines()
    assert [line for line in lines if line.startswith("promptops_requests")] == [
        'promptops_requests_total{route="/a",method="POST",status="200"} 1',
        'promptops_requests_total{route="/b",method="GET",status="200"} 2',
        'promptops_requests_total{route="/b",method="GET",status="404"} 1',
        "promptops_requests_in_flight 2",
    ]


@pytest.mark.parametrize(
    ("seconds", "first"), [(0.0, "0.001"), (0.001, "0.001"), (0.0011, "0.005"), (500.0, "+Inf")]
)
def test_a_bucket_holds_what_took_no_longer_than_its_bound(seconds: float, first: str) -> None:
    metrics = Metrics()
    metrics.count("/a", "GET", 200, seconds)
    buckets = [line for line in metrics.format().splitlines() if "_bucket{" in line]
    assert next(line for line in buckets if line.endswith(" 1")).split('le="')[1] == f'{first}"}} 1'
    assert buckets[-1].endswith('le="+Inf"} 1')


def test_buckets_add_up_to_the_count() -> None:
    metrics = Metrics()
    for seconds in (0.002, 0.002, 0.3):
        metrics.count("/a", "GET", 200, seconds)
    counts = [line.split(" ")[1] for line in metrics.format().splitlines() if "_bucket{" in line]
    assert counts == ["0"] + ["2"] * 5 + ["3"] * 9
    assert 'promptops_request_seconds_sum{route="/a"} 0.304000\n' in metrics.format()
    assert 'promptops_request_seconds_count{route="/a"} 3\n' in metrics.format()


@pytest.mark.story
def test_metrics_count_requests(service: Served, team: Team) -> None:
    key = team.make_key("--verb", "resolve", "--verb", "metrics")
    narrow = team.make_key("--verb", "resolve")
    service.ask("GET", "/v1/resolve/support/echo", key=key)
    reply = service.ask("GET", "/metrics", key=key)
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = reply.body.decode()
    assert 'promptops_requests_total{route="/v1/resolve/{ref:path}",method="GET"' in text
    assert "promptops_requests_in_flight 1\n" in text
    assert service.ask("GET", "/metrics", key=narrow).status == 403
