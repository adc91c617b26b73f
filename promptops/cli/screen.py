"""Fit text to a terminal: break lines at words, and page long texts.

Not used for a pipe or a file, where lines stay unchanged.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

_ESCAPE = re.compile("\x1b\\[[0-9;]*m")
# Commands are copied by people, so one that fits on a separate line is not broken.
_UNITS = re.compile(r"(?:(?<=^)|(?<=[\s(`]))(?:promptops|git) [^;,)`\n]*[^;,)`\s]|\S+")
# A line of a file, followed by a line with carets.
_EXCERPT = re.compile(r" *\d+ \| ")
_NARROW = 40


def break_lines(text: str, width: int) -> str:
    """Return the text with lines of at most `width` cells, broken at words.

    Continuation lines are indented two columns more than the first one. A word that is longer than
    a line, such as a path, is not broken.
    """
    if width < _NARROW:
        return text
    return "\n".join(_break(line, width) for line in text.split("\n"))


def _break(line: str, width: int) -> str:
    bare = _ESCAPE.sub("", line)
    if _cells(bare) <= width or " " not in bare.strip() or _EXCERPT.match(bare):
        return line
    body = bare.lstrip(" ")
    indent = " " * min(len(bare) - len(body) + 2, width // 2)
    if line != bare:
        is_command = body.startswith(("promptops ", "git "))
        return _break_painted(line, width, indent, end=" \\" if is_command else "")
    return _fill(line, width, indent)


def _fill(line: str, width: int, indent: str) -> str:
    lines: list[str] = []
    current, place = "", 0
    for unit in _UNITS.finditer(line):
        gap, word = line[place : unit.start()], unit[0]
        is_begun = bool(current.strip())
        if _cells(current + gap + word) <= width or (not is_begun and " " not in word):
            current += gap + word
        elif " " in word and _cells(indent + word) > width:
            # The command is longer than a line: end the line with a shell continuation.
            *whole, current = _break_painted(current + gap + word, width, indent, end=" \\").split(
                "\n"
            )
            lines += whole
        else:
            lines.append(current)
            current = indent + word
        place = unit.end()
    return "\n".join([*lines, current + line[place:].rstrip()])


def _break_painted(line: str, width: int, indent: str, *, end: str = "") -> str:
    """Break a line at spaces; add `end` to broken lines. Colour codes have no width."""
    words = line.split(" ")
    lines: list[str] = []
    current = words[0]
    for word in words[1:]:
        is_begun = _ESCAPE.sub("", current).strip()
        if is_begun and _cells(_ESCAPE.sub("", f"{current} {word}{end}")) > width:
            lines.append(current + end)
            current = indent + word
        else:
            current = f"{current} {word}"
    return "\n".join([*lines, current])


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def page(text: str) -> bool:
    """Show a text in the user's pager; return False if it fits the screen or there is no pager.

    As in Git: `PAGER` names it, by default `less`; empty or `cat` means none.
    """
    if text.count("\n") + 1 < shutil.get_terminal_size().lines:
        return False
    command = _find_pager()
    if command is None:
        return False
    sys.stdout.flush()
    environment = {"LESS": "FRX", "LV": "-c", **os.environ}
    try:
        with subprocess.Popen(  # noqa: S602 - the user's own pager, a shell command by convention
            command, shell=True, stdin=subprocess.PIPE, env=environment
        ) as pager:
            try:
                pager.communicate(f"{text}\n".encode("utf-8", "backslashreplace"))
            except KeyboardInterrupt:
                pager.wait()
    except OSError:
        return False
    # The shell returns 126 or 127 if the command does not exist.
    return pager.returncode not in {126, 127}


def _find_pager() -> str | None:
    command = os.environ.get("PAGER")
    if command is None:
        command = "less" if shutil.which("less") else ""
    if os.environ.get("TERM") == "dumb" or command.strip() in {"", "cat"}:
        return None
    return command
