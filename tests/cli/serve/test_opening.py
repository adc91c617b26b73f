"""What serving verbs begin with: keys, a socket, and lines for a log."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from promptops.cli.serve.opening import (
    check_installed,
    format_address,
    open_keyfile,
    open_listener,
    write_line,
)
from promptops.cli.session import Session, start_session
from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


def test_keys_are_in_the_file_that_is_named_first(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_session(Session(str(repo.path)))
    assert open_keyfile(None).path == repo.path / ".git/promptops-serve/keys.json"
    monkeypatch.setenv("PROMPTOPS_KEYS", str(tmp_path / "a.json"))
    assert open_keyfile(None).path == tmp_path / "a.json"
    assert open_keyfile(str(tmp_path / "b.json")).path == tmp_path / "b.json"


def test_outside_of_a_repository_keys_are_the_user_s(tmp_path: Path, home: Path) -> None:
    start_session(Session(str(tmp_path)))
    assert open_keyfile(None).path.is_relative_to(home)


def test_what_is_not_installed_is_named_with_its_extra() -> None:
    check_installed("serve", ("json",))
    with pytest.raises(PromptopsError, match=r"serve needs no_such_a, no_such_b\n") as caught:
        check_installed("serve", ("no_such_a", "json", "no_such_b"))
    assert caught.value.hint == "install it with: pip install 'git-promptops[serve]'"


def test_a_free_port_is_taken_and_a_taken_one_refused() -> None:
    with closing(open_listener("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert format_address(listener) == f"http://127.0.0.1:{port}"
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with pytest.raises(UsageError, match=f"cannot listen at 127.0.0.1:{port}:"):
            open_listener("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    # 203.0.113.0/24 is kept for documentation (RFC 5737).
    with pytest.raises(UsageError, match=r"cannot listen at 203\.0\.113\.1:0: "):
        open_listener("203.0.113.1", 0)


def test_an_address_of_version_6_is_in_brackets() -> None:
    if not socket.has_ipv6:
        pytest.skip("this system has no IPv6")
    try:
        listener = open_listener("::1", 0)
    except UsageError:
        pytest.skip("this system has no IPv6")
    with closing(listener):
        assert format_address(listener).startswith("http://[::1]:")


def test_a_line_of_the_log_is_json_with_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    write_line({"path": "/v1\nx", "status": 200})
    (line,) = capsys.readouterr().err.splitlines()
    written = json.loads(line)
    assert (written["path"], written["status"]) == ("/v1\nx", 200)
    assert datetime.fromisoformat(written["time"]).tzinfo is not None


def test_a_log_that_nobody_reads_any_more_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class ClosedPipe:
        def write(self, _text: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", ClosedPipe())
    write_line({"path": "/v1"})
