"""Export runs as spans and metrics of OpenTelemetry.

A run is a span, and each attempt a span of the kind CLIENT below it. Spans are never made current:
one that is current across a `yield` becomes the parent of the next stream.

A provider set by the application is used as is. Otherwise this module makes one with an exporter
over HTTP, which the variables `OTEL_EXPORTER_OTLP_*` configure. Data that cannot be sent is
dropped, because the queue and the time for closing are bounded.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

from promptops.about import __version__
from promptops.errors import PromptopsError
from promptops.runtime.redaction import redact_value
from promptops.runtime.telemetry import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.log.record import AttemptRecord, RunRecord

_SCOPE = "promptops"
_CLOSE_SECONDS = 2.0
_EXPORT_SECONDS = 5
_METRIC_MILLISECONDS = 60_000
_MAX_CONTENT = 32_768
_MAX_PARENTS = 4096
_MAX_COUNTS = 2000
_MAX_WAITING = 10_000
_BATCH_SECONDS = 0.5
_MAX_DECISIONS = 20


class OtelObserver:
    """Exports runs to OpenTelemetry.

    Attributes:
        lost: the number of runs not exported, because too many were pending or a provider failed.
    """

    def __init__(self, tracer: Any, meter: Any, *, content: bool, shut: Callable[[], None]) -> None:  # noqa: ANN401
        """Store tracer, meter, whether to export texts, and a function that closes exporters."""
        from opentelemetry.context import get_current
        from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

        self._tracer = tracer
        self._client, self._internal = SpanKind.CLIENT, SpanKind.INTERNAL
        self._error = StatusCode.ERROR
        self._in_context = set_span_in_context
        self._current = get_current
        self._content = content
        self._shut = shut
        self.lost = 0
        self._renew()
        self._contexts: OrderedDict[str, Any] = OrderedDict()
        self._seconds = _histogram(
            meter, names.OPERATION_DURATION, "s", "Duration of a request.", names.SECONDS_BOUNDS
        )
        self._first = _histogram(
            meter,
            names.TIME_TO_FIRST,
            "s",
            "Time to the first part of a stream.",
            names.SECONDS_BOUNDS,
        )
        self._tokens = _histogram(
            meter, names.TOKEN_USAGE, "{token}", "Tokens of a request.", names.TOKENS_BOUNDS
        )
        # The SDK's counters are several times slower.
        self._counts: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        for name, unit, text in (
            (names.RUNS, "{run}", "Runs that ended."),
            (names.COST, "{USD}", "Cost of runs, where known."),
        ):
            self._counts[name] = {}
            meter.create_observable_counter(name, [self._reading(name)], unit, text)

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._waiting: deque[tuple[RunRecord, Sequence[AttemptRecord], object]] = deque()
        self._wake = threading.Event()
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def _reading(self, name: str) -> Callable[[Any], list[Any]]:
        from opentelemetry.metrics import Observation

        def read(_: object) -> list[Any]:
            with self._lock:
                counted = list(self._counts[name].items())
            return [Observation(value, dict(labels)) for labels, value in counted]

        return read

    def _add(self, name: str, labels: tuple[tuple[str, str], ...], amount: float) -> None:
        with self._lock:
            counts = self._counts[name]
            if labels in counts or len(counts) < _MAX_COUNTS:
                counts[labels] = counts.get(labels, 0.0) + amount

    def begin(self, run: RunRecord) -> object:
        """Return the context of the application's span, in which the run's span will be."""
        del run
        return self._current()

    def end(self, run: RunRecord, attempts: Sequence[AttemptRecord], begun: object) -> None:
        """Queue an ended run; a thread exports many at once, a little later.

        Exporting many at once takes a fraction of the processor time, and the run does not wait.
        """
        if self._pid != os.getpid():
            # The parent exports its queue; its thread does not exist here.
            self._renew()
        if len(self._waiting) >= _MAX_WAITING:
            self.lost += 1
            return
        self._waiting.append((run, attempts, begun))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="promptops-otel", daemon=True)
            self._thread.start()
        if not self._wake.is_set():
            self._wake.set()

    def _work(self) -> None:
        while not self._is_over.is_set():
            self._wake.wait()
            self._wake.clear()
            self._is_over.wait(_BATCH_SECONDS)
            self._tell_waiting()

    def _tell_waiting(self) -> None:
        while self._waiting:
            try:
                self._tell(*self._waiting.popleft())
            except IndexError:
                return
            except Exception:  # noqa: BLE001 - a provider of the application's may do anything
                self.lost += 1

    def _tell(self, run: RunRecord, attempts: Sequence[AttemptRecord], begun: object) -> None:
        """Export a run as a span, with its attempts as children, and count both.

        The span is created at the end, when everything is known, because attributes are cheaper at
        creation.
        """
        common = {
            names.PROMPT_NAME: run.prompt or run.ref,
            names.PROMPT_VERSION: run.version or "working",
        }
        if run.environment is not None:
            common[names.ENVIRONMENT] = run.environment
        labels = tuple(common.items())
        self._add(names.RUNS, (*labels, (names.RUN_STATUS, run.status)), 1)
        spent = sum(one.cost_micros or 0 for one in attempts)
        if spent:
            self._add(names.COST, labels, spent / 1_000_000)
        if run.parent_id is not None:
            begun = self._contexts.get(run.parent_id, begun)
        started = round(run.started_at * 1e9)
        span = self._tracer.start_span(
            f"run {run.prompt or run.ref}",
            begun,
            self._internal,
            attributes=_describe_run(run, common, content=self._content),
            start_time=started,
        )
        inside = self._in_context(span)
        ended = started + round((run.ms or 0.0) * 1e6)
        for one in attempts:
            ended = max(ended, self._tell_attempt(run, one, common, inside))
        if run.stage is not None:
            span.set_status(self._error, run.error)
        span.end(ended)
        self._contexts[run.id] = inside
        if len(self._contexts) > _MAX_PARENTS:
            self._contexts.popitem(last=False)

    def _tell_attempt(
        self, run: RunRecord, one: AttemptRecord, common: Mapping[str, str], inside: object
    ) -> int:
        """Export one attempt; return its end time, in nanoseconds."""
        provider, slash, _ = one.model.partition("/")
        labels: dict[str, Any] = {
            **common,
            names.OPERATION_NAME: names.CHAT,
            names.PROVIDER_NAME: provider if slash else "promptops",
            names.REQUEST_MODEL: one.model,
        }
        if one.served_model is not None:
            labels[names.RESPONSE_MODEL] = one.served_model
        if one.error is not None:
            labels[names.ERROR_TYPE] = str(one.status or one.error_kind or "_OTHER")
        if one.ms is not None:
            self._seconds.record(one.ms / 1000, labels)
        if one.first_ms is not None:
            self._first.record(one.first_ms / 1000, labels)
        for kind, count in (("input", one.input_tokens), ("output", one.output_tokens)):
            if count is not None:
                self._tokens.record(count, {**labels, names.TOKEN_TYPE: kind})
        started = round(one.started_at * 1e9)
        ended = started + round((one.ms or 0.0) * 1e6)
        span = self._tracer.start_span(
            f"{names.CHAT} {one.model}",
            inside,
            self._client,
            attributes={**labels, **_describe_attempt(run, one)},
            start_time=started,
        )
        if one.error is not None:
            span.set_status(self._error, one.error)
        span.end(ended)
        return ended

    def event(self, kind: str, detail: Mapping[str, object]) -> None:
        """Do nothing: events are in the run log and in Prometheus."""

    def close(self) -> None:
        """Send the queue, in a bounded time."""
        if self._pid == os.getpid():
            self._is_over.set()
            self._wake.set()
            if self._thread is not None:
                self._thread.join(_CLOSE_SECONDS)
            self._tell_waiting()
        self._shut()


def open_otel(*, content: bool) -> OtelObserver:
    """Return an observer. Raises PromptopsError if the package is missing.

    Args:
        content: whether spans contain messages and answers.
    """
    try:
        from opentelemetry import metrics, trace
    except ImportError as error:
        raise PromptopsError(
            "telemetry needs the package opentelemetry",
            hint="pip install 'git-promptops[otel]'",
        ) from error
    traces, measures = trace.get_tracer_provider(), metrics.get_meter_provider()
    closers: list[Callable[[], object]] = []
    is_set = not isinstance(traces, trace.ProxyTracerProvider)
    if not is_set:
        traces, measures = _make_providers()
        closers += [traces.shutdown, measures.shutdown]

    def shut() -> None:
        _shut_in_time(closers)
        atexit.unregister(shut)

    if closers:
        atexit.register(shut)
    return OtelObserver(
        traces.get_tracer(_SCOPE, __version__),
        measures.get_meter(_SCOPE, __version__),
        content=content,
        shut=shut,
    )


def _make_providers() -> tuple[Any, Any]:
    """Return private providers."""
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise PromptopsError(
            "telemetry needs an exporter, and the application has set no provider",
            hint="pip install 'git-promptops[otel]'",
        ) from error
    _say_once()
    resource = Resource.create({"telemetry.distro.name": "promptops"})
    traces = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(timeout=_EXPORT_SECONDS)
    traces.add_span_processor(BatchSpanProcessor(exporter))
    readers = []
    # Some services accept only spans, at a separate address.
    if os.environ.get("OTEL_METRICS_EXPORTER", "").strip().lower() != "none":
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(timeout=_EXPORT_SECONDS),
            export_interval_millis=_METRIC_MILLISECONDS,
            export_timeout_millis=_EXPORT_SECONDS * 1000,
        )
        readers.append(reader)
    measures = MeterProvider(
        readers,
        resource=resource,
        exemplar_filter=AlwaysOffExemplarFilter(),
        shutdown_on_exit=False,
    )
    return traces, measures


def _shut_in_time(closers: list[Callable[[], object]]) -> None:
    """Close providers within a time limit, so that an unavailable collector does not delay the
    exit.
    """

    def work(close: Callable[[], object]) -> None:
        try:
            close()
        except Exception as error:  # noqa: BLE001 - what waits is lost, and nothing else
            logging.getLogger("promptops").debug("telemetry was not sent: %s", error)

    threads = [threading.Thread(target=work, args=(one,), daemon=True) for one in closers]
    closers.clear()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_CLOSE_SECONDS / max(1, len(threads)))


class _OnceFilter(logging.Filter):
    """Passes one log record only, because an exporter logs every failed attempt."""

    def __init__(self) -> None:
        super().__init__()
        self._has_spoken = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is the first one."""
        del record
        is_first, self._has_spoken = not self._has_spoken, True
        return is_first


