"""The table `[telemetry]`: export of runs to OpenTelemetry and Prometheus.

[telemetry] otel = true content = false prometheus = true # or the folder that the processes of one
machine share
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.settings.reading import Table

KEYS = ("otel", "content", "prometheus")


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """The settings of telemetry.

    Attributes:
        otel: whether runs become spans and metrics of OpenTelemetry.
        content: whether spans contain messages and answers, redacted as in the run log.
        prometheus: whether runs are counted for Prometheus.
        folder: the folder in which the processes of one machine share their counts; None: beside
            the run log.
    """

    otel: bool = False
    content: bool = False
    prometheus: bool = False
    folder: str | None = None


def read_telemetry(value: object, path: str) -> TelemetrySettings:
    """Read the table `[telemetry]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "telemetry")
    table.check_keys(KEYS)
    folder = table.raw("prometheus")
    has_folder = isinstance(folder, str)
    return TelemetrySettings(
        otel=table.flag("otel", default=False),
        content=table.flag("content", default=False),
        prometheus=has_folder or table.flag("prometheus", default=False),
        folder=table.optional_text("prometheus") if has_folder else None,
    )
