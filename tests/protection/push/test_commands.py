"""What git tells its hooks, read strictly; and the hooks' exit codes."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import UsageError
from promptops.protection.push import PushCommand, read_commands
from tests.cli.running import run
from tests.protection.push.server import NAME, Server
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

A, B, ZEROS = "a" * 40, "b" * 40, "0" * 40
STAGING = "refs/heads/promptops/staging"


def test_commands_are_read_in_both_lengths() -> None:
    data = f"{ZEROS} {A} refs/heads/a\n{A} {ZEROS} refs/heads/b\n{A * 2} {B} refs/x".encode()
    short, long = data[: data.index(b"refs/heads/b") + 13], f"{'0' * 64} {'c' * 64} refs/tags/é\n"
    assert read_commands(short) == (
        PushCommand("refs/heads/a", None, A),
        PushCommand("refs/heads/b", A, None),
    )
    assert read_commands(long.encode()) == (PushCommand("refs/tags/é", None, "c" * 64),)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        f"{A} {B} refs/heads/main".encode(),
        f"{A} {B}\n".encode(),
        f"{A} {B} main\n".encode(),
        f"{A} {B[1:]} refs/heads/main\n".encode(),
        f"{A} {B * 2} refs/heads/main\n".encode(),
        f"{A.upper()} {B} refs/heads/main\n".encode(),
        f"{A}  {B} refs/heads/main\n".encode(),
        f"{A} {B} refs/heads/x\n\n".encode(),
        f"{A} {B} refs/heads/x\n{B} {A} refs/heads/x\n".encode(),
        b"\xff\xfe\x00",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UsageError):
        read_commands(data)
    result = run(tmp_path, "hook", "pre-receive", stdin=data)
    assert result.exit_code == 2
    assert "error: " in result.stderr
    assert " hint: git itself calls this hook" in result.stderr


@pytest.mark.parametrize("words", [("update",), ("update", STAGING, A), ("pre-receive", "x")])
def test_a_hook_is_called_as_git_calls_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run(tmp_path, "hook", *words)
    assert result.exit_code == 2
    assert "arguments, and was given" in result.stderr


def test_exit_codes_tell_no_from_unknown(tmp_path: Path) -> None:
    server = Server.open(tmp_path)
    tag = server.remote.rev(f"refs/tags/prompts/{NAME}@1.0.0")
    no = f"{tag} {ZEROS} refs/tags/prompts/{NAME}@1.0.0\n"
    assert run(server.remote, "hook", "pre-receive", stdin=no).exit_code == 1
    free = f"{ZEROS} {tag} refs/tags/v1\n"
    assert run(server.remote, "hook", "pre-receive", stdin=free).exit_code == 0
    server.remote.git("update-ref", "--no-deref", "HEAD", "main")
    assert run(server.remote, "hook", "pre-receive", stdin=no).exit_code == 2
    assert run(tmp_path, "hook", "pre-receive", stdin=no).exit_code == 2


@pytest.mark.story
def test_the_update_hook_judges_each_ref_for_itself(tmp_path: Path) -> None:
    server = Server.open(tmp_path)
    accepted = run(server.remote, "hook", "uninstall", "--server")
    assert accepted.exit_code == 0
    pre_receive = server.remote.path / "hooks/pre-receive"
    assert not pre_receive.exists()
    program = shlex.quote(sys.executable)
    server.remote.hook("update", f'exec {program} -P -m promptops hook update "$@"')
    first = server.promotion("1.0.0").write()
    pushed = server.push(f"{first}:{STAGING}", f":refs/tags/prompts/{NAME}@1.2.0", "main:topic")
    assert pushed.code == 1
    assert [
        masked(line.strip()) for line in pushed.said.splitlines() if line.startswith("remote: ")
    ] == snapshot(
        [
            "remote: error: prompts/support/triage@1.2.0: it is never deleted",
            "remote:  hint: release a new version: a released one never changes",
            "remote: error: hook declined to update refs/tags/prompts/support/triage@1.2.0",
        ]
    )
    refs = server.remote.refs()
    assert refs[STAGING] == first
    assert {f"refs/tags/prompts/{NAME}@1.2.0", "refs/heads/topic"} <= refs.keys()
    server.press.release(NAME, "2.0.0")
    draft = server.promotion("2.0.0")
    tag = f"refs/tags/prompts/{NAME}@2.0.0"
    pushed = server.push(f"{draft.write()}:{STAGING}", tag, "main")
    assert [
        masked(line.strip()) for line in pushed.said.splitlines() if line.startswith("remote: ")
    ] == snapshot(
        [
            "remote: error: promptops/staging: deployment 2 (<id>): support/triage@2.0.0 is not released here",
            "remote:  hint: git push REMOTE refs/tags/prompts/support/triage@2.0.0",
            "remote: error: hook declined to update refs/heads/promptops/staging",
        ]
    )
    server.take_push("main", tag)
    server.deploy_push(draft)
