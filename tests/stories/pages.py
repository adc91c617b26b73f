"""A page of the documentation as a script.

A block that begins with `$ ` is a screen: each such line is run, and what follows it is what it
says, both streams joined. A block of `sh` is run line by line, and each line must succeed. Comments
before a block say what a reader does not see:

    <!-- do: COMMAND -->            run unseen
    <!-- show: COMMAND -->          the next block, of any kind, is what this command prints
    <!-- as: WORD -> OTHER -->      from here on, read WORD as OTHER, which the shell expands
    <!-- file: PATH -->             the next block is written to this file
    <!-- exits 1: COMMAND -->       lines of the next block that begin so exit with this code
    <!-- stays: COMMAND -->         lines of the next block that begin so run until the page ends;
                                    their first line is $SAID in what follows
    <!-- stays silent: COMMAND -->  the same, for what says nothing by itself
    <!-- in: FOLDER -->             from here on, run in this folder, which a line `cd` does as well
    <!-- not run: needs REASON -->  the next block is not run; REASON is one of `NEEDS`
    <!-- not run: needs REASON: COMMAND -->  nor are lines of it that begin so
    <!-- run by: TEST -->           the next block is run by this file, which names the page

Ids and times differ from run to run and are not compared.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.cli.running import run as run_here
from tests.repositories import Repo
from tests.screens import RUN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Read here: tests see none of the variables that are ours.
WRITES = bool(os.environ.get("PROMPTOPS_WRITE_PAGES"))
SHELLS = frozenset({"bash", "console", "sh", "shell"})
# Why a block cannot be run by a test.
NEEDS = frozenset(
    {
        "a forge",
        "a paid model",
        "a package registry",
        "another machine",
        "a checkout of promptops",
    }
)
_COMMENT = re.compile(
    r"<!-- (do|show|file|as|in|stays|stays silent|run by|not run|exits \d): (.+) -->\n"
)
_BLOCK = re.compile(r"(`{3,})(\w*)\n")
# Lines that only mean something together, or that only a shell understands.
_IS_SCRIPT = re.compile(r"^(?:\(|export |#!|printf )|[|(]$", re.MULTILINE)
_NEEDS_SHELL = re.compile(r"[|&;<>$`*~]")
_VARYING = (
    (re.compile(r"sha256:[0-9a-f]+"), "sha256:0"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "RUN"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "0" * 12),
    # Also where a line is broken within it.
    (re.compile(r"\d{4}-\d\d-\d\d(?:T|\s+)\d\d:\d\d(?::\d\d)?(?: ?[+-]\d{4}|Z|\s+UTC)?"), "TIME"),
    (re.compile(RUN_ID), "RUN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DAY"),
    # How long a run took, and so how wide its column is.
    (re.compile(r"(?:<|~)?\d+(?:\.\d+)? (?:ms|s)\b"), "MS"),
    (re.compile(r"(?<=(?:P50|P95|IME| MS)) +"), "  "),
    (re.compile(r"less than \d+ minutes ago|\d+ (?:second|minute)s? ago|just now"), "AGO"),
)


def settle(text: str) -> str:
    """Give the text without what differs from run to run."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def environment() -> dict[str, str]:
    """The variables of a person's shell who has promptops installed."""
    names = {"GIT_AUTHOR_NAME": "Jane Doe", "GIT_AUTHOR_EMAIL": "jane@example.com"}
    names = {name: os.environ.get(name, value) for name, value in names.items()}
    names |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in names.items()}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **names, "PATH": path}


def run(repo: Repo, command: str, *, code: int | None = None) -> str:
    """Run a line as a shell does; give both streams as one."""
    done = _start_shell(repo, command)
    assert code in {None, done.returncode}, f"{command}: {done.stdout}"
    return done.stdout.rstrip("\n")


