"""Prompty 1 and 2: Jinja2 with role lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.body import from_jinja
from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.formats.header import (
    add_metadata,
    make_optional,
    provider,
    split,
    take_settings,
)
from promptops.repository.adoption.placeholders import infer_inputs, tell_types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A role alone on its line; one `#` before it and attributes after it are allowed.
_ROLE = re.compile(
    r"^[ \t]*#?[ \t]*(system|user|assistant|developer)[ \t]*(\[[^\]\n]*\])?[ \t]*:[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
# A role that the template computes, such as `{{item.role}}:` in a loop over a history.
_COMPUTED = re.compile(r"^[ \t]*\{\{[^{}\n]*\brole\b[^{}\n]*\}\}[ \t]*:[ \t]*$", re.MULTILINE)
_MEDIA = frozenset({"image", "file", "audio"})
_THREAD: Mapping[str, str] = {"type": "thread"}
_KINDS = {"float": "number", "list": "array"}
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_KNOWN = {
    *("name", "description", "model", "inputs", "sample", "version", "tags", "authors"),
    *("inputSchema", "template"),
}

_EMPTY = {"string": "", "array": [], "object": {}, "boolean": False}


def read(path: str, text: str) -> list[Draft]:
    """Return the file's prompt."""
    data, source, first_line = split(text)
    template = data.get("template")
    form = template.get("format", template) if isinstance(template, dict) else template
    form = form.get("kind") if isinstance(form, dict) else form
    if form not in {None, "jinja2", "prompty"}:
        message = f"its template format is '{form}'; only jinja2 is read"
        raise UnreadableError(message)
    declared, samples = _read_inputs(data)
    threads = [name for name, one in declared.items() if one == _THREAD]
    messages, notes = _split_roles(source, first_line, threads)
    notes += _note_media(data, source, first_line)
    settings, more = _read_model(data.get("model"))
    notes += more
    for key in ("description", "tags"):
        if data.get(key):
            settings[key] = data[key]
    for match in re.finditer(r"\$\{(?:env|file):[^}]*\}", str(data)):
        notes.append(Note(f"{match[0]} is not carried over: prompts read no environment"))
    spoken = [message for message in messages if message.role != "history"]
    used = infer_inputs("\n".join(message.body for message in spoken))
    used = {name: kind for name, kind in used.items() if name not in declared}
    inputs: dict[str, Any] = {
        **{name: one for name, one in declared.items() if one != _THREAD},
        **used,
    }
    notes += [
        Note(f"the input '{name}' is used but not declared; it was taken for a text")
        for name, kind in used.items()
        if kind == "string"
    ]
    notes += tell_types(used)
    # In Prompty, a missing input is empty.
    empty = {name: _EMPTY[kind] for name, kind in used.items() if kind in _EMPTY}
    samples = tuple({**one, "inputs": {**one["inputs"], **empty}} for one in samples)
    if inputs:
        notes.append(
            Note("a missing input was empty; here it is an error, unless it has a default")
        )
    notes += add_metadata(settings, data, _KNOWN)
    return [Draft("Prompty", path, "", messages, inputs, settings, tuple(notes), samples)]


def _split_roles(
    source: str, first_line: int, threads: Sequence[str]
) -> tuple[tuple[DraftMessage, ...], list[Note]]:
    messages: list[DraftMessage] = []
    notes: list[Note] = []
    marks = list(_ROLE.finditer(source))
    lead = source[: marks[0].start()] if marks else source
    if lead.strip():
        messages += _split_threads("system", lead, threads)
    ends = [*(mark.start() for mark in marks[1:]), len(source)]
    for mark, end in zip(marks, ends, strict=False):
        role = mark[1].lower()
        line = first_line + source.count("\n", 0, mark.start())
        if role == "developer":
            notes.append(Note("the role developer becomes system", line, is_lost=True))
            role = "system"
        if mark[2]:
            notes.append(Note(f"the attributes {mark[2]} are not carried over", line, is_lost=True))
        if source[: mark.start()].rstrip().endswith(("-%}", "-}}")):
            notes.append(
                Note(
                    "the tag before this role takes its newline, so that it was text",
                    line,
                    is_lost=True,
                )
            )
        found = _split_threads(role, source[mark.end() : end], threads)
        messages += found
        if not found:
            notes.append(Note("an empty message is not sent", line, is_lost=True))
    for match in _COMPUTED.finditer(source):
        line = first_line + source.count("\n", 0, match.start())
        what = f"`{match[0].strip()}` opens a message there, and is text here: use {{% history %}}"
        notes.append(Note(what, line, is_lost=True))
    return tuple(messages), notes


