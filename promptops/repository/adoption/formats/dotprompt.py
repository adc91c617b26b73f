"""Dotprompt: Handlebars with `{{role}}` and `{{history}}`, and schemas in Picoschema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from promptops.repository.adoption.body import AdoptedBody
from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.formats.header import (
    add_metadata,
    make_optional,
    provider,
    split,
    take_settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(
    r"\\\{\{[^}]*\}\}|\{\{!--.*?--\}\}|\{\{(\{)?(~?)\s*([#/^>!]?)\s*([^{}]*?)\s*(~?)(?(1)\}\}\}|\}\})",
    re.DOTALL,
)
_COMMENT = re.compile(r"(?:[ \t]*#[^\n]*\n|[ \t]*\n)+(?=---[ \t]*\n)")
_PATH = re.compile(
    r"(?:\.\./)*(?:this|@?[A-Za-z_]\w*)(?:[./][A-Za-z_]\w*)*|(?:\.\./)*\.\.", re.ASCII
)
_ROLES = {"system": "system", "user": "user", "model": "assistant"}
_LOOPS = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
_KNOWN = {
    *("description", "model", "config", "input", "output", "name", "variant", "version"),
    *("tools", "toolDefs", "metadata", "ext"),
}
_TYPES = frozenset({"string", "number", "integer", "boolean", "null", "any"})


def read(path: str, text: str) -> list[Draft]:
    """Return the file's prompt."""
    comment = _COMMENT.match(text)
    lead = comment.end() if comment is not None else 0
    data, source, first_line = split(text[lead:])
    first_line += text.count("\n", 0, lead)
    settings, notes = take_settings(data.get("config") or {})
    if lead:
        what = "there is a comment before the frontmatter: npm's dotprompt sends all of it as text"
        notes.append(Note(f"{what}; this is how PyPI's reads it", 1))
    if isinstance(data.get("description"), str):
        settings["description"] = data["description"]
    if isinstance(data.get("model"), str):
        kind, _, name = data["model"].rpartition("/")
        settings["model"] = provider(kind, name)
    declared = data.get("input") or {}
    schema, default = declared.get("schema") or {}, declared.get("default") or {}
    output = data.get("output") or {}
    for key, one in (("input", schema), ("output", output.get("schema"))):
        if isinstance(one, str):
            notes.append(Note(f"the {key} schema '{one}' is declared in code: write it here"))
    inputs = _read_inputs(schema if isinstance(schema, dict) else {}, default)
    if isinstance(output.get("schema"), dict):
        settings["output"] = _read_object(output["schema"])
    reader = _DotpromptReader(source.strip(), first_line + _leading_lines(source))
    messages = reader.read()
    for name in reader.names:
        if name not in inputs:
            inputs[name] = {"type": "string", "default": default.get(name, "")}
            notes.append(Note(f"the input '{name}' is not declared; it was taken for a text"))
    notes += reader.notes
    notes += [Note(f"'{key}' is not carried over") for key in ("tools", "toolDefs") if key in data]
    if not reader.has_history:
        notes.append(Note("a history that is passed in has no place: add {% history %}"))
    notes += add_metadata(settings, data, _KNOWN)
    return [Draft("Dotprompt", path, "", messages, inputs, settings, tuple(notes))]


def _leading_lines(source: str) -> int:
    return source[: len(source) - len(source.lstrip())].count("\n")


