"""What a terminal shows: lines broken at words, and long output in a pager. No pipe ever is."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.cli.screen import break_lines
from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


LINES = st.text(st.sampled_from("ab -,;`promptops/x "), max_size=200)


@pytest.mark.slow
@given(LINES, st.integers(40, 100))
def test_no_word_is_broken_and_none_is_lost(text: str, width: int) -> None:
    broken = break_lines(text, width)
    assert broken.replace(" \\\n", "\n").split() == text.split()
    for line in broken.split("\n"):
        assert len(line) <= width or len(line.split()) == 1 or len(text) <= width


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("short", "short"),
        (
            "  aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii",
            "  aaaa bbbb cccc dddd eeee ffff gggg\n    hhhh iiii",
        ),
        ("x" * 60, "x" * 60),
        ("12 | " + "word " * 20, "12 | " + "word " * 20),
        (
            "  promptops promote support/triage@1.0.0 support/reply@1.0.0 --to staging",
            (
                "  promptops promote \\\n    support/triage@1.0.0 \\\n"
                "    support/reply@1.0.0 --to staging"
            ),
        ),
        (
            " hint: it is gone; promptops resume support/triage",
            " hint: it is gone;\n   promptops resume support/triage",
        ),
        (
            "\x1b[1maaaa\x1b[0m " + "bbbb " * 8 + "end",
            "\x1b[1maaaa\x1b[0m " + "bbbb " * 6 + "bbbb\n  bbbb end",
        ),
        (
            "ありがとう ございます " * 3,
            "ありがとう ございます ありがとう\n  ございます ありがとう ございます",
        ),
    ],
)
def test_long_lines_are_broken_at_words(text: str, wanted: str) -> None:
    assert break_lines(text, 40) == wanted
    assert break_lines(text, 10) == text


class Screen:
    """A terminal of some size in which a command runs; `said` is what it showed."""

    def __init__(
        self, repo: Repo, *words: str, rows: int = 24, columns: int = 80, **env: str
    ) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"COLUMNS", "LINES", "PAGER"}
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "promptops", *words],
            cwd=repo.path,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**kept, "TERM": "xterm", "NO_COLOR": "1", **env},
        )
        os.close(slave)
        parts = []
        while True:
            try:
                part = os.read(master, 65_536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
        os.close(master)
        self.code = process.wait(60)
        self.said = b"".join(parts).decode().replace("\r\n", "\n")


@pytest.fixture
def many(repo: Repo) -> Repo:
    repo.commit({f"prompts/p{at:02}.md": prompt_text() for at in range(60)})
    return repo


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
class TestPager:
    PAGER = "sed s/^/paged:/"

    @pytest.mark.slow
    def test_what_is_longer_than_the_screen_goes_to_the_pager(self, many: Repo) -> None:
        told = Screen(many, "list", PAGER=self.PAGER)
        assert told.code == 0
        assert told.said.count("paged:p") == 60

    @pytest.mark.story
    def test_many_deployments_are_one_text(self, repo: Repo) -> None:
        repo.commit({"prompts/a.md": prompt_text()})
        accept(repo, "release", "a")
        accept(repo, "promote", "a", "--to", "staging")
        for verb in (("pause", "--reason", "x"), ("resume",), ("pause", "--reason", "y")):
            accept(repo, verb[0], "a", "--env", "staging", *verb[1:])
        told = Screen(repo, "history", rows=8, PAGER=self.PAGER).said
        assert told.count("paged:2026-") == 4

    @pytest.mark.slow
    @pytest.mark.parametrize("pager", ["", "cat", "no-such-pager-anywhere"])
    def test_without_a_pager_it_is_printed(self, many: Repo, pager: str) -> None:
        assert Screen(many, "list", PAGER=pager).said.count("\np") == 60

    @pytest.mark.story
    def test_what_fits_and_what_shall_not_is_printed(self, many: Repo) -> None:
        assert "paged:" not in Screen(many, "list", rows=90, PAGER=self.PAGER).said
        assert "paged:" not in Screen(many, "--no-pager", "list", PAGER=self.PAGER).said
        assert "paged:" not in Screen(many, "list", PAGER=self.PAGER, TERM="dumb").said

    @pytest.mark.slow
    def test_a_pipe_has_neither_pager_nor_broken_lines(self, many: Repo) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "promptops", "list"],
            cwd=many.path,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PAGER": self.PAGER, "COLUMNS": "40"},
        )
        assert done.stdout.count("\np") == 60
        assert "paged:" not in done.stdout
        assert len({len(line) for line in done.stdout.splitlines()[1:]}) == 1


@pytest.mark.story
def test_a_check_is_explained_in_paragraphs_that_fit(repo: Repo) -> None:
    told = Screen(repo, "checks", "joined-lines", PAGER="cat")
    assert told.code == 0
    assert "after the\n  tag is dropped, so the next line continues" in told.said


@pytest.mark.story
def test_what_the_library_logs_is_a_warning_that_fits(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text(body="{{ question }}")})
    told = Screen(repo, "run", "a@working", "--var", "question=x", OPENAI_API_KEY="")
    lines = told.said.splitlines()
    assert masked(lines[0]) == snapshot(
        "warning: the maximum cost of a run is unknown, so limits on spending do not"
    )
    assert max(map(len, lines)) <= 80
