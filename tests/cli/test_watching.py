"""`promptops validate --watch`, as a process that a person interrupts."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import BAD, GOOD
from tests.cli.running import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.repositories import Repo


def start_watching(repo: Repo) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "promptops", "validate", "--watch", "--format", "concise"],
        cwd=repo.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def save(repo: Repo, path: str, text: str) -> None:
    """Write a file as a whole, as editors do: one change, of which no half can be seen."""
    repo.write(".saved", text).replace(repo.path / path)


def read_round(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        if line.startswith("watching"):
            return "".join(lines)
        lines.append(line)
    raise AssertionError("".join(lines))


@pytest.mark.story
def test_watch_judges_again_after_each_change_until_interrupted(repo: Repo, tmp_path: Path) -> None:
    repo.write("prompts/a.md", GOOD)
    process = start_watching(repo)
    try:
        assert read_round(process) == snapshot("1 prompt checked: no problems found\n")
        save(repo, "prompts/a.md", BAD)
        assert read_round(process) == snapshot("""\
prompts/a.md:6:10: warning: input 'question' is never used [unused-input]
prompts/a.md:8:4: error: 'tone' is not a declared input [undeclared-variable]
1 prompt checked: 1 error, 1 warning
""")
        save(repo, "promptops.toml", "chekcs = 1")
        assert read_round(process) == snapshot("""\
error: promptops.toml: unknown key 'chekcs'
 hint: did you mean 'checks'?
""")
        save(repo, "promptops.toml", "[checks]\nunused-input = 'off'")
        assert "unused-input" not in read_round(process)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        assert "Traceback" not in rest
        assert process.returncode == 130
    finally:
        process.kill()
        process.wait()


def test_a_changed_configuration_counts_at_once(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_once(find: Callable[[], object], _wait: object) -> Iterator[None]:
        find()
        yield
        # The watcher looks for changes with the old configuration, and finds that it changed.
        find()
        repo.write("promptops.toml", "[checks]\nunused-input = 'off'\n")
        find()
        yield

    monkeypatch.setattr("promptops.cli.watching.watch", change_once)
    repo.write("prompts/a.md", BAD)
    told = run(repo, "validate", "--watch", "--format", "concise").stdout
    assert told.count("[unused-input]") == 1
