"""Snapshots as sources: files that are replaced, and web servers that may be in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.errors import (
    IntegrityError,
    SourceUnavailableError,
    UntrustedError,
)
from promptops.git.signing.ssh import SNAPSHOT_NAMESPACE, sign
from promptops.runtime.registry import Registry
from promptops.runtime.sources import download
from promptops.runtime.sources.repositories import choose_source, open_options
from promptops.runtime.sources.snapshot import (
    write_snapshot,
)
from tests.git.signing.test_ssh import allow, make_key
from tests.runtime.sources.pieces import NAME, Web, freeze
from tests.runtime.test_registry import Clock, settle

if TYPE_CHECKING:
    from pathlib import Path

    from tests.released import Press


def open_web(web: Web, tmp_path: Path, clock: Clock, **options: Any) -> Registry:
    settings = open_options(trust=None, cache=tmp_path / "cache", environment=None)
    return Registry(choose_source(web.url, settings), timing=clock, **options)


def test_a_replaced_file_is_read_again_but_never_an_older_one(press: Press, tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"
    old = freeze(press, NAME)
    write_snapshot(file, old)
    with promptops.open(file, refresh=0) as registry:
        assert registry.get(NAME).version == "1.1.0"
        press.deploy("production", {NAME: "1.0.0"})
        write_snapshot(file, freeze(press, NAME))
        assert registry.get(NAME).version == "1.0.0"
        write_snapshot(file, old)
        with pytest.raises(IntegrityError, match="went back"):
            registry.get(NAME)
        file.unlink()
        with pytest.raises(IntegrityError):
            promptops.open(_garbage(tmp_path)).get(NAME)


def _garbage(folder: Path) -> Path:
    file = folder / "garbage.json"
    file.write_bytes(b"\xff\x00")
    return file


def test_a_file_that_is_gone_leaves_its_last_state_marked_as_stale(
    frozen: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "prompts.json"
    write_snapshot(file, frozen)
    with promptops.open(file, refresh=0, max_stale=60) as registry:
        registry.get(NAME)
        file.unlink()
        assert registry.get(NAME).is_stale


@pytest.mark.story
def test_a_signature_is_required_where_signers_are_named(frozen: bytes, tmp_path: Path) -> None:
    key = make_key(tmp_path)
    signers = allow(tmp_path, key)
    data = frozen
    file = tmp_path / "prompts.json"
    write_snapshot(file, data)
    with promptops.open(file, trust=signers) as registry:
        with pytest.raises(UntrustedError, match="not signed"):
            registry.get(NAME)
        write_snapshot(file, data, sign(data, key, SNAPSHOT_NAMESPACE))
        assert registry.get(NAME).authenticated == "jane@example.com"
    write_snapshot(file, data, sign(data, make_key(tmp_path, "stranger"), SNAPSHOT_NAMESPACE))
    with promptops.open(file, trust=signers) as registry, pytest.raises(UntrustedError):
        registry.get(NAME)
    write_snapshot(file, data)
    assert not file.with_name("prompts.json.sig").exists()


def test_a_url_is_asked_with_its_etag(press: Press, web: Web, tmp_path: Path) -> None:
    clock = Clock()
    with open_web(web, tmp_path, clock) as registry:
        assert registry.get(NAME).version == "1.1.0"
        registry.refresh()
        assert web.answers == [200, 304]
        press.deploy("production", {NAME: "1.0.0"})
        web.files["/prompts.json"] = freeze(press, NAME)
        clock.seconds += 61
        assert (registry.get(NAME).version, registry.get(NAME).is_stale) == ("1.0.0", False)
    with open_web(web, tmp_path, clock, refresh=0) as again:
        assert again.get(NAME).version == "1.0.0"
        assert web.answers[-1] == 304


@pytest.mark.story
@pytest.mark.parametrize("drip", ["head", "body"])
def test_a_server_that_drips_is_given_up(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drip: str
) -> None:
    monkeypatch.setattr(download, "TOTAL_SECONDS", 0.3)
    clock = Clock()
    web.drip = drip
    with (
        open_web(web, tmp_path / "empty", clock) as empty,
        pytest.raises(SourceUnavailableError, match=r"no complete answer within 0\.3 s"),
    ):
        empty.get(NAME)
    web.drip = ""
    with open_web(web, tmp_path, clock) as registry:
        registry.get(NAME)
        web.drip = drip
        clock.seconds += 61
        assert registry.get(NAME).is_stale


@pytest.mark.parametrize("trouble", ["500", "404", "cut", "gone"])
def test_a_server_in_trouble_leaves_the_last_state_also_for_a_cold_start(
    web: Web, tmp_path: Path, trouble: str
) -> None:
    clock = Clock()
    with open_web(web, tmp_path, clock) as registry:
        registry.get(NAME)
        if trouble == "cut":
            web.files["/prompts.json"] += b" "
            web.cut = 100
        elif trouble == "gone":
            web.files.clear()
        else:
            web.status = int(trouble)
        clock.seconds += 61
        registry.get(NAME)
        settle()
        assert registry.get(NAME).is_stale
        with pytest.raises(SourceUnavailableError):
            registry.refresh()
    with open_web(web, tmp_path, clock, refresh=0) as cold:
        assert (cold.get(NAME).version, cold.get(NAME).is_stale) == ("1.1.0", True)
    elsewhere = open_web(web, tmp_path / "elsewhere", clock)
    with pytest.raises(SourceUnavailableError):
        elsewhere.get(NAME)


def test_a_server_that_goes_back_is_refused_also_by_the_next_process(
    press: Press, web: Web, tmp_path: Path
) -> None:
    clock = Clock()
    old = web.files["/prompts.json"]
    press.deploy("production", {NAME: "1.0.0"})
    web.files["/prompts.json"] = freeze(press, NAME)
    with open_web(web, tmp_path, clock) as registry:
        registry.get(NAME)
    web.files["/prompts.json"] = old
    next_process = open_web(web, tmp_path, clock, refresh=0)
    with pytest.raises(IntegrityError, match="went back from deployment 3 to 2"):
        next_process.get(NAME)


def test_a_page_that_is_no_snapshot_is_refused(web: Web, tmp_path: Path) -> None:
    web.files["/prompts.json"] = b"<html>please log in</html>"
    with open_web(web, tmp_path, Clock()) as registry, pytest.raises(IntegrityError):
        registry.get(NAME)


def test_a_damaged_copy_on_disk_is_fetched_anew(web: Web, tmp_path: Path) -> None:
    clock = Clock()
    with open_web(web, tmp_path, clock) as registry:
        registry.get(NAME)
    for copy in (tmp_path / "cache").glob("snapshots/*/[0-9a-f]*.json"):
        copy.write_bytes(copy.read_bytes()[:100])
    with open_web(web, tmp_path, clock) as again:
        assert again.get(NAME).version == "1.1.0"
    assert web.answers == [200, 200]


@pytest.mark.slow
def test_a_url_needs_its_signature_where_signers_are_named(web: Web, tmp_path: Path) -> None:
    key = make_key(tmp_path)
    signers = allow(tmp_path, key)
    data = web.files["/prompts.json"]
    with promptops.open(web.url, trust=signers, cache=tmp_path / "cache") as registry:
        with pytest.raises(UntrustedError, match="not signed"):
            registry.get(NAME)
        web.files["/prompts.json.sig"] = sign(data, key, SNAPSHOT_NAMESPACE)
        assert registry.get(NAME).authenticated == "jane@example.com"
    web.status = 500
    with promptops.open(web.url, trust=signers, cache=tmp_path / "cache", refresh=0) as cold:
        assert (cold.get(NAME).authenticated, cold.get(NAME).is_stale) == ("jane@example.com", True)


def test_credentials_in_a_url_are_sent_and_never_shown(web: Web, tmp_path: Path) -> None:
    url = web.url.replace("://", "://jane:s%40cret@")
    with promptops.open(url, cache=tmp_path / "cache") as registry:
        resolved = registry.get(NAME)
        web.status = 500
        with pytest.raises(SourceUnavailableError) as caught:
            registry.refresh()
    assert web.authorization == "Basic amFuZTpzQGNyZXQ="
    assert "cret" not in f"{resolved.source} {registry!r} {caught.value}"
