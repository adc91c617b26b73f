"""A team's world for stories: a bare remote, clones, and the command line as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from promptops.cli import app
from tests.prompts import prompt_text
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Told:
    """What one run of the command line said."""

    code: int
    out: str
    err: str


def start(where: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command line as a process in a folder, with a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "promptops", *words],
        cwd=where,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        process_group=0,
    )


def let_children_end(
    process: subprocess.Popen[str] | subprocess.Popen[bytes], *folders: Path
) -> None:
    """Wait for what a killed process had started, such as a push: that goes on without it.

    Args:
        process: was killed.
        folders: where its children may work; git leads a process group of its own.
    """

    def is_left(entry: Path) -> bool:
        with suppress(OSError):
            state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if state == "Z" or int(parent) == os.getpid():
                return False
            if int(group) == process.pid:
                return True
            working = (entry / "cwd").readlink()
            return any(map(working.is_relative_to, folders))
        return False

    while any(map(is_left, Path("/proc").glob("[0-9]*"))):
        time.sleep(0.01)


def finish(process: subprocess.Popen[str]) -> Told:
    """Wait for a started process; no run may end in a traceback."""
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return Told(process.returncode, out, err)


def run(where: Path, *words: str, env: Mapping[str, str] | None = None) -> Told:
    """Run the command line and wait."""
    return finish(start(where, *words, env=env))


def expect(where: Path, *words: str, code: int = 0) -> str:
    """Run the command line, insist on an exit code, give standard output.

    A process is not the point of what a story only builds on, and takes five times as long.
    """
    if threading.current_thread() is not threading.main_thread():
        told = run(where, *words)
    else:
        with chdir(where):
            done = CliRunner().invoke(app, words, catch_exceptions=False)
        told = Told(done.exit_code, done.stdout, done.stderr)
    assert told.code == code, f"{words}: {told}"
    return told.out


@dataclass(frozen=True, slots=True)
class Team:
    """A bare remote and the first clone of it, with prompts on `main`."""

    remote: Repo
    first: Repo
    folder: Path

    @classmethod
    def found(
        cls,
        folder: Path,
        prompts: Sequence[str] = ("support/triage",),
        *,
        object_format: str = "sha1",
    ) -> Team:
        """Make the remote and publish the prompts at version 1.0.0."""
        first = Repo.init(folder / "first", object_format=object_format)
        first.commit({f"prompts/{name}.md": prompt_text() for name in prompts}, "add prompts")
        remote = first.publish(folder / "remote.git")
        return cls(remote, first, folder)

    @classmethod
    def at(cls, folder: Path) -> Team:
        """The team whose repositories are there already."""
        return cls(Repo(folder / "remote.git"), Repo(folder / "first"), folder)

    def clone(self, name: str) -> Repo:
        """One more clone."""
        return self.remote.clone(self.folder / name)

    def commit(self, files: Mapping[str, str], message: str = "change") -> None:
        """Commit in the first clone and push."""
        self.first.commit(files, message)
        self.first.git("push", "--quiet", "origin", "main")
