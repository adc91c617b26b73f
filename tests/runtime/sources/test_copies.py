"""Copies on disk: one folder for a source, and a state that is whole or counts as missing."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from promptops.delivery.state import Point
from promptops.errors import PointError
from promptops.runtime.sources.copies import (
    CacheFolder,
    CacheState,
    SourceOutage,
    default_cache,
    read_cache_state,
    remembered,
)

STATE = CacheState(1000.5, {"production": Point(7, "ab" * 20)}, {"etag": '"1"'})


@pytest.fixture
def folder(tmp_path: Path) -> CacheFolder:
    return CacheFolder(tmp_path, "snapshots", "https://host/a.json", "")


def test_a_state_is_read_as_it_was_written(folder: CacheFolder) -> None:
    assert folder.read_state() is None
    with folder.locked():
        folder.write_state(STATE)
    assert folder.read_state() == STATE
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_each_source_has_a_folder_of_its_own(tmp_path: Path) -> None:
    identities = [("a", "b"), ("ab",), ("a", "b", ""), ("a\udcff",)]
    paths = {CacheFolder(tmp_path, "mirrors", *one).path for one in identities}
    paths.add(CacheFolder(tmp_path, "snapshots", "a", "b").path)
    assert len(paths) == 5
    assert CacheFolder(tmp_path, "mirrors", "a", "b").path in paths


GOOD = {
    "schema": "promptops.cache/v1",
    "fetched_at": 1000.5,
    "seen": {"production": {"deployment": 7, "commit": "ab" * 20}},
    "facts": {"etag": '"1"'},
}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "promptops.cache/v2"},
        {"fetched_at": None},
        {"fetched_at": "soon"},
        {"seen": []},
        {"seen": {"production": {"deployment": 7}}},
        {"seen": {"production": {"deployment": 2**53, "commit": "ab" * 20}}},
        {"seen": {"production": {"deployment": "7", "commit": "ab" * 20}}},
        {"seen": {"production": {"deployment": 7, "commit": "../x"}}},
        {"seen": {"production": {"deployment": 7, "commit": "AB" * 20}}},
        {"seen": {"production": {"deployment": 7, "commit": 1}}},
        {"facts": 1},
    ],
    ids=str,
)
def test_a_state_that_is_not_right_counts_as_missing(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps(GOOD))
    assert read_cache_state(tmp_path) == STATE
    file.write_text(json.dumps(GOOD | change))
    assert read_cache_state(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", "[" * 100_000, "9" * 5000, "\x00"])
def test_junk_counts_as_missing(folder: CacheFolder, text: str) -> None:
    folder.path.mkdir(parents=True)
    for name in ("state.json", "silence.json"):
        (folder.path / name).write_text(text)
    assert folder.read_state() is None
    assert folder.read_outage() is None


def test_an_outage_is_told_to_other_processes_until_it_is_over(folder: CacheFolder) -> None:
    outage = SourceOutage(1000.0, 4.0, "it is down")
    # Without a copy there is nothing that another process could serve.
    folder.write_outage(outage)
    assert not folder.path.exists()
    with folder.locked():
        folder.write_outage(outage)
    assert folder.read_outage() == outage
    folder.write_outage(None)
    assert folder.read_outage() is None
    folder.write_outage(None)


@pytest.mark.parametrize(
    ("variable", "parts"), [("/else/where", ("/else/where",)), ("", ("~", ".cache"))]
)
def test_copies_are_in_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, variable: str, parts: tuple[str, ...]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    assert default_cache() == Path(*parts).expanduser() / "promptops"


def test_an_error_because_of_the_past_says_what_to_delete(tmp_path: Path) -> None:
    error = remembered(PointError("it went back", hint="ask Jane"), tmp_path)
    assert type(error) is PointError
    assert error.message == "it went back, says this machine's cache"
    assert error.hint is not None
    assert error.hint.startswith("ask Jane; ")
    assert str(tmp_path) in error.hint
