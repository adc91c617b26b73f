"""What runs count for Prometheus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

import promptops
from promptops.errors import PromptopsError
from promptops.runtime.telemetry.prometheus import CONTENT_TYPE
from promptops.web.endpoint import make_endpoint
from tests.runtime.telemetry.pieces import team

if TYPE_CHECKING:
    from collections.abc import Iterator

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
