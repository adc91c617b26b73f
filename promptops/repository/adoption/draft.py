"""A prompt of another tool while it is converted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnreadableError(Exception):
    """A file does not have the format of its name; the message says why, in lower case."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not converted, or not exactly.

    Attributes:
        message: what was not converted, and what to do.
        line: the line of the source; None for the whole file.
        is_lost: whether the prompt sends something different from the original.
    """

    message: str
    line: int | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class DraftMessage:
    """One message of a prompt.

    Attributes:
        role: `system`, `user`, `assistant` or `history`; None in a prompt without role blocks.
        body: its template, in our syntax; for `history`, the name of the input.
    """

    role: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One prompt as converted by a reader.

    Attributes:
        kind: the format's common name.
        path: its source file, from the repository's top.
        title: its name within the file; "" if the file is one prompt.
        messages: its messages.
        inputs: each input with its type or schema.
        settings: frontmatter other than version, author and inputs.
        notes: what was not converted.
        samples: eval samples, in the form of a suite file.
        suite: further keys of the suite file.
        line: where it begins in its file.
    """

    kind: str
    path: str
    title: str
    messages: tuple[DraftMessage, ...]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    samples: tuple[Mapping[str, Any], ...] = ()
    suite: Mapping[str, Any] = field(default_factory=dict)
    line: int = 1