def _start_shell(repo: Repo, command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=repo.path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done


@dataclass
class Walk:
    """A page on its way through a repository; what it started ends with it.

    Attributes:
        repo: where it is.
        is_apart: every call of promptops is a process of its own.
    """

    repo: Repo
    is_apart: bool = False
    _words: dict[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def tell(self, page: str) -> str:
        """Return the page with the screens that there are now."""
        return "".join(self._tell(page.splitlines(keepends=True)))

    def _tell(self, lines: list[str]) -> Iterator[str]:
        at = 0
        said: dict[str, list[str]] = {}
        while at < len(lines):
            line = lines[at]
            at += 1
            yield line
            if comment := _COMMENT.fullmatch(line):
                self._prepare(comment[1], comment[2], said)
            elif begun := _BLOCK.fullmatch(line):
                end = lines.index(f"{begun[1]}\n", at)
                yield from self._run_block(begun[2], lines[at:end], said)
                yield lines[end]
                at = end + 1
                said = {}

    def _prepare(self, key: str, value: str, said: dict[str, list[str]]) -> None:
        if key == "do":
            run(self.repo, self._read(value), code=0)
        elif key == "as":
            word, _, other = value.partition(" -> ")
            self._words[word] = run(self.repo, f'printf %s "{other}"', code=0)
        elif key == "in":
            self._go_to(value)
        else:
            said.setdefault(key, []).append(value)

    def _go_to(self, folder: str) -> None:
        self.repo = Repo((self.repo.path / folder).resolve())
        os.chdir(self.repo.path)  # the fixture goes back

    def _run_block(self, kind: str, body: list[str], said: dict[str, list[str]]) -> Iterator[str]:
        if "file" in said:
            self.repo.write(said["file"][0], "".join(body))
            yield from body
            return
        if "show" in said:
            yield f"{run(self.repo, self._read(said['show'][0]))}\n"
            return
        skips = [value.partition(": ")[2] for value in said.get("not run", ())]
        if "" in skips or "run by" in said or kind not in SHELLS:
            yield from body
        elif any(line.startswith("$ ") for line in body):
            yield from self._retell(body)
        else:
            yield from body
            self._run_lines("".join(body), said)

    def _retell(self, body: list[str]) -> Iterator[str]:
        commands = [line for line in body if line.startswith("$ ")]
        for number, line in enumerate(commands):
            if number:
                yield "\n"
            yield line
            _, shown = self._type(self._read(line.removeprefix("$ ").rstrip("\n")))
            if shown:
                yield f"{shown}\n"

    def _run_lines(self, body: str, said: dict[str, list[str]]) -> None:
        if _IS_SCRIPT.search(body):
            run(self.repo, f"set -eo pipefail\n{self._read(body)}", code=0)
            return
        codes = {
            start: int(key.removeprefix("exits "))
            for key, starts in said.items()
            if key.startswith("exits")
            for start in starts
        }
        for line in body.replace("\\\n", " ").splitlines():
            code = next((codes[one] for one in codes if line.startswith(one)), 0)
            skips = [value.partition(": ")[2] for value in said.get("not run", ())]
            if any(line.startswith(one) for one in skips):
                continue
            if line.startswith("cd "):
                self._go_to(shlex.split(line, comments=True)[1])
            elif any(line.startswith(one) for one in said.get("stays", ())):
                self._start(self._read(line))
            elif any(line.startswith(one) for one in said.get("stays silent", ())):
                self._start(self._read(line), is_silent=True)
            else:
                self._run_line(self._read(line), code)

    def _read(self, text: str) -> str:
        for word in sorted(self._words, key=len, reverse=True):
            text = text.replace(word, self._words[word])
        return text

    def _run_line(self, line: str, code: int) -> None:
        if shlex.split(line, comments=True):
            found, said = self._type(f"set -o pipefail\n{line}" if "|" in line else line)
            assert found == code, f"{line}: {found}: {said}"

    def _type(self, line: str) -> tuple[int, str]:
        """Run a line in this process if it is a plain call of promptops, which is much faster."""
        words = shlex.split(line, comments=True)
        if self.is_apart or words[0] != "promptops" or _NEEDS_SHELL.search(line.partition(" #")[0]):
            done = _start_shell(self.repo, line)
            return done.returncode, done.stdout.rstrip("\n")
        said = run_here(self.repo, *words[1:])
        return said.exit_code, said.output.rstrip("\n")

    def _start(self, line: str, *, is_silent: bool = False) -> None:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=self.repo.path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._running.append(process)
        assert process.stdout is not None
        if is_silent:
            return
        first = process.stdout.readline()
        assert first, f"{line}: ended without a word"
        assert "error" not in first, f"{line}: {first}{process.stdout.read()}"
        os.environ["SAID"] = first.rstrip("\n")


def find_blocks(name: str, page: str) -> list[int]:
    """Give the lines of a page's blocks for a shell that are to be run in a copy of the shop.

    Those that are not say why.
    """
    found = []
    is_marked = False
    fence = ""
    for number, line in enumerate(page.splitlines(keepends=True), 1):
        if fence:
            fence = "" if line == f"{fence}\n" else fence
        elif begun := _BLOCK.fullmatch(line):
            fence = begun[1]
            if begun[2] in SHELLS and not is_marked:
                found.append(number)
            is_marked = False
        elif line.startswith("<!-- ") and ": " in line:
            comment = _COMMENT.fullmatch(line)
            assert comment, f"{name}:{number}: {line}"
            is_marked |= _is_mark(comment[1], comment[2], name)
    return found


def _is_mark(key: str, value: str, name: str) -> bool:
    if key == "run by":
        assert Path(name).name in (ROOT / value).read_text("utf-8"), f"{name}: {value}"
        return True
    if key != "not run":
        return False
    reason, _, start = value.partition(": ")
    assert reason.removeprefix("needs ") in NEEDS, f"{name}: {reason}"
    return not start
