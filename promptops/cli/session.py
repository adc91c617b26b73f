"""The shared state of one command: repository, streams, and the format of errors."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.errors import InvalidPromptError, NotARepositoryError, PromptopsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from promptops.repository.config import Config
    from promptops.repository.repository import Repository


# The minimum width of the last column, in cells.
_MIN_ROOM = 20
# The same for tables that can omit columns.
_MIN_SPARE_ROOM = 8


class Format(StrEnum):
    """The output formats of commands without findings."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="Output format.", show_default=True)]
AllOption = Annotated[
    bool, typer.Option("--all", help="Everything; the same as no name.", show_default=False)
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="REV", help="Merge into REV; by default the remote's default branch."
    ),
]
HeadOption = Annotated[
    str | None, typer.Option("--head", metavar="REV", help="The proposed commit; by default HEAD.")
]
TargetOption = Annotated[
    str | None,
    typer.Option("--target", metavar="BRANCH", help="The target branch, if --base is a commit."),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Do not fetch; show the age of the local data.")
]
LocalOption = Annotated[bool, typer.Option("--local", help="Work without the remote; push later.")]


class Session:
    """One run of the command line. Everything is opened on first use."""

    def __init__(self, directory: str | None, *, pager: bool = False) -> None:
        self.directory = Path(directory or ".")
        self.is_named = directory is not None
        self.pager = pager
        self._repository: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository around the directory."""
        if self._repository is None:
            from promptops.repository.repository import open_repository

            if not self.directory.is_dir():
                message = f"{self.directory} is not a folder"
                raise UsageError(message, hint="check the path after -C")
            self._repository = open_repository(self.directory, is_named=self.is_named)
        return self._repository

    def close(self) -> None:
        """End this session's git process."""
        if self._repository is not None:
            self._repository.objects.close()


_SESSION: ContextVar[Session] = ContextVar("session")


def start_session(session: Session) -> None:
    """Make `session` the current one; close a previous one in the same process."""
    previous = _SESSION.get(None)
    if previous is not None:
        previous.close()
    _SESSION.set(session)


def restart_session() -> None:
    """Replace the current session by one that reads repository and configuration again."""
    now = current()
    start_session(Session(str(now.directory) if now.is_named else None, pager=now.pager))


def current() -> Session:
    """Return the current session."""
    return _SESSION.get()


def runtime_config() -> Config:
    """Return the configuration for runs: the file in PROMPTOPS_CONFIG, else the repository's."""
    from promptops.repository.config import Config
    from promptops.runtime.configuration import choose_config

    def own() -> Config:
        try:
            return current().repository.config
        except NotARepositoryError:
            return Config()

    return choose_config(None, os.environ, own)


def runtime_folders() -> tuple[Path | None, Path | None]:
    """Return the Git folder shared by work trees, and the work tree; None outside a repository."""
    with suppress(NotARepositoryError):
        git = current().repository.git
        return git.common_dir, git.work_tree
    return None, None


def is_terminal(stream: TextIO) -> bool:
    """Return whether the stream is a terminal."""
    try:
        return stream.isatty()
    except ValueError:  # a closed stream
        return False


def has_colour(stream: TextIO) -> bool:
    """Return whether to use colour: on a terminal that supports it, or if FORCE_COLOR is set.

    Never if NO_COLOR is set (no-color.org).
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def paint(
    text: str,
    colour: str | None = None,
    *,
    bold: bool = False,
    dim: bool = False,
    to: TextIO | None = None,
) -> str:
    """Colour `text` if the stream (standard output by default) shows colour."""
    if not has_colour(to or sys.stdout):
        return text
    return typer.style(text, fg=colour, bold=bold or None, dim=dim or None)


def clean(text: str) -> str:
    """Escape control characters, so that text from a file cannot control the terminal."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t\u200d\u200c"
        else f"\\x{ord(character):02x}"
        for character in text
    )


