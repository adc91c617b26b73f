"""The export formats, one module each, with `write(prompt) -> Export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from promptops.repository.adoption.exports import dotprompt, langfuse, openai, own, prompty

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt
    from promptops.repository.adoption.exports.parts import Export

__all__ = ["WRITERS", "write"]


class FormatWriter(Protocol):
    """A module that writes one format."""

    SUFFIX: str

    def write(self, prompt: Prompt) -> Export:
        """Return the prompt in this format. Raises UnexportableError."""


WRITERS: dict[str, FormatWriter] = {
    "dotprompt": dotprompt,
    "prompty": prompty,
    "openai": openai,
    "langfuse": langfuse,
    "json": own,
}
"""Format -> its writer."""


def write(prompt: Prompt, form: str) -> Export:
    """Return a prompt in a format. Raises UnexportableError for parts without a counterpart."""
    return WRITERS[form].write(prompt)
