"""Split a prompt into messages of texts, values and tags, with its partials expanded.

Texts are exactly what is sent: newlines that templates drop after tags are removed, and braces in a
raw block are kept as braces.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.prompt.template import ROLES, tokenize
from promptops.prompt.template.source import WHITE_SPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptops.prompt.prompt import Prompt

_OPENING = frozenset({"for", "if", "with", "macro", "call", "filter"})
# Frontmatter that every format supports; a note names the rest.
_CARRIED = frozenset(
    {
        *("version", "author", "description", "model", "inputs", "output", "parameters"),
        *("temperature", "top_p", "max_tokens", "stop", "seed"),
    }
)
_SETTINGS = ("temperature", "top_p", "max_tokens", "stop", "seed")


class UnexportableError(Exception):
    """A prompt has something without a counterpart in the format; the message says what, in lower
    case.
    """


class Export(NamedTuple):
    """A prompt in another format.

    Attributes:
        text: the file.
        notes: what was not exported.
    """

    text: str
    notes: tuple[str, ...]


class ExportPart(NamedTuple):
    """A piece of a message.

    Attributes:
        kind: `text`, `value` or `tag`.
        text: the text, the expression, or the words of the tag.
        place: where it is written, such as `a.md, line 9`.
    """

    kind: str
    text: str
    place: str


@dataclass(slots=True)
class ExportMessage:
    """A message; `role` is None in a prompt without role blocks, and `history` for passed-in
    messages.
    """

    role: str | None
    parts: list[ExportPart] = field(default_factory=list)


def split_messages(prompt: Prompt) -> list[ExportMessage]:
    """Return the messages of a prompt. Raises UnexportableError if a role block is in a loop."""
    splitter = _MessageSplitter()
    document = prompt.closure.document
    splitter.read(prompt, document.path, document.body, document.body_line)
    messages = [ExportMessage(None, splitter.loose)] if not splitter.found else splitter.found
    if splitter.found and any(
        part.kind != "text" or part.text.strip(WHITE_SPACE) for part in splitter.loose
    ):
        first = next(part for part in splitter.loose if part.text.strip(WHITE_SPACE))
        message = f"{first.place}: a tag outside of the messages has no counterpart there"
        raise UnexportableError(message)
    for one in messages:
        _strip(one.parts)
    return messages


class _MessageSplitter:
    def __init__(self) -> None:
        self.found: list[ExportMessage] = []
        self.loose: list[ExportPart] = []
        self._open: list[ExportPart] = self.loose
        self._depth = 0

    def read(self, prompt: Prompt, path: str, source: str, first_line: int) -> None:
        words: list[str] = []
        for token in tokenize(source, first_line):
            place = f"{path}, line {token.line}"
            if token.kind in {"block_begin", "variable_begin"}:
                words = []
            elif token.kind == "variable_end":
                self._open.append(ExportPart("value", "".join(words).strip(), place))
            elif token.kind == "block_end":
                self._follow(prompt, "".join(words).strip(), place)
            elif token.kind == "data":
                self._open.append(ExportPart("text", token.text, place))
            elif not token.kind.startswith(("comment", "raw")):
                words.append(token.text)

    def _follow(self, prompt: Prompt, tag: str, place: str) -> None:
        word, _, rest = tag.partition(" ")
        if word == "include":
            path = rest.split()[0].strip("\"'")
            self.read(prompt, path, prompt.closure.files[path].decode().replace("\r\n", "\n"), 1)
        elif word in ROLES or word == "history":
            if self._depth:
                message = f"{place}: `{word}` in a block has no counterpart there"
                raise UnexportableError(message)
            if word == "history":
                self.found.append(
                    ExportMessage("history", [ExportPart("value", rest or word, place)])
                )
            else:
                self.found.append(ExportMessage(word))
                self._open = self.found[-1].parts
        elif word.removeprefix("end") in ROLES:
            self._open = self.loose
        else:
            is_block = word in _OPENING or (word == "set" and "=" not in rest)
            self._depth += is_block - word.startswith("end")
            self._open.append(ExportPart("tag", tag, place))


def _strip(parts: list[ExportPart]) -> None:
    """Strip white space from both ends of a message, and join adjacent texts."""
    joined: list[ExportPart] = []
    for part in parts:
        if part.kind == "text" and joined and joined[-1].kind == "text":
            joined[-1] = joined[-1]._replace(text=joined[-1].text + part.text)
        elif part.text or part.kind != "text":
            joined.append(part)
    if joined and joined[0].kind == "text":
        joined[0] = joined[0]._replace(text=joined[0].text.lstrip(WHITE_SPACE))
    if joined and joined[-1].kind == "text":
        joined[-1] = joined[-1]._replace(text=joined[-1].text.rstrip(WHITE_SPACE))
    parts[:] = joined


def fill_names(message: ExportMessage, tool: str) -> str:
    """Return a message as a text whose only tags are `{{name}}`. Raises UnexportableError."""
    written = []
    for part in message.parts:
        if part.kind == "text":
            if "{{" in part.text:
                message_of_error = f"{part.place}: `{{{{` as text would be filled in by {tool}"
                raise UnexportableError(message_of_error)
            written.append(part.text)
        elif part.kind == "value" and part.text.isidentifier():
            written.append(f"{{{{{part.text}}}}}")
        else:
            message_of_error = f"{part.place}: `{part.text}` is more than {tool} fills in: a name"
            raise UnexportableError(message_of_error)
    text = "".join(written)
    if "{{{" in text or "}}}" in text:
        message_of_error = f"{message.parts[0].place}: a brace beside a value would be misread"
        raise UnexportableError(message_of_error)
    return text


def list_settings(prompt: Prompt) -> dict[str, Any]:
    """Return the settings of the model call, under our names."""
    return {key: prompt.data[key] for key in _SETTINGS if key in prompt.data}


def name_lost(prompt: Prompt, carried: Iterable[str] = ()) -> Iterator[str]:
    """Yield a note for each frontmatter key that is not exported."""
    for key in prompt.data:
        if key not in _CARRIED and key not in carried:
            yield f"'{key}' is not carried over"


def input_schema(declared: object) -> Mapping[str, Any]:
    """Return the schema of an input; a type name is written out."""
    if isinstance(declared, str):
        return {"type": declared}
    return declared if isinstance(declared, dict) else {}
