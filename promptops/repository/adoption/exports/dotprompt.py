"""Dotprompt: Handlebars with `{{role}}` and `{{history}}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from promptops.repository.adoption.exports.parts import (
    Export,
    ExportMessage,
    ExportPart,
    UnexportableError,
    input_schema,
    list_settings,
    name_lost,
    split_messages,
)

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt

SUFFIX = ".prompt"
_ROLES = {"system": "system", "user": "user", "assistant": "model", None: "user"}
_PROVIDERS = {"gemini": "googleai", "vertex_ai": "vertexai"}
_CONFIG = {"top_p": "topP", "max_tokens": "maxOutputTokens", "stop": "stopSequences"}
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_LOOPS = {"loop.index0": "@index", "loop.first": "@first", "loop.last": "@last"}
_FOR = re.compile(r"for\s+([A-Za-z_]\w*)\s+in\s+([\w.]+)", re.ASCII)
_LITERAL = re.compile(r"\{\{[^{}]*\}\}")


def write(prompt: Prompt) -> Export:
    """Return the file."""
    from promptops.prompt.frontmatter.writing import dump_yaml

    notes = [*name_lost(prompt)]
    provider, _, model = prompt.model.partition("/")
    header: dict[str, Any] = {
        "model": f"{_PROVIDERS.get(provider, provider)}/{model}",
        "description": prompt.description,
    }
    config = {_CONFIG.get(key, key): value for key, value in list_settings(prompt).items()}
    config |= prompt.data.get("parameters", {})
    if config:
        header["config"] = config
    messages = split_messages(prompt)
    passed = {one.parts[0].text for one in messages if one.role == "history"}
    if passed - {"history"}:
        notes.append("the passed-in messages are `history` there, whatever they are called here")
    schemas = {
        name: dict(input_schema(one)) for name, one in prompt.inputs.items() if name not in passed
    }
    default = {name: one.pop("default") for name, one in schemas.items() if "default" in one}
    if schemas:
        required = [name for name in schemas if name not in default]
        schema = {"type": "object", "properties": schemas, "required": required}
        header["input"] = {"schema": schema} | ({"default": default} if default else {})
    if prompt.output is not None:
        header["output"] = {"format": "json", "schema": dict(prompt.output)}
    body = "\n".join(_write_message(one, len(messages) == 1) for one in messages)
    head = dump_yaml(header)
    return Export(f"---\n{head}---\n{body}\n", tuple(dict.fromkeys(notes)))


def _write_message(message: ExportMessage, is_only: bool) -> str:  # noqa: FBT001 - one of two
    if message.role == "history":
        return "{{history}}"
    text = _MessageWriter(message.parts).write()
    return text if is_only and message.role in {None, "user"} else _begin(message.role) + text


def _begin(role: str | None) -> str:
    return f'{{{{role "{_ROLES[role]}"}}}}\n'


def _refuse(part: ExportPart, why: str) -> NoReturn:
    message = f"{part.place}: {why}"
    raise UnexportableError(message)


class _MessageWriter:
    """Writes one message. In a loop, the item is `this`, and names outside begin with `../`."""

    def __init__(self, parts: list[ExportPart]) -> None:
        self._parts = parts
        self._written = ""
        # Each open block: the tag that closes it, and for a loop the name of its item.
        self._open: list[tuple[str, str]] = []

    def write(self) -> str:
        for index, part in enumerate(self._parts):
            if part.kind == "text":
                self._add_text(part)
            elif part.kind == "value":
                self._written += f"{{{{{self._resolve(part, part.text)}}}}}"
            else:
                self._add_tag(part)
                self._keep_line(part, self._parts[index + 1 : index + 2])
        return self._written

    def _add_text(self, part: ExportPart) -> None:
        text = _LITERAL.sub("", part.text)
        before = self._written[-1:]
        if "{{" in text or "\\" in text[-1:] or text.endswith("{") or before == "\\":
            _refuse(part, "braces in this text would be read as a tag")
        self._written += _LITERAL.sub(lambda match: f"\\{match[0]}", part.text)

    def _keep_line(self, part: ExportPart, following: list[ExportPart]) -> None:
        """Add a newline after a tag that begins a line: Handlebars drops it."""
        line = self._written.rpartition("\n")[2]
        before = line[: line.rindex("{{")]
        if not before:
            self._written += "\n" if following else ""
        elif not before.strip() and (not following or following[0].kind == "text"):
            rest = following[0].text.partition("\n")[0] if following else ""
            if not rest.strip():
                _refuse(part, "the white space before this tag would be dropped")

    def _add_tag(self, part: ExportPart) -> None:
        word, _, rest = part.text.partition(" ")
        rest = rest.strip()
        loop = _FOR.fullmatch(part.text)
        if word == "if":
            negated = rest.removeprefix("not ").strip()
            name = "unless" if negated != rest else "if"
            self._written += f"{{{{#{name} {self._resolve(part, negated)}}}}}"
            self._open.append((f"/{name}", ""))
        elif word == "elif" and self._open:
            self._written += f"{{{{else if {self._resolve(part, rest)}}}}}"
        elif part.text == "else" and self._open and self._open[-1][0] != "/each":
            self._written += "{{else}}"
        elif loop is not None:
            self._written += f"{{{{#each {self._resolve(part, loop[2])}}}}}"
            self._open.append(("/each", loop[1]))
        elif part.text in {"endif", "endfor"}:
            self._written += f"{{{{{self._open.pop()[0]}}}}}"
        else:
            _refuse(part, f"`{part.text}` has no counterpart in Handlebars")

    def _resolve(self, part: ExportPart, expression: str) -> str:
        loops = [item for closing, item in reversed(self._open) if closing == "/each"]
        if loops and expression in _LOOPS:
            return _LOOPS[expression]
        if _PATH.fullmatch(expression) is None:
            _refuse(
                part, f"`{expression}` has no counterpart in Handlebars: it is more than a name"
            )
        name, dot, rest = expression.partition(".")
        if name in {"loop", "this", "true", "false", "null", "undefined", "else"}:
            _refuse(part, f"`{name}` means something else in Handlebars")
        if name in loops:
            return f"{'../' * loops.index(name)}this{dot}{rest}"
        return f"{'../' * len(loops)}{expression}"
