"""Render a prompt's text with values into messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.template.simple import read_simple, render_simple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.template.program import Program

Message = dict[str, object]
"""One chat message: `role` and `content`; passed-in messages keep their other keys."""


class CompiledTemplate:
    """A prompt's body with the partials it needs, ready to render.

    The first `render` parses and compiles it. Threads may share one; at worst two of them compile
    it.
    """

    __slots__ = ("_body", "_first_line", "_name", "_partials", "_program", "_simple")

    def __init__(
        self, name: str, body: str, partials: Mapping[str, str], *, first_line: int = 1
    ) -> None:
        """Store the text; compile nothing yet.

        Args:
            name: the path of the prompt's file, for errors.
            body: the text after the frontmatter.
            partials: path below the prompts folder -> text; has at least every included file.
            first_line: the line of the file on which the body begins, for errors.
        """
        self._name = name
        self._body = body
        self._partials = partials
        self._first_line = first_line
        self._program: Program | None = None
        self._simple = read_simple(body)

    def render(self, values: Mapping[str, object], *, are_plain: bool = False) -> list[Message]:
        """Render the template with values; return the messages.

        Each message is stripped of ASCII white space at both ends. Empty messages are left out.
        Passed-in messages are inserted unchanged.

        Args:
            values: the inputs: strings, numbers, booleans, None, lists and objects of these.
            are_plain: whether the caller has already checked the values.

        Raises:
            InputError: a value is of another kind, or a passed-in message is malformed.
            TemplateError: the body has a problem, reads something undefined, exceeds a limit, or
                opens no message at all.
        """
        if self._simple is not None and are_plain:
            rendered = render_simple(self._simple, values)
            if rendered is not None:
                return rendered
        program = self._program
        if program is None:
            from promptops.prompt.template.program import build_program  # Jinja2 takes 49 ms

            program = self._program = build_program(
                self._name, self._body, self._partials, self._first_line
            )
        return program.render(values, are_plain=are_plain)