def one_line(text: str) -> str:
    """Return a text from a file on one line, with control characters escaped.

    Colour codes are escaped too, since `emit` keeps those that `paint` wrote.
    """
    return clean(" ".join(text.split()))


def emit(text: str, *, is_verbatim: bool = False) -> None:
    """Print data to standard output: unchanged for programs, escaped for terminals.

    On a terminal, lines are broken at words unless the text `is_verbatim` (a file or an answer),
    and a long text goes to a pager.
    """
    if not is_terminal(sys.stdout):
        print(text)  # noqa: T201 - this is the printer
        return
    from promptops.cli.screen import page

    shown = _clean_painted(text)
    if not is_verbatim:
        shown = _fit(shown)
    if not (_has_pager() and page(shown)):
        print(shown)  # noqa: T201 - this is the printer


def _has_pager() -> bool:
    session = _SESSION.get(None)
    return session is not None and session.pager


def _fit(text: str) -> str:
    """Break the lines of a text at words, for the terminal's width."""
    import shutil

    from promptops.cli.screen import break_lines

    return break_lines(text, shutil.get_terminal_size().columns)


def _clean_painted(text: str) -> str:
    """Escape control characters except the colour codes that `paint` wrote."""
    import re

    parts = re.split("(\x1b\\[[0-9;]*m)", text)
    return "".join(part if index % 2 else clean(part) for index, part in enumerate(parts))


def emit_json(value: object) -> None:
    """Print one JSON document to standard output, never wrapped or coloured."""
    import json

    print(json.dumps(value, ensure_ascii=False, indent=2))  # noqa: T201 - this is the printer


def flush_output() -> None:
    """Flush standard output, so that the order is right if both streams are the same."""
    with suppress(OSError, ValueError):  # the reader is gone, or the stream is closed
        sys.stdout.flush()


def say(text: str) -> None:
    """Print a message on standard error, after flushing standard output."""
    flush_output()
    shown = _clean_painted(text)
    print(_fit(shown) if is_terminal(sys.stderr) else shown, file=sys.stderr)  # noqa: T201 - this is the printer


def warn(text: str, hint: str | None = None) -> None:
    """Print a warning on standard error."""
    say(f"{paint('warning:', 'yellow', bold=True, to=sys.stderr)} {text}")
    if hint:
        say(f"{paint('   hint:', 'cyan', to=sys.stderr)} {hint}")


def show_log() -> None:
    """Show the library's log as wrapped warnings on a terminal.

    Elsewhere, logging's default output stays.
    """
    if not is_terminal(sys.stderr):
        return
    import logging

    class WarningHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warn(one_line(record.getMessage()))

    logger = logging.getLogger("promptops")
    if not logger.handlers:
        logger.addHandler(WarningHandler(logging.WARNING))


def near(path: object) -> str:
    """Return a path for people: relative to the current folder if it is below that."""
    folder = f"{current().directory.resolve()}{os.sep}"
    return one_line(str(path).removeprefix(folder))


def emit_table(
    rows: list[tuple[str, ...]],
    *,
    header: tuple[str, ...] | None = None,
    spare: Sequence[str] = (),
) -> None:
    """Print rows in aligned columns below a header, which is dim on a terminal.

    The header is printed in a pipe too. Programs should use JSON. On a terminal that is too narrow,
    the columns `spare` are omitted one by one, with a note.
    """
    if not rows:
        return
    shown = [header, *rows] if header else rows
    if header and spare and is_terminal(sys.stdout):
        shown, missing = leave_out(shown, spare)
        if missing:
            *others, last = missing
            named = f"{', '.join(others)} and {last}" if others else last
            say(f"without {named}: the terminal is narrow")
    # Fast path: in most tables each character is one cell wide.
    is_plain = "".join(map("".join, shown)).isascii()
    measure = len if is_plain else _width
    widths = [max(map(measure, column)) for column in zip(*shown, strict=True)]
    if is_terminal(sys.stdout):
        import shutil

        least = _MIN_SPARE_ROOM if spare else _MIN_ROOM
        shown = fold_rows(shown, widths, shutil.get_terminal_size().columns, min_room=least)
    pad = str.ljust if is_plain else _pad
    lines = ["  ".join(map(pad, row, widths)).rstrip() for row in shown]
    if header:
        lines[0] = paint(lines[0], dim=True)
    emit("\n".join(lines))


