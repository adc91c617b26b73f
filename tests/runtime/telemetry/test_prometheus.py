"""What runs count for Prometheus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

import promptops
from promptops.errors import PromptopsError
from promptops.runtime.telemetry.prometheus import CONTENT_TYPE, PrometheusObserver, format_metrics
from promptops.web.endpoint import make_endpoint
from tests.runtime.log.pieces import end, make_attempt, make_run
from tests.runtime.telemetry.pieces import team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.log.record import AttemptRecord, RunRecord
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo


@pytest.fixture
def counted(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    with promptops.open(team(repo, "prometheus = true", monkeypatch).path) as registry:
        yield registry


def test_runs_are_counted_for_prometheus(counted: Registry) -> None:
    counted.run("a@working", {"text": "hello"})
    counted.run("a@working", {"text": "fail"})
    with pytest.raises(PromptopsError):
        counted.run("a@working", {})
    text = counted.metrics()
    place = 'prompt="a",version="1.2.3",environment=""'
    assert f'promptops_runs_total{{{place},status="succeeded"}} 2\n' in text
    assert f'promptops_runs_total{{{place},status="failed"}} 1\n' in text
    assert 'stage="inputs",kind="InputError"} 1\n' in text
    assert f"promptops_runs_degraded_total{{{place}}} 1\n" in text
    assert 'promptops_attempts_total{model="scripted/answers.yaml",status="401"} 1\n' in text
    assert f'promptops_run_seconds_bucket{{{place},le="+Inf"}} 3\n' in text
    assert f"promptops_run_seconds_count{{{place}}} 3\n" in text
    assert re.search(r'promptops_tokens_total\{.*type="output"\} [1-9]', text)
    # Cumulative, and each metric explained once.
    buckets = re.findall(rf"promptops_run_seconds_bucket\{{{place}.*\}} (\d+)", text)
    assert [int(one) for one in buckets] == sorted(int(one) for one in buckets)
    assert len(re.findall("^# TYPE", text, re.MULTILINE)) == len(
        set(re.findall("^# TYPE (.*)$", text, re.MULTILINE))
    )


@pytest.mark.story
def test_an_endpoint_serves_the_counts(counted: Registry) -> None:
    import threading

    counted.run("a@working", {"text": "hello"})
    with make_endpoint("/metrics", CONTENT_TYPE, counted.metrics, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with urlopen(f"http://127.0.0.1:{server.server_address[1]}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b"promptops_runs_total{" in answer.read()
        server.shutdown()
        thread.join()


PLACE = 'prompt="support/triage",version="1.2.0"'


def count(folder: Path, run: RunRecord, *attempts: AttemptRecord) -> str:
    observer = PrometheusObserver(folder)
    observer.end(run, attempts, None)
    observer.event("alert", {})
    observer.close()
    return format_metrics(folder)


def test_durations_are_in_cumulative_buckets(tmp_path: Path) -> None:
    run = end(make_run(), ms=10.0)
    for ms in (10.1, 100_000.0):
        count(tmp_path, end(make_run(), ms=ms))
    lines = count(tmp_path, run).splitlines()
    name = f'promptops_run_seconds_bucket{{{PLACE},environment="production"'
    counts = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)]
    # A bound is in its own bucket; the longest run is in none but the last.
    assert counts == [1, *[2] * (len(counts) - 2), 3]
    assert f'promptops_run_seconds_sum{{{PLACE},environment="production"}} 100.0201' in lines


def test_a_cost_is_counted_or_said_to_be_unknown(tmp_path: Path) -> None:
    run = end(make_run(), is_cached=True)
    priced, free = (
        make_attempt(run, cost_micros=1_500_000),
        make_attempt(run, model="echo/any", cost_micros=0),
    )
    unknown = make_attempt(run, cost_micros=None, status=None, error_kind="timeout")
    lines = count(tmp_path, run, priced, free, unknown).splitlines()
    model = 'model="openai/gpt-4o-mini"'
    place = f'{PLACE},environment="production",{model}'
    assert f"promptops_cost_dollars_total{{{place}}} 1.5" in lines
    assert f"promptops_cost_unknown_total{{{place}}} 1" in lines
    assert f'promptops_attempts_total{{{model},status="timeout"}} 1' in lines
    assert f'promptops_tokens_total{{{PLACE},{model},type="input"}} 200' in lines
    assert not any("cost" in line and "echo/any" in line for line in lines)
    assert f'promptops_runs_cached_total{{{PLACE},environment="production"}} 1' in lines
    assert 'promptops_events_total{kind="alert"} 1' in lines


def test_a_name_cannot_add_a_line(tmp_path: Path) -> None:
    odd = 'a"} 9\npromptops_runs_total{x="\\ \ud800'
    text = count(tmp_path, end(make_run(prompt=odd)))
    assert r'prompt="a\"} 9\npromptops_runs_total{x=\"\\ ?"' in text
    assert not any(line[-3:] == "} 9" for line in text.splitlines())


def test_nothing_counted_still_says_what_there_is(tmp_path: Path) -> None:
    lines = format_metrics(tmp_path / "missing").splitlines()
    assert all(line.startswith("# ") for line in lines)
    assert "# TYPE promptops_run_seconds histogram" in lines
