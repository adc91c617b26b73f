"""The telemetry of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.repository.settings.log import LogSettings
from promptops.repository.settings.telemetry import TelemetrySettings
from promptops.runtime.telemetry.opening import find_counts, open_telemetry
from tests.runtime.telemetry.pieces import team

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_nobody_is_told_without_the_table(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    with promptops.open(team(repo, "", monkeypatch).path) as registry:
        registry.run("a@working", {"text": "hello"})
        assert registry.metrics() == ""
        assert registry.open_runner()._tools.telemetry is None


@pytest.mark.parametrize(
    ("folder", "log", "variable", "has_repository", "found"),
    [
        (None, None, "", True, "top/.git/promptops-log/metrics"),
        (None, "data/runs.db", "", True, "top/data/metrics"),
        (None, None, "sqlite:///srv/runs.db", True, "/srv/metrics"),
        # A database is on another machine; the counts are this machine's.
        (None, "postgresql://db/runs", "", True, "top/.git/promptops-log/metrics"),
        (None, None, "postgres://db/runs", True, "top/.git/promptops-log/metrics"),
        (None, None, "", False, "state/promptops/metrics"),
        ("counts", None, "", True, "top/counts"),
        ("/srv/counts", None, "", True, "/srv/counts"),
        ("counts", None, "", False, "counts"),
    ],
)
def test_counts_are_beside_the_log_or_where_they_are_wanted(
    tmp_path: Path,
    folder: str | None,
    log: str | None,
    variable: str,
    found: str,
    *,
    has_repository: bool,
) -> None:
    top = tmp_path / "top" if has_repository else None
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "PROMPTOPS_LOG": variable}
    place = find_counts(
        TelemetrySettings(folder=folder),
        LogSettings(url=log),
        environment,
        common_dir=None if top is None else top / ".git",
        top=top,
    )
    assert place == (Path(found) if top is None and folder else tmp_path / found)


def test_telemetry_that_is_off_opens_nothing(tmp_path: Path) -> None:
    assert open_telemetry(TelemetrySettings(content=True), tmp_path / "x", print) is None
    assert open_telemetry(TelemetrySettings(prometheus=True), tmp_path / "x", print) is not None
    assert not (tmp_path / "x").exists()
