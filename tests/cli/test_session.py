"""What all verbs share: texts on a terminal, questions, and the form of errors."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from promptops.cli.session import (
    Session,
    clean,
    confirm,
    emit_table,
    fold_rows,
    has_colour,
    leave_out,
    near,
    one_line,
    refuse_both,
    report_bug,
    report_error,
    runtime_config,
    runtime_folders,
    start_session,
)
from promptops.errors import InvalidPromptError, UsageError
from promptops.prompt.finding import Finding, Severity
from promptops.repository.config import Config
from tests.cli.running import accept, sit_at_terminal
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


HOSTILE = "\\e[8mhidden\\e[0m\\u202e [bold]"


@pytest.fixture
def hostile(repo: Repo) -> Repo:
    """A prompt whose texts would hide what follows, and turn lines around."""
    evil = f'"{HOSTILE}"'
    text = prompt_text(description=evil, author=evil, tags=f"[{evil}]", body="{{ question }}")
    repo.write("prompts/a.md", text)
    return repo


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("list",), "\\x1b[8mhidden"),
        (("show", "a"), "[bold]"),
        (("status",), ""),
        (("render", "a", "--var", "question=\x1b[8mhidden\x1b[0m"), "\\x1b[8mhidden"),
    ],
    ids=["list", "show", "status", "render"],
)
def test_a_file_cannot_drive_the_terminal(
    hostile: Repo, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], shown: str
) -> None:
    sit_at_terminal(monkeypatch)
    output = accept(hostile, "--no-pager", *words)
    assert "\x1b[8m" not in output
    assert "\u202e" not in output
    assert shown in output


@pytest.mark.slow
def test_a_real_terminal_shows_what_a_file_would_have_it_do(hostile: Repo) -> None:
    output = on_terminal(hostile, "list")
    assert "\x1b[8m" not in output
    assert "\\x1b[8mhidden" in output


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


ROWS: list[tuple[str, ...]] = [
    ("RUN", "MODEL", "COST", "STATUS"),
    ("01a2", "scripted/answers.yaml", "$0.1", "\x1b[33mrefused at guard\x1b[0m"),
]


@pytest.mark.parametrize(
    ("columns", "missing"), [(60, []), (42, []), (41, ["MODEL"]), (12, ["MODEL", "COST"])]
)
def test_a_narrow_terminal_goes_without_what_is_spare(
    monkeypatch: pytest.MonkeyPatch, columns: int, missing: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    rows, gone = leave_out(ROWS, ("MODEL", "COST"))
    assert gone == missing
    assert [header for header in ROWS[0] if header not in missing] == list(rows[0])


def test_colours_take_no_room_in_the_last_column() -> None:
    assert fold_rows(ROWS, [4, 21, 4, 25], 51) == ROWS
    folded = fold_rows(ROWS, [4, 21, 4, 25], 47, min_room=8)
    assert [row[0] for row in folded] == ["RUN", "01a2", ""]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eback\r", "\\x202eback\\x0d"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_text_of_several_lines_becomes_one() -> None:
    assert one_line(" a\r\n\tb\x1b[0m  c ") == "a b\\x1b[0m c"


def test_a_path_below_the_current_folder_is_relative(tmp_path: Path) -> None:
    start_session(Session(str(tmp_path)))
    assert near(tmp_path / "a/b.md") == "a/b.md"
    assert near(tmp_path.parent / "x\n") == f"{tmp_path.parent}/x"
    assert near(f"{tmp_path}2/b.md") == f"{tmp_path}2/b.md"


@pytest.mark.parametrize(
    ("answer", "is_agreed"),
    [("y\n", True), (" YES \n", True), ("\n", False), ("", False), ("yo\n", False)],
)
def test_only_yes_is_yes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    *,
    is_agreed: bool,
) -> None:
    sit_at_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    if is_agreed:
        confirm("really?", yes=False)
    else:
        with pytest.raises(typer.Exit) as caught:
            confirm("really?", yes=False)
        assert caught.value.exit_code == 1
    assert capsys.readouterr().err.startswith("really? [y/N] ")


def test_a_script_is_not_asked_and_neither_is_who_said_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    confirm("really?", yes=False)
    sit_at_terminal(monkeypatch)
    confirm("really?", yes=True)
    assert capsys.readouterr().err == ""


def test_a_table_is_aligned_by_what_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    emit_table([("\u6771\u4eac", "1"), ("ab", "2")], header=("A", "B"))
    assert capsys.readouterr().out == "A     B\n\u6771\u4eac  1\nab    2\n"
    emit_table([], header=("A", "B"))
    assert capsys.readouterr().out == ""
    sit_at_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "41")
    monkeypatch.setenv("NO_COLOR", "1")
    header, *rows = ROWS
    emit_table(rows, header=header, spare=("MODEL", "COST"))
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == "RUN   COST  STATUS"
    assert shown.err == "without MODEL: the terminal is narrow\n"


def test_an_error_of_several_findings_lists_the_first_of_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    findings = tuple(
        Finding("syntax", Severity.ERROR, f"fault {number}", "a.md") for number in range(25)
    )
    report_error(InvalidPromptError("a is not valid:\nmany faults", findings=findings))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "  a.md: fault 0"
    assert len(lines) == 22
    assert lines[-2:] == ["error: a is not valid:", "       many faults"]


def test_a_bug_says_so_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // 0
    report_bug(caught.value)
    told = capsys.readouterr().err
    assert told.startswith("Traceback ")
    assert (
        "\nbug: ZeroDivisionError: integer division or modulo by zero\n hint: this is a bug in promptops"
        in told
    )


def test_the_configuration_that_is_named_wins_over_the_repository_s(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_session(Session(str(tmp_path)))
    assert runtime_config() == Config()
    assert runtime_folders() == (None, None)
    repo.write("promptops.toml", 'default_environment = "staging"\n')
    start_session(Session(str(repo.path)))
    assert runtime_config().default_environment == "staging"
    assert runtime_folders() == (repo.path / ".git", repo.path)
    (tmp_path / "c.toml").write_text("[guards]\nspend_per_day = 3\n")
    monkeypatch.setenv("PROMPTOPS_CONFIG", str(tmp_path / "c.toml"))
    assert runtime_config().default_environment == "production"


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        _ = Session(str(tmp_path / "nowhere")).repository


def test_names_and_all_are_two_requests() -> None:
    refuse_both([], everything=True)
    refuse_both(["a"], everything=False)
    with pytest.raises(UsageError, match="names and --all cannot be combined"):
        refuse_both(["a"], everything=True)
