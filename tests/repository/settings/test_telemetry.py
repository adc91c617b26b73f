from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import load_config
from promptops.repository.settings.telemetry import TelemetrySettings


def read(text: str) -> TelemetrySettings:
    return load_config({"promptops.toml": text.encode()}.get).telemetry


def test_nothing_is_exported_unless_configured() -> None:
    assert read("") == read("[telemetry]\n") == TelemetrySettings()


@pytest.mark.parametrize(
    ("value", "counts", "folder"),
    [("false", False, None), ("true", True, None), ("'counts'", True, "counts")],
)
def test_prometheus_is_a_switch_or_the_folder_of_the_counts(
    value: str, counts: bool, folder: str | None
) -> None:
    settings = read(f"[telemetry]\notel = true\ncontent = true\nprometheus = {value}\n")
    assert settings == TelemetrySettings(True, True, counts, folder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("prometheus = 9464", "telemetry.prometheus is not true or false"),
        ("prometheus = ''", "telemetry.prometheus is not a text"),
        ("otel = 'yes'", "telemetry.otel is not true or false"),
        ("contents = true", "unknown key 'telemetry.contents'"),
    ],
)
def test_what_means_nothing_is_an_error(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(f"[telemetry]\n{line}\n")
