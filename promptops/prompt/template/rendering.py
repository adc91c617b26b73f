"""The way in: a prompt's text and values become messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.template.program import Program

Message = dict[str, object]
"""One chat message: `role` and `content`, and for passed-in ones what else they came with."""


class CompiledTemplate:
    """A prompt's body with the partials it needs, ready to render.

    Making one costs nothing; the first `render` parses and compiles it. Threads may share one: at
    worst two of them compile the same text.
    """

    __slots__ = ("_body", "_first_line", "_name", "_partials", "_program")

    def __init__(
        self, name: str, body: str, partials: Mapping[str, str], *, first_line: int = 1
    ) -> None:
        """Keep the text.

        Args:
            name: the path of the prompt's file, for errors.
            body: the text after the frontmatter.
            partials: path below the prompts folder to text, at least of every included file.
            first_line: the line of the file on which the body begins, for errors.
        """
        self._name = name
        self._body = body
        self._partials = partials
        self._first_line = first_line
        self._program: Program | None = None

    def render(self, values: Mapping[str, object], *, are_plain: bool = False) -> list[Message]:
        """Fill in values and give the messages.

        Each message is stripped of ASCII white space at both ends; one that is empty then is left
        out. Passed-in messages are inserted as they are.

        Args:
            values: the inputs: strings, numbers, booleans, None, lists and objects of these.
            are_plain: whether the caller made sure of that already.

        Raises:
            InputError: a value is of another kind, or a passed-in message is malformed.
            TemplateError: the body has a problem, reads something undefined, exceeds a limit, or
                opens no message at all.
        """
        program = self._program
        if program is None:
            from promptops.prompt.template.program import build_program  # Jinja2 takes 49 ms

            program = self._program = build_program(
                self._name, self._body, self._partials, self._first_line
            )
        return program.render(values, are_plain=are_plain)