class _DotpromptReader:
    """Reads one Handlebars template into messages."""

    def __init__(self, source: str, first_line: int) -> None:
        self._source = source
        self._first_line = first_line
        self._body = AdoptedBody()
        self._role = "user"
        self._messages: list[DraftMessage] = []
        # Each open block: its keyword, the context of names in it, and its closing tag.
        self._open: list[tuple[str, str, str]] = []
        self._place = 0
        self.names: dict[str, None] = {}
        self.notes: list[Note] = []
        self.has_history = False

    def read(self) -> tuple[DraftMessage, ...]:
        for match in iter(self._next, None):
            self._follow(match)
        self._body.text(self._source[self._place :])
        if self._open:
            self._refuse(f"`{self._open[-1][0]}` is not closed", len(self._source))
        self._end_message()
        return tuple(self._messages)

    def _next(self) -> re.Match[str] | None:
        return _TOKEN.search(self._source, self._place)

    def _refuse(self, why: str, offset: int) -> NoReturn:
        line = self._first_line + self._source.count("\n", 0, offset)
        message = f"line {line}: {why}"
        raise UnreadableError(message)

    def _follow(self, match: re.Match[str]) -> None:
        before = self._source[self._place : match.start()]
        self._place = match.end()
        if match[0].startswith("\\"):
            self._body.text(before + match[0][1:])
            return
        mark, words = match[3] or "", (match[4] or "").split()
        is_block = bool(mark) or match[0].startswith("{{!") or words[:1] == ["else"]
        is_alone = is_block and self._stands_alone(match)
        if is_alone:
            before = before.rstrip(" \t")
            self._place = self._source.find("\n", match.end()) + 1 or len(self._source)
        if match[2]:
            before = before.rstrip()
        if match[5]:
            rest = self._source[self._place :]
            self._place += len(rest) - len(rest.lstrip())
        self._body.text(before)
        is_comment = match[0].startswith("{{!") or mark == "!"
        if is_comment or mark == "/":
            self._note_lost_space(match, is_alone=is_alone)
        if is_comment:
            return
        self._act(mark, words, match, is_alone=is_alone)

    def _note_lost_space(self, match: re.Match[str], *, is_alone: bool) -> None:
        line = self._source[: match.start()].rpartition("\n")[2]
        goes_on = re.match(r"[ \t]+\S", self._source[match.end() :])
        if goes_on and not is_alone and not line.strip():
            what = f"some versions drop the white space after {match[0]}"
            self.notes.append(Note(what, self._line(match.start()), is_lost=True))

    def _stands_alone(self, match: re.Match[str]) -> bool:
        line = self._source[: match.start()].rpartition("\n")[2]
        rest = self._source[match.end() :].partition("\n")[0]
        return not line.strip() and not rest.strip()

    def _act(self, mark: str, words: list[str], match: re.Match[str], *, is_alone: bool) -> None:
        offset = match.start()
        if mark == ">" or not words or mark == "^":
            self._refuse(f"{match[0]} has no counterpart here", offset)
        word, *arguments = words
        if mark == "#":
            self._open_block(word, arguments, offset, is_alone=is_alone)
        elif mark == "/":
            if not self._open or self._open[-1][0] != word:
                self._refuse(f"{match[0]} closes nothing", offset)
            end = self._open.pop()[2]
            if end:
                self._body.tag(end, is_alone=is_alone)
        elif word == "else":
            tag = f"elif {self._condition(arguments[1:], offset)}" if arguments else "else"
            self._body.tag(tag, is_alone=is_alone)
        elif word in {"role", "history"}:
            self._change_role(word, arguments, offset)
        elif word == "json" and len(arguments) == 1:
            self._body.value(f"{self._resolve(arguments[0], offset)} | tojson")
            self.notes.append(
                Note("JSON is written with other spaces", self._line(offset), is_lost=True)
            )
        elif arguments:
            self._refuse(f"the helper '{word}' has no counterpart here", offset)
        else:
            self._body.value(self._resolve(word, offset))

    def _line(self, offset: int) -> int:
        return self._first_line + self._source.count("\n", 0, offset)

    def _open_block(self, word: str, arguments: list[str], offset: int, *, is_alone: bool) -> None:
        inside = self._open[-1][1] if self._open else ""
        if word in {"if", "unless", "ifEquals", "unlessEquals"}:
            condition = self._condition([*([word] if "Equals" in word else []), *arguments], offset)
            negated = f"not ({condition})" if word.startswith("unless") else condition
            self._body.tag(f"if {negated}", is_alone=is_alone)
            self._open.append((word, inside, "endif"))
        elif word == "each" and len(arguments) == 1:
            item = f"item{sum(one[0] == 'each' for one in self._open) + 1}"
            values = self._resolve(arguments[0], offset)
            self._body.tag(f"for {item} in {values}", is_alone=is_alone)
            self._open.append((word, item, "endfor"))
        elif word == "with" and len(arguments) == 1:
            self._open.append((word, self._resolve(arguments[0], offset), ""))
        else:
            self._refuse(f"the block '{word}' has no counterpart here", offset)

    def _condition(self, words: list[str], offset: int) -> str:
        if len(words) == 3 and words[0].endswith("Equals"):
            left, right = (self._operand(word, offset) for word in words[1:])
            return f"{left} == {right}"
        if len(words) == 1:
            return self._resolve(words[0], offset)
        if len(words) == 2 and words[0] == "if":
            return self._resolve(words[1], offset)
        return self._refuse(f"the condition '{' '.join(words)}' has no counterpart here", offset)

    def _operand(self, word: str, offset: int) -> str:
        is_literal = re.fullmatch(r"\"[^\"\\]*\"|'[^'\\]*'|-?\d+(?:\.\d+)?|true|false", word)
        return word if is_literal else self._resolve(word, offset)

    def _resolve(self, word: str, offset: int) -> str:
        """Return the expression for a path in the current context."""
        if word in _LOOPS and any(one[0] == "each" for one in self._open):
            return _LOOPS[word]
        if _PATH.fullmatch(word) is None or word.startswith("@"):
            self._refuse(f"'{word}' has no counterpart here", offset)
        up = word.count("../")
        inside = self._find_inside(up + (word.endswith("..")), word, offset)
        steps = re.split("[./]", word.removesuffix("..")[3 * up :] or "this")
        if steps[0] == "this":
            steps = steps[1:]
            if not inside and not steps:
                self._refuse("'this' outside of a block has no counterpart here", offset)
        if not inside:
            self.names[steps[0]] = None
        return ".".join([inside, *steps] if inside else steps)

    def _find_inside(self, up: int, word: str, offset: int) -> str:
        """Return the prefix of names `up` blocks further out; "" for inputs."""
        insides = [one[1] for one in self._open if one[0] in {"each", "with"}]
        if up > len(insides):
            self._refuse(f"'{word}' has no counterpart here", offset)
        insides = ["", *insides][: len(insides) + 1 - up]
        return insides[-1]

    def _change_role(self, word: str, arguments: list[str], offset: int) -> None:
        if self._open:
            self._refuse(f"{{{{{word}}}}} in a block has no counterpart here", offset)
        self._end_message()
        if word == "history":
            self._messages.append(DraftMessage("history", "history"))
            self.has_history = True
            self._role = "assistant"
            return
        role = arguments[0].strip("\"'") if arguments else ""
        if role not in _ROLES:
            self._refuse(f"the role '{role}' has no counterpart here", offset)
        self._role = _ROLES[role]

    def _end_message(self) -> None:
        body = str(self._body)
        self._body = AdoptedBody()
        if not body.strip():
            return
        if self._messages and self._messages[-1].role == self._role != "history":
            self.notes.append(Note("two messages of one role follow each other"))
        self._messages.append(DraftMessage(self._role, body.strip()))


