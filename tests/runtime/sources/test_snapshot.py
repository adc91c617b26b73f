"""Snapshots: written whole, checked whole, and answering what was exported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    PausedError,
    PromptNotFoundError,
    UsageError,
    VersionNotFoundError,
)
from promptops.runtime.sources.snapshot import (
    format_snapshot,
    parse_snapshot,
    write_snapshot,
)
from tests.runtime.sources.pieces import NAME, freeze

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.errors import PromptopsError
    from tests.released import Press


@pytest.mark.slow
def test_a_snapshot_answers_what_was_exported(published: Press, tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"
    write_snapshot(file, freeze(published, NAME, f"{NAME}@^1", f"{NAME}@1.0.0"))
    with promptops.open(file) as registry, promptops.open(published.repo.path) as origin:
        for ref in (NAME, f"{NAME}@production", f"{NAME}@^1", f"{NAME}@1.0.0", f"{NAME}@1.1.0"):
            frozen, live = registry.get(ref), origin.get(ref)
            assert frozen.digest == live.digest
            assert frozen.commit == live.commit
            assert frozen.placement == live.placement
            assert frozen.request(question="a") == live.request(question="a")
        assert registry.list("production")[0].version == "1.1.0"


@pytest.mark.parametrize(
    ("ref", "error"),
    [
        (f"{NAME}@latest", VersionNotFoundError),
        (f"{NAME}@1.0.0", VersionNotFoundError),
        (f"{NAME}@working", VersionNotFoundError),
        (f"{NAME}@staging", EnvironmentNotFoundError),
        ("support/triag", PromptNotFoundError),
        ("other@1.0.0", PromptNotFoundError),
    ],
)
def test_a_snapshot_answers_nothing_else(
    frozen: bytes, tmp_path: Path, ref: str, error: type[PromptopsError]
) -> None:
    file = tmp_path / "prompts.json"
    write_snapshot(file, frozen)
    with promptops.open(file) as registry, pytest.raises(error):
        registry.get(ref)


def test_what_is_not_live_in_a_whole_environment_is_said(press: Press, tmp_path: Path) -> None:
    press.release("writer/notes", "1.0.0")
    file = tmp_path / "prompts.json"
    write_snapshot(file, freeze(press, "writer/notes@1.0.0", environments=("production",)))
    with promptops.open(file) as registry, pytest.raises(NotDeployedError, match="is not live"):
        registry.get("writer/notes")


def test_pauses_splits_and_yanks_are_taken_along(press: Press, tmp_path: Path) -> None:
    press.yank(NAME, "1.1.0", "rude")
    press.release("other", "1.0.0")
    press.deploy(
        "production",
        {NAME: (("1.1.0", 80), ("1.0.0", 20)), "other": "1.0.0"},
        paused={"other": "leak"},
    )
    file = tmp_path / "prompts.json"
    write_snapshot(file, freeze(press, environments=("production",)))
    with promptops.open(file) as registry:
        resolved = registry.get(NAME)
        assert [one.share for one in resolved.split] == [80, 20]
        assert resolved.yanked == "rude"
        assert registry.get(f"{NAME}@1.0.0").version == "1.0.0"
        with pytest.raises(PausedError, match="leak"):
            registry.get("other")


def test_the_work_tree_cannot_be_frozen(published: Press) -> None:
    with pytest.raises(UsageError):
        freeze(published, f"{NAME}@working")


def test_the_same_state_gives_the_same_bytes_and_reads_back(published: Press) -> None:
    data = freeze(published, NAME, f"{NAME}@1.0.0", environments=("production",))
    assert data == freeze(published, f"{NAME}@1.0.0", NAME, environments=("production",))
    assert format_snapshot(parse_snapshot(data, "it")) == data


def test_every_cut_and_every_change_is_noticed(frozen: bytes) -> None:
    data = frozen
    for length in range(0, len(data) - 2, 97):
        with pytest.raises(IntegrityError):
            parse_snapshot(data[:length], "it")
    for old, new in ((b"kindly", b"rudely"), (b'"deployment": 2', b'"deployment": 3')):
        assert old in data
        with pytest.raises(IntegrityError, match="was altered after the export"):
            parse_snapshot(data.replace(old, new), "it")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "\x00", '{"schema": 1}', "[" * 100000])
def test_what_is_no_snapshot_is_refused(text: str) -> None:
    with pytest.raises(IntegrityError):
        parse_snapshot(text.encode(), "it")


def test_a_newer_form_asks_for_an_update() -> None:
    with pytest.raises(IntegrityError) as caught:
        parse_snapshot(b'{"schema": "promptops.snapshot/v2"}', "it")
    assert caught.value.hint == snapshot("update promptops: a newer one may have written it")


def test_files_that_do_not_fit_their_digest_are_refused_even_if_the_rest_does(
    frozen: bytes, tmp_path: Path
) -> None:
    from promptops.runtime.sources.snapshot import _digest

    document: dict[str, Any] = json.loads(frozen)
    document["releases"][f"{NAME}@1.1.0"]["files"]["_shared/tone.md"] = "Be rude.\n"
    document["digest"] = _digest(document)
    file = tmp_path / "prompts.json"
    file.write_text(json.dumps(document))
    with promptops.open(file) as registry, pytest.raises(IntegrityError):
        registry.get(NAME)