def _say_once() -> None:
    for name in (
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry.exporter.otlp.proto.http.metric_exporter",
        "opentelemetry.sdk._shared_internal",
        "opentelemetry.sdk.metrics._internal.export",
    ):
        logger = logging.getLogger(name)
        if not any(isinstance(one, _OnceFilter) for one in logger.filters):
            logger.addFilter(_OnceFilter())


def _histogram(meter: Any, name: str, unit: str, text: str, bounds: Sequence[float]) -> Any:  # noqa: ANN401
    return meter.create_histogram(name, unit, text, explicit_bucket_boundaries_advisory=bounds)


def _describe_run(run: RunRecord, common: Mapping[str, str], *, content: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        **common,
        names.RUN_ID: run.id,
        names.RUN_STATUS: run.status,
        names.PROMPT_DIGEST: run.digest,
        names.PROMPT_COMMIT: run.commit,
        names.DEPLOYMENT: run.deployment,
        names.TENANT: run.tenant,
        names.RUN_STAGE: run.stage,
        names.RUN_COST: run.cost_micros,
        names.RUN_CACHED: run.is_cached,
        names.RUN_DEGRADED: run.is_degraded,
        names.REQUEST_MODEL: run.model,
        names.ERROR_TYPE: run.error_kind,
        names.CONVERSATION_ID: (run.labels or {}).get("conversation"),
    }
    if run.decisions:
        found[names.DECISIONS] = [f"{one.rule}: {one.why}" for one in run.decisions][
            :_MAX_DECISIONS
        ]
    if content:
        found[names.INPUT_MESSAGES] = _show(run, run.messages)
        if run.answer is not None:
            said = [{"role": "assistant", "content": run.answer}]
            found[names.OUTPUT_MESSAGES] = _show(run, said)
    return {name: value for name, value in found.items() if value is not None}


def _show(run: RunRecord, messages: object) -> str:
    from promptops.runtime.redaction import find_hidden, hide

    shown = hide(redact_value(messages), find_hidden(run.inputs, run.hidden))
    return json.dumps(shown, ensure_ascii=False, default=str)[:_MAX_CONTENT]


def _describe_attempt(run: RunRecord, one: AttemptRecord) -> dict[str, Any]:
    found = {
        names.RUN_ID: run.id,
        names.ATTEMPT: one.number,
        names.RESPONSE_ID: one.response_id,
        names.FINISH_REASONS: None if one.finish is None else [one.finish],
        names.INPUT_TOKENS: one.input_tokens,
        names.OUTPUT_TOKENS: one.output_tokens,
        names.CACHED_TOKENS: one.cached_tokens,
        names.STATUS_CODE: one.status,
    }
    return {name: value for name, value in found.items() if value is not None}