def leave_out(
    rows: list[tuple[str, ...]], spare: Sequence[str]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """Omit columns named in `spare` until rows fit the terminal; return rows and omitted columns.

    The last column may be wrapped at words, so only its longest word counts.
    """
    import shutil

    room = shutil.get_terminal_size().columns
    missing: list[str] = []
    for name in spare:
        *before, last = zip(*rows, strict=True)
        words = max(len(word) for cell in last for word in _unpaint(cell).split() or [""])
        width = sum(max(map(_width, column)) + 2 for column in before) + words
        if width <= room:
            break
        index = rows[0].index(name)
        rows = [(*row[:index], *row[index + 1 :]) for row in rows]
        missing.append(name)
    return rows, missing


def fold_rows(
    rows: list[tuple[str, ...]], widths: Sequence[int], room: int, *, min_room: int = _MIN_ROOM
) -> list[tuple[str, ...]]:
    """Wrap the last column at words if rows are wider than `room` cells.

    The rows stay unchanged if it would get fewer than `min_room` cells.
    """
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    last_width = max(_width(_unpaint(row[-1])) for row in rows)
    if before + last_width <= room or room - before < min_room:
        return rows
    import textwrap

    folded: list[tuple[str, ...]] = []
    for *others, last in rows:
        lines = textwrap.wrap(last, room - before, break_long_words=False, break_on_hyphens=False)
        folded.append((*others, lines[0] if lines else ""))
        folded += [(*("" for _ in others), line) for line in lines[1:]]
    return folded


def _unpaint(text: str) -> str:
    """Return a text without colour codes, which have no width."""
    import re

    return re.sub("\x1b\\[[0-9;]*m", "", text) if "\x1b" in text else text


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return the width of a text in terminal cells."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def confirm(question: str, *, yes: bool) -> None:
    """Ask for confirmation on a terminal; declining exits with code 1.

    Without a terminal nothing is asked: a script is assumed to be intended.
    """
    if yes or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - this is the printer
    answer = sys.stdin.readline().strip().lower()
    if answer not in {"y", "yes"}:
        say("nothing changed")
        raise typer.Exit(1)


def report_error(error: PromptopsError) -> None:
    """Print an error: one line that says what is wrong and one that says what to do."""
    if isinstance(error, InvalidPromptError) and len(error.findings) > 1:
        for finding in error.findings[:20]:
            say(f"  {finding.place}: {finding.message}")
    say(f"{paint('error:', 'red', bold=True, to=sys.stderr)} {_indented(error.message)}")
    if error.run_id is not None:
        say(f"   run: {error.run_id} ended at the stage '{error.stage}'")
    if error.hint:
        say(f"{paint(' hint:', 'cyan', to=sys.stderr)} {_indented(error.hint)}")
    if error.page:
        refer(error.page)


def refer(page: str) -> None:
    """Name a page of the documentation, only on a terminal."""
    if is_terminal(sys.stderr):
        say(f"{paint('  see:', 'cyan', to=sys.stderr)} promptops help {page}")


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n       ")


def report_bug(error: Exception) -> None:
    """Print an internal error, with the data needed to report it."""
    import traceback

    say("".join(traceback.format_exception(error)))
    say(f"{paint('bug:', 'red', bold=True, to=sys.stderr)} {type(error).__name__}: {error}")
    say(" hint: this is a bug in promptops; please report it with the lines above")


def json_document(schema: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Return a JSON document with the name of its schema."""
    return {"schema": schema, **fields}


def refuse_both(names: Sequence[str] | None, *, everything: bool) -> None:
    """Raise UsageError for names together with `--all`."""
    if names and everything:
        raise UsageError("names and --all cannot be combined", hint="give one or the other")