def _split_threads(role: str, text: str, threads: Sequence[str]) -> list[DraftMessage]:
    """Return the messages of one role; each name of a thread becomes passed-in messages."""
    if not threads:
        return [DraftMessage(role, from_jinja(text.strip()))] if text.strip() else []
    names = "|".join(map(re.escape, threads))
    parts = re.split(rf"\{{\{{[-+]?\s*({names})\s*[-+]?\}}\}}", text)
    return [
        DraftMessage("history", part) if index % 2 else DraftMessage(role, from_jinja(part.strip()))
        for index, part in enumerate(parts)
        if part.strip()
    ]


def _note_media(data: Mapping[str, Any], source: str, first_line: int) -> list[Note]:
    rows = data.get("inputs")
    notes = []
    for one in rows if isinstance(rows, list) else ():
        kind = one.get("kind") if isinstance(one, dict) else None
        if kind in _MEDIA:
            match = re.search(rf"\{{\{{\s*{re.escape(str(one.get('name')))}\b", source)
            line = first_line + source.count("\n", 0, match.start()) if match else None
            what = f"the input '{one.get('name')}' is of kind {kind}; prompts are text"
            notes.append(Note(what, line, is_lost=True))
    return notes


def _read_model(model: object) -> tuple[dict[str, Any], list[Note]]:
    if isinstance(model, str):
        return ({"model": model} if "/" in model else {}), []
    if not isinstance(model, dict):
        return {}, []
    configuration = model.get("configuration") or model.get("connection") or {}
    configuration = configuration if isinstance(configuration, dict) else {}
    name = model.get("id") or configuration.get("name") or configuration.get("azure_deployment")
    kind = model.get("provider") or configuration.get("type") or "openai"
    options = model.get("options") or model.get("parameters") or {}
    options = options if isinstance(options, dict) else {}
    options = {**options, **(options.get("additionalProperties") or {})}
    options.pop("additionalProperties", None)
    settings, notes = take_settings(options)
    if isinstance(name, str) and "${" not in name:
        settings["model"] = name if "/" in name else provider(kind, name)
    if configuration:
        notes.append(Note("addresses and keys of the model are not carried over: see [models]"))
    return settings, notes


def _read_inputs(data: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    """Return the declared inputs, and the file's example as an eval sample."""
    declared = data.get("inputs") or data.get("inputSchema") or {}
    if isinstance(declared, dict) and "properties" in declared:
        declared = declared["properties"]
    if isinstance(declared, list):
        declared = {one.get("name"): one for one in declared if isinstance(one, dict)}
    inputs: dict[str, Any] = {}
    example: dict[str, Any] = {}
    for name, one in declared.items() if isinstance(declared, dict) else ():
        if not isinstance(one, dict):
            inputs[str(name)] = _type_of(one)
            example[str(name)] = one
            continue
        kind = str(one.get("kind") or one.get("type") or _type_of(one.get("default")))
        kind = _KINDS.get(kind, kind)
        if kind == "thread":
            inputs[str(name)] = _THREAD
            continue
        schema: dict[str, Any] = {"type": kind if kind in _TYPES else "string"}
        if one.get("default") is not None:
            schema["default"] = one["default"]
        elif one.get("required") is False:
            make_optional(schema)
        if isinstance(one.get("example"), (str, int, float, list, dict)):
            example[str(name)] = one["example"]
        inputs[str(name)] = schema["type"] if len(schema) == 1 else schema
    if isinstance(data.get("sample"), dict):
        example |= data["sample"]
        inputs |= {
            name: _type_of(value) for name, value in data["sample"].items() if name not in inputs
        }
    values = {name: value for name, value in example.items() if value is not None}
    return inputs, ({"name": "the example of the file", "inputs": values},) if values else ()


def _type_of(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "string")
