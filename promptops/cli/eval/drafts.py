"""Shared parts of the verbs that draft samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import current, near, say
from promptops.errors import UsageError, count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.evals.scenarios.drafting import DraftSample
    from promptops.prompt.prompt import Prompt

DraftOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The file to write.",
        show_default="a new file below evals/_drafts",
    ),
]


def find_draft_prompt(name: str) -> Prompt:
    """Return a prompt of the work tree.

    Raises:
        PromptNotFoundError, InvalidPromptError: it is missing or invalid.
    """
    from promptops.prompt.reference import check_name
    from promptops.repository.repository import find_prompt

    return find_prompt(current().repository.working, check_name(name), where="in the work tree")


def choose_draft_file(prompt: Prompt, ending: str, output: Path | None) -> Path:
    """Return the path of a new draft.

    Args:
        prompt: the prompt.
        ending: the end of the file's name, which separates drafts of different origin.
        output: the file instead, relative to the current folder; None: the default path.

    Raises:
        UsageError: the file exists.
    """
    from promptops.evals.scenarios.drafting import FOLDER

    session = current()
    evals = session.repository.require_work_tree() / session.repository.config.evals
    file = (
        evals / FOLDER / f"{prompt.name}{ending}" if output is None else session.directory / output
    )
    if file.exists() or file.is_symlink():
        raise UsageError(
            f"{near(file)} already exists", hint="remove it, or choose another file with --output"
        )
    return file


def write_draft_file(
    prompt: Prompt, samples: Sequence[DraftSample], source: str, ending: str, output: Path | None
) -> Path:
    """Write a draft, and return its path.

    Args:
        prompt: the prompt.
        samples: the samples.
        source: their origin, for the note in the file.
        ending: the end of the file's name, which separates drafts of different origin.
        output: the file instead, relative to the current folder; None: the default path.

    Raises:
        UsageError: the file already exists.
    """
    from promptops.evals.scenarios.drafting import write_draft
    from promptops.repository.writing import write_atomically

    file = choose_draft_file(prompt, ending, output)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, write_draft(prompt, samples, source).encode("utf-8", "replace"))
    return file


def say_drafted(number: int, file: Path) -> None:
    """Report the number of drafted samples and their file."""
    count = count_of(number, "sample")
    say(f"{count} drafted in {near(file)}; review them before they count")
