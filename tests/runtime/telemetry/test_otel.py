"""What runs tell OpenTelemetry."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.runtime.telemetry import names, otel
from promptops.runtime.telemetry.otel import OtelObserver
from tests.runtime.log.pieces import end, make_run
from tests.runtime.telemetry.pieces import team

if TYPE_CHECKING:
    from tests.repositories import Repo


class Observed:
    """A tracer provider of the application's, as OpenTelemetry knows it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from opentelemetry import metrics, trace
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.exporter = InMemorySpanExporter()
        self.traces = TracerProvider()
        self.traces.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        measures = MeterProvider([self.reader])
        monkeypatch.setattr(trace, "get_tracer_provider", lambda: self.traces)
        monkeypatch.setattr(metrics, "get_meter_provider", lambda: measures)

    def spans(self) -> dict[str, Any]:
        return {one.name: one for one in self.exporter.get_finished_spans()}

    def metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            one.name: one
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for one in scope.metrics
        }


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> Observed:
    pytest.importorskip("opentelemetry.sdk")
    return Observed(monkeypatch)


@pytest.mark.slow
def test_a_run_is_a_span_and_each_attempt_one_below_it(
    repo: Repo, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with promptops.open(team(repo, "otel = true", monkeypatch).path) as registry:
        run = registry.run("a@working", {"text": "fail"}, tenant="acme")
    spans = observed.spans()
    assert set(spans) == {"run a", "chat scripted/answers.yaml", "chat echo/any"}
    whole, refused = spans["run a"], spans["chat scripted/answers.yaml"]
    assert refused.parent.span_id == whole.context.span_id
    assert whole.start_time <= refused.start_time <= refused.end_time <= whole.end_time
    assert refused.kind.name == "CLIENT"
    assert refused.status.status_code.name == "ERROR"
    assert refused.attributes[names.ERROR_TYPE] == "401"
    assert refused.attributes[names.STATUS_CODE] == 401
    assert refused.attributes[names.PROVIDER_NAME] == "scripted"
    assert whole.status.status_code.name == "UNSET"
    assert whole.attributes[names.PROMPT_NAME] == "a"
    assert whole.attributes[names.PROMPT_VERSION] == "1.2.3"
    assert whole.attributes[names.RUN_ID] == run.id
    assert whole.attributes[names.RUN_DEGRADED] is True
    assert whole.attributes[names.TENANT] == "acme"
    # What was said is told only where somebody asked for it.
    assert not any(
        "fail" in str(value) for one in spans.values() for value in one.attributes.values()
    )


def test_metrics_have_the_conventions_bounds(
    repo: Repo, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with promptops.open(team(repo, "otel = true", monkeypatch).path) as registry:
        registry.run("a@working", {"text": "hello"})
    found = observed.metrics()
    [seconds] = found[names.OPERATION_DURATION].data.data_points
    assert seconds.explicit_bounds == names.SECONDS_BOUNDS
    assert seconds.attributes[names.RESPONSE_MODEL] == "served-1"
    tokens = found[names.TOKEN_USAGE].data.data_points
    assert {one.attributes[names.TOKEN_TYPE] for one in tokens} == {"input", "output"}
    assert tokens[0].explicit_bounds == names.TOKENS_BOUNDS
    [runs] = found[names.RUNS].data.data_points
    assert (runs.value, runs.attributes[names.RUN_STATUS]) == (1, "succeeded")


def test_content_is_told_where_asked_and_redacted(
    repo: Repo, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with promptops.open(team(repo, "otel = true\ncontent = true", monkeypatch).path) as registry:
        registry.run("a@working", {"text": "call +49 30 901820123", "name": "Anneliese"})
    attributes = observed.spans()["run a"].attributes
    assert attributes[names.INPUT_MESSAGES] == snapshot(
        '[{"role": "user", "content": "call [redacted telephone number] [redacted name]"}]'
    )
    assert "Anneliese" not in attributes[names.INPUT_MESSAGES]
    assert attributes[names.OUTPUT_MESSAGES] == snapshot(
        '[{"role": "assistant", "content": "fine"}]'
    )


def test_a_stream_and_a_run_within_another_keep_their_parents(
    repo: Repo, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with promptops.open(team(repo, "otel = true", monkeypatch).path) as registry:
        outer = registry.run("a@working", {"text": "outer"})
        one = registry.stream("a@working", {"text": "x"})
        next(one)
        two = list(registry.stream("a@working", {"text": "y"}))[-1].run
        assert two is not None
        list(one)
        with outer.within():
            registry.run("a@working", {"text": "inner"})
    runs = [span for span in observed.exporter.get_finished_spans() if span.name == "run a"]
    parents = [None if span.parent is None else span.parent.span_id for span in runs]
    assert parents == [None, None, None, runs[0].context.span_id]


@pytest.mark.story
def test_a_collector_that_is_down_costs_nothing(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    monkeypatch.setattr(otel, "_CLOSE_SECONDS", 0.2)
    with socket.socket() as silent:
        # It takes connections and never answers.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        registry = promptops.open(team(repo, "otel = true", monkeypatch).path)
        for number in range(20):
            assert registry.run("a@working", {"text": str(number)}).text == "fine"
        began = time.monotonic()
        registry.close()
        # Unbounded, the exporters would try for a minute.
        assert time.monotonic() - began < 20
    assert "Traceback" not in capfd.readouterr().err


class Provider:
    """A tracer of the application's that fails for some runs."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.spans: list[str] = []

    def start_span(self, name: str, *_: object, **__: object) -> Any:
        if self.fails:
            raise RuntimeError(name)
        from opentelemetry.trace import INVALID_SPAN

        self.spans.append(name)
        return INVALID_SPAN


def observe(tracer: Provider) -> OtelObserver:
    pytest.importorskip("opentelemetry")
    from opentelemetry.metrics import NoOpMeter

    return OtelObserver(tracer, NoOpMeter("test"), content=False, shut=lambda: None)


def test_runs_that_a_broken_provider_refuses_are_counted_as_lost() -> None:
    tracer = Provider(fails=True)
    observer = observe(tracer)
    for _ in range(2):
        observer.end(end(make_run()), [], observer.begin(make_run()))
    observer.close()
    assert observer.lost == 2


def test_no_more_runs_wait_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otel, "_MAX_WAITING", 3)
    monkeypatch.setattr(otel, "_BATCH_SECONDS", 600)
    tracer = Provider(fails=False)
    observer = observe(tracer)
    for _ in range(5):
        observer.end(end(make_run()), [], None)
    assert observer.lost == 2
    observer.close()
    assert tracer.spans == ["run support/triage"] * 3
