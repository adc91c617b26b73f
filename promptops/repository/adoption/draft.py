"""A prompt of another tool, on its way to become one of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnreadableError(Exception):
    """A file is not what its name says; the message says why, in lower case."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is not carried over, or not as it was.

    Attributes:
        message: what, and what to do.
        line: the line of the source it is about; None for the file as a whole.
        is_lost: whether the prompt would send something else than the original did.
    """

    message: str
    line: int | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class DraftMessage:
    """One message of a prompt.

    Attributes:
        role: `system`, `user`, `assistant` or `history`; None in a prompt without role blocks.
        body: its template, in our language; of `history`, the name of the input.
    """

    role: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader made of one prompt.

    Attributes:
        kind: the format, as people call it.
        path: the file it comes from, from the repository's top.
        title: what names it within its file; "" where the file is the prompt.
        messages: what it sends.
        inputs: each input with its type or schema.
        settings: frontmatter other than version, author and inputs.
        notes: what is not carried over.
        samples: of a suite, as its file has them.
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
    line: int = 1
