"""Snapshots: written whole, checked whole, served from files and from a web server."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    SourceUnavailableError,
    UntrustedError,
    UsageError,
    VersionNotFoundError,
)
from promptops.git.signing.ssh import SNAPSHOT_NAMESPACE, sign
from promptops.prompt.reference import parse_ref
from promptops.repository.repository import open_repository
from promptops.runtime.registry import Registry
from promptops.runtime.resolution import open_view
from promptops.runtime.sources import download
from promptops.runtime.sources.repositories import choose_source, open_options
from promptops.runtime.sources.snapshot import (
    format_snapshot,
    parse_snapshot,
    take_snapshot,
    write_snapshot,
)
from tests.git.signing.test_ssh import allow, make_key
from tests.runtime.test_registry import Clock, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.errors import PromptopsError
    from tests.released import Press

NAME = "support/triage"


def freeze(press: Press, *refs: str, environments: tuple[str, ...] = ()) -> bytes:
    view = open_view(open_repository(press.repo.path))
    return format_snapshot(take_snapshot(view, [parse_ref(ref) for ref in refs], environments))


def test_a_snapshot_answers_what_was_exported(press: Press, tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"
    write_snapshot(file, freeze(press, NAME, f"{NAME}@^1", f"{NAME}@1.0.0"))
    with promptops.open(file) as registry, promptops.open(press.repo.path) as origin:
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
    press: Press, tmp_path: Path, ref: str, error: type[PromptopsError]
) -> None:
    file = tmp_path / "prompts.json"
    write_snapshot(file, freeze(press, NAME))
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


def test_the_work_tree_cannot_be_frozen(press: Press) -> None:
    with pytest.raises(UsageError):
        freeze(press, f"{NAME}@working")


def test_the_same_state_gives_the_same_bytes_and_reads_back(press: Press) -> None:
    data = freeze(press, NAME, f"{NAME}@1.0.0", environments=("production",))
    assert data == freeze(press, f"{NAME}@1.0.0", NAME, environments=("production",))
    assert format_snapshot(parse_snapshot(data, "it")) == data


def test_every_cut_and_every_change_is_noticed(press: Press) -> None:
    data = freeze(press, NAME)
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
    press: Press, tmp_path: Path
) -> None:
    from promptops.runtime.sources.snapshot import _digest

    document: dict[str, Any] = json.loads(freeze(press, NAME))
    document["releases"][f"{NAME}@1.1.0"]["files"]["_shared/tone.md"] = "Be rude.\n"
    document["digest"] = _digest(document)
    file = tmp_path / "prompts.json"
    file.write_text(json.dumps(document))
    with promptops.open(file) as registry, pytest.raises(IntegrityError):
        registry.get(NAME)


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
    press: Press, tmp_path: Path
) -> None:
    file = tmp_path / "prompts.json"
    write_snapshot(file, freeze(press, NAME))
    with promptops.open(file, refresh=0, max_stale=60) as registry:
        registry.get(NAME)
        file.unlink()
        assert registry.get(NAME).is_stale


def test_a_signature_is_required_where_signers_are_named(press: Press, tmp_path: Path) -> None:
    key = make_key(tmp_path)
    signers = allow(tmp_path, key)
    data = freeze(press, NAME)
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


class Web:
    """A web server that the test tells what to answer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.status = 200
        self.cut = 0
        self.answers: list[int] = []
        self.url = ""
        self.authorization: str | None = None
        self.drip = ""


@contextmanager
def serve() -> Iterator[Web]:
    web = Web()
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if web.drip:
                self.drip(web.drip)
                return
            body = web.files.get(self.path)
            etag = f'"{hash(body)}"'
            status = web.status if body is not None or web.status != 200 else 404
            if status == 200 and self.headers.get("If-None-Match") == etag:
                status = 304
            web.answers.append(status)
            web.authorization = self.headers.get("Authorization")
            self.send_response(status)
            if status == 200 and body is not None:
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status == 200 and body is not None:
                self.wfile.write(body[: len(body) - web.cut])

        def drip(self, where: str) -> None:
            """Send a byte now and then, for ever."""
            self.close_connection = True
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if where == "body" else b"X: "))
                while not ended.wait(0.02):
                    self.wfile.write(b" ")

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    web.url = f"http://127.0.0.1:{server.server_port}/prompts.json"
    try:
        yield web
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web(press: Press) -> Iterator[Web]:
    with serve() as web:
        web.files["/prompts.json"] = freeze(press, NAME)
        yield web


def open_web(web: Web, tmp_path: Path, clock: Clock, **options: Any) -> Registry:
    settings = open_options(trust=None, cache=tmp_path / "cache", environment=None)
    return Registry(choose_source(web.url, settings), timing=clock, **options)


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
