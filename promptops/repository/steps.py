"""Write the files of a new setup, one step each. Nothing is overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.errors import NotAFileError, RefusedError
from promptops.files import read_file
from promptops.repository.writing import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.repository.repository import Repository


class StepResult(StrEnum):
    """The possible results of a step."""

    WRITTEN = "written"
    EXTENDED = "extended"
    KEPT = "kept"
    LEFT = "left to you"


@dataclass(frozen=True, slots=True)
class ScaffoldStep:
    """One file, and what was done with it.

    Attributes:
        path: relative to the repository's top.
        result: what was done, or would be done in a dry run.
        detail: more details, or the lines that the user must add.
    """

    path: str
    result: StepResult
    detail: str = ""


def prepend(
    repository: Repository, path: str, text: str, lines: list[str], detail: str, *, dry_run: bool
) -> ScaffoldStep:
    """Insert rules before all others. The last matching rule decides, so existing rules still
    apply.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    added = "".join(f"{line}{newline}" for line in lines)
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    if not dry_run:
        replace_file(place_file(repository, path), f"{mark}{added}{text[len(mark) :]}".encode())
    return ScaffoldStep(path, StepResult.EXTENDED, detail)


def read_text(file: Path) -> str | None:
    """Return the text of a file; None if there is none."""
    try:
        return read_file(file).decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"{file.name} is not UTF-8", hint="convert it, then run the command again"
        ) from error


def write_new(repository: Repository, path: str, text: str, *, dry_run: bool) -> ScaffoldStep:
    """Write a new file; keep an existing one."""
    file = place_file(repository, path)
    if os.path.lexists(file):
        return ScaffoldStep(path, StepResult.KEPT, "exists already")
    if not dry_run:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    return ScaffoldStep(path, StepResult.WRITTEN)


def append(
    repository: Repository, path: str, text: str, lines: str, detail: str, *, dry_run: bool
) -> ScaffoldStep:
    """Append lines to a file with the content `text`, or write a new file."""
    file = place_file(repository, path)
    if not os.path.lexists(file):
        step = write_new(repository, path, f"{lines}\n", dry_run=dry_run)
        return ScaffoldStep(path, step.result, detail)
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith("\n") else newline
    added = gap + lines.replace("\n", newline) + newline
    if not dry_run:
        with file.open("ab") as stream:
            stream.write(added.encode())
    return ScaffoldStep(path, StepResult.EXTENDED, detail)


def place_file(repository: Repository, path: str) -> Path:
    """Return the path to write to. Refuse symbolic links on the way, which could lead out of the
    repository.
    """
    top = repository.require_work_tree()
    current = top
    for segment in path.split("/"):
        current = current / segment
        if current.is_symlink():
            raise NotAFileError(
                f"{current.relative_to(top)} is a symbolic link",
                hint="put a real file or folder there",
            )
    return current
