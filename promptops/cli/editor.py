"""Open the user's editor for a text, as Git does."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import typer

from promptops.cli.session import say
from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from promptops.repository.repository import Repository


def edit_text(repository: Repository, draft: str, title: str) -> str:
    """Open the editor on `draft`; return the saved text, without the comment lines at its end.

    An empty text means cancel: exit code 1. The file is in the Git folder and is kept if anything
    fails, so that no text is lost.
    """
    marker = "# ---- promptops: everything below this line is left out ----"
    path = repository.git.git_dir / "PROMPTOPS_EDITMSG"
    path.write_text(
        f"{draft}\n\n{marker}\n# {title}\n# An empty text stops the release.\n", encoding="utf-8"
    )
    editor = repository.git.run("var", "GIT_EDITOR").stdout.decode().strip()
    # Git's own convention: the editor is a shell command, the file its argument.
    result = subprocess.run(["sh", "-c", f'{editor} "$@"', editor, os.fspath(path)], check=False)  # noqa: S603, S607 - the user's own editor
    if result.returncode != 0:
        raise PromptopsError(
            f"the editor '{editor}' failed", hint=f"the text is kept in {path}; or give --notes"
        )
    text = path.read_text(encoding="utf-8").split(marker)[0].strip("\n")
    if not text.strip():
        say("no notes, nothing released")
        raise typer.Exit(1)
    path.unlink()
    return text
