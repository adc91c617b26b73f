"""What all verbs share: texts on a terminal, questions, and the form of errors."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptops.cli.session import fold_rows, has_colour
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_can_be_forced_and_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *, coloured: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        assert has_colour(stream) is coloured


def test_a_table_that_is_too_wide_for_a_terminal_wraps_its_last_column() -> None:
    rows: list[tuple[str, ...]] = [
        ("support/triage", "Say what a ticket is about, and how urgent."),
        ("b", "Short."),
    ]
    assert fold_rows(rows, (14, 43), 40) == [
        ("support/triage", "Say what a ticket is"),
        ("", "about, and how urgent."),
        ("b", "Short."),
    ]
    assert fold_rows(rows, (14, 43), 59) == rows
    assert fold_rows(rows, (14, 43), 30) == rows  # where little is left, the terminal may do it


def test_a_file_cannot_drive_the_terminal(repo: Repo) -> None:
    evil = '"\\e[8mhidden\\e[0m\\u202e [bold]"'
    text = prompt_text(description=evil, author=evil, tags=f"[{evil}]", body="{{ question }}")
    repo.commit({"prompts/a.md": text})
    outputs = [
        on_terminal(repo, *args)
        for args in (
            ["list"],
            ["show", "a"],
            ["status"],
            ["render", "a", "--var", "question=\x1b[8mhidden\x1b[0m"],
        )
    ]
    for output in outputs:
        assert "\x1b[8m" not in output
        assert "\u202e" not in output
    assert "\\x1b[8mhidden" in outputs[0]
    assert "\\x1b[8mhidden" in outputs[3]
    assert "[bold]" in outputs[1]


def on_terminal(repo: Repo, *args: str) -> str:
    """What a person sees who runs the command in a terminal."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "promptops", *args], cwd=repo.path, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        seen = b""
        # Linux tells the end of a terminal by an error.
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 65536):
                seen += chunk
    os.close(ours)
    return seen.decode()
