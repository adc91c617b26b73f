"""A server on loopback that takes what telemetry sends, and decodes it."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from types import TracebackType


class Taken(NamedTuple):
    """One request; header names are in lower case, the body is unpacked."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers every request with 200."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                taken.append(Taken(self.path, headers, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def spans(self, path: str) -> dict[str, dict[str, Any]]:
        """Return the spans sent to a path by name, each with its attributes and trace."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        found: dict[str, dict[str, Any]] = {}
        for one in self.taken:
            if one.path != path:
                continue
            request = ExportTraceServiceRequest.FromString(one.body)
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        values = {item.key: _plain(item.value) for item in span.attributes}
                        found[span.name] = {**values, "trace_id": span.trace_id.hex()}
        return found

    def metrics(self, path: str) -> dict[str, str]:
        """Return the metrics sent to a path: name -> temporality."""
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
            ExportMetricsServiceRequest,
        )

        found: dict[str, str] = {}
        for one in self.taken:
            if one.path != path:
                continue
            request = ExportMetricsServiceRequest.FromString(one.body)
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        data = getattr(metric, metric.WhichOneof("data") or "sum")
                        kinds = ("unspecified", "delta", "cumulative")
                        found[metric.name] = kinds[data.aggregation_temporality]
        return found


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)
