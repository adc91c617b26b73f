"""The supported formats, one module each with `read(path, text) -> drafts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats import (
    dotprompt,
    github_models,
    langchain,
    langfuse,
    markdown,
    prompty,
    python,
    requests,
    vscode,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.repository.adoption.draft import Draft

__all__ = ["SUFFIXES", "read"]


class FormatReader(Protocol):
    """A module that reads one format."""

    def read(self, path: str, text: str) -> Sequence[Draft]:
        """Return the prompts of a file. Raises UnreadableError for a file of another format."""


# The longest matching suffix decides; of several readers, the first that can read the file.
SUFFIXES: dict[str, tuple[FormatReader, ...]] = {
    ".prompt.md": (vscode,),
    ".prompt.yml": (github_models,),
    ".prompt.yaml": (github_models,),
    ".prompt": (dotprompt,),
    ".prompty": (prompty,),
    ".json": (requests, langfuse, langchain),
    ".py": (python,),
    ".md": (markdown,),
    ".mdc": (markdown,),
    ".txt": (markdown,),
}
"""Suffix of file names -> readers to try."""


def read(path: str, text: str) -> Sequence[Draft]:
    """Return the prompts of a file of any known format. Raises UnreadableError."""
    suffix = next((one for one in SUFFIXES if path.lower().endswith(one)), None)
    if suffix is None:
        known = ", ".join(SUFFIXES)
        message = f"its name ends in none of {known}"
        raise UnreadableError(message)
    faults = []
    for reader in SUFFIXES[suffix]:
        try:
            return reader.read(path, text)
        except UnreadableError as error:
            faults.append(str(error))
    raise UnreadableError("; ".join(faults))
