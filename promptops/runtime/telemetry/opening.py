"""Open the telemetry of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptops.runtime.stores.log_place import find_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.repository.settings.log import LogSettings
    from promptops.repository.settings.telemetry import TelemetrySettings
    from promptops.runtime.telemetry.telemetry import Observer, Telemetry

_FOLDER = "metrics"


def find_counts(
    settings: TelemetrySettings,
    log: LogSettings,
    environment: Mapping[str, str],
    *,
    common_dir: Path | None,
    top: Path | None,
) -> Path:
    """Return the folder of this machine's counters.

    Args:
        settings: the table `[telemetry]`.
        log: the table `[log]`: by default the folder is next to the run log.
        environment: the environment variables, for the user's folders.
        common_dir: the git folder shared by all work trees; None without a repository.
        top: the folder to which paths in the configuration are relative.
    """
    if settings.folder is not None:
        base = top or common_dir
        path = Path(settings.folder).expanduser()
        return path if base is None else base / path
    place = find_log(log, environment, common_dir=common_dir, top=top)
    if "://" in place and not place.startswith("sqlite:"):
        from promptops.repository.settings.log import LogSettings
        from promptops.runtime.stores.log_place import VARIABLE

        others = {name: value for name, value in environment.items() if name != VARIABLE}
        place = find_log(LogSettings(), others, common_dir=common_dir, top=top)
    return Path(place.removeprefix("sqlite:").removeprefix("//")).with_name(_FOLDER)


def open_telemetry(
    settings: TelemetrySettings, folder: Path, warn: Callable[[str], None]
) -> Telemetry | None:
    """Return the telemetry; None if it is off.

    Args:
        settings: the table `[telemetry]`.
        folder: the folder of this machine's counters.
        warn: called once about failures.
    """
    observers: list[Observer] = []
    if settings.otel:
        from promptops.runtime.telemetry.otel import open_otel

        observers.append(open_otel(content=settings.content))
    if settings.prometheus:
        from promptops.runtime.telemetry.prometheus import PrometheusObserver

        observers.append(PrometheusObserver(folder))
    if not observers:
        return None
    from promptops.runtime.telemetry.telemetry import Telemetry

    return Telemetry(observers, warn)