def _read_inputs(schema: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    whole = schema if "properties" in schema else _read_object(schema)
    required = whole.get("required") or ()
    for name, one in whole.get("properties", {}).items():
        value = dict(one) if isinstance(one, dict) else _read_type(one)
        if name in default:
            value["default"] = default[name]
        elif name not in required:
            make_optional(value)
        inputs[name] = value["type"] if set(value) == {"type"} else value
    return inputs


def _read_object(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a Picoschema mapping to JSON Schema; JSON Schema is kept."""
    if "properties" in schema or schema.get("type") in {"object", "array"}:
        return dict(schema)
    properties: dict[str, Any] = {}
    required: list[str] = []
    extra: object = False
    for key, value in schema.items():
        if key == "(*)":
            extra = _read_type(value)
            continue
        match = re.fullmatch(r"(\w+)(\?)?(?:\((\w+)(?:,\s*(.*))?\))?", str(key))
        if match is None:
            message = f"'{key}' is not a field of Picoschema"
            raise UnreadableError(message)
        name, optional, kind, about = match.groups()
        one = _read_field(kind, value)
        if about:
            one["description"] = about
        properties[name] = one
        if not optional:
            required.append(name)
    found: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        found["required"] = required
    return found | {"additionalProperties": extra}


def _read_field(kind: str | None, value: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    if kind == "enum":
        return {"enum": list(value)}
    if kind == "array":
        return {"type": "array", "items": _read_type(value)}
    return _read_type(value)


def _read_type(value: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        return _read_object(value)
    kind, _, about = str(value).partition(",")
    if kind.strip() not in _TYPES:
        message = f"'{kind.strip()}' is not a type of Picoschema"
        raise UnreadableError(message)
    one: dict[str, Any] = {} if kind.strip() == "any" else {"type": kind.strip()}
    return one | ({"description": about.strip()} if about.strip() else {})
