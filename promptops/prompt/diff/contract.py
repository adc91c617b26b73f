"""Compare the contract of two versions: inputs, output schema and tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.prompt.diff.change import ChangeClass, Difference
from promptops.prompt.diff.schemas import Relation, compare_schemas
from promptops.prompt.diff.values import same_json
from promptops.prompt.inputs import input_schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.prompt.diff.flow import Flow
    from promptops.prompt.prompt import Prompt

_ABSENT = object()
# Keywords that only describe an input and do not affect validation.
_ASIDE = ("default", "description", "untrusted", "redact")


def find_renames(before: Prompt, after: Prompt, old: Flow, new: Flow) -> dict[str, str]:
    """Find inputs that were only renamed; return old name -> new name.

    A rename is a removed and an added input with the same declaration, which the templates use in
    the same places.
    """
    gone = {name: schema for name, schema in _inputs(before).items() if name not in after.inputs}
    come = {name: schema for name, schema in _inputs(after).items() if name not in before.inputs}
    renames: dict[str, str] = {}
    for name, schema in gone.items():
        uses = old.names[name]
        if not uses or new.names[name]:
            continue
        matches = [
            other
            for other, declared in come.items()
            if other not in renames.values()
            and new.names[other] == uses
            and not old.names[other]
            and same_json(_without(schema, "description"), _without(declared, "description"))
        ]
        if len(matches) == 1:
            renames[name] = matches[0]
    return renames


def compare_inputs(
    before: Prompt, after: Prompt, renames: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield inputs that were renamed, removed, added or changed."""
    old, new = _inputs(before), _inputs(after)
    for name, schema in old.items():
        subject = f"input '{name}'"
        if name in renames:
            reason = "renamed: callers that pass it under the old name fail"
            yield Difference(ChangeClass.INTERFACE, subject, reason, name, renames[name])
        elif name not in new:
            reason = "removed: callers that pass it fail"
            yield Difference(ChangeClass.INTERFACE, subject, reason, before.inputs[name])
        else:
            yield from _compare_input(subject, schema, new[name])
    for name, schema in new.items():
        if name in old or name in renames.values():
            continue
        subject, declared = f"input '{name}'", after.inputs[name]
        if "default" in schema:
            reason = "optional: callers that do not pass it get its default"
            yield Difference(ChangeClass.BEHAVIOUR, subject, reason, None, declared)
        else:
            reason = "newly required: callers that do not pass it fail"
            yield Difference(ChangeClass.INTERFACE, subject, reason, None, declared)


def _inputs(prompt: Prompt) -> dict[str, dict[str, Any]]:
    return input_schemas(prompt.inputs)


def _without(schema: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}


def _compare_input(
    subject: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Difference]:
    before, after = old.get("default", _ABSENT), new.get("default", _ABSENT)
    if after is _ABSENT and before is not _ABSENT:
        reason = "newly required: callers that relied on its default fail"
        yield Difference(ChangeClass.INTERFACE, f"{subject} default", reason, before)
    elif before is _ABSENT and after is not _ABSENT:
        reason = "no longer required: callers may leave it out"
        yield Difference(ChangeClass.BEHAVIOUR, f"{subject} default", reason, None, after)
    elif after is not _ABSENT and not same_json(before, after):
        reason = "callers that do not pass it get another value"
        yield Difference(ChangeClass.BEHAVIOUR, f"{subject} default", reason, before, after)
    declared = _without(old, *_ASIDE), _without(new, *_ASIDE)
    relation = compare_schemas(*declared)
    if relation is not Relation.SAME:
        change_class, reason = _INPUT_RELATIONS[relation]
        yield Difference(change_class, subject, reason, *declared)
    elif not same_json(*declared):
        reason = "it takes the same values, declared in other words"
        yield Difference(ChangeClass.DOCUMENTATION, subject, reason, *declared)
    for key in ("description", "untrusted", "redact"):
        if not same_json(old.get(key), new.get(key)):
            yield Difference(
                ChangeClass.DOCUMENTATION,
                f"{subject} {key}",
                "it changes no value that the input takes",
                old.get(key),
                new.get(key),
            )


_INPUT_RELATIONS = {
    Relation.WIDER: (ChangeClass.BEHAVIOUR, "wider: it takes all it took, and may take more"),
    Relation.NARROWER: (ChangeClass.INTERFACE, "narrower: it may refuse what it took"),
    Relation.UNDECIDABLE: (
        ChangeClass.INTERFACE,
        "it cannot be shown that it still takes all it took",
    ),
}


def compare_output(before: Prompt, after: Prompt) -> Iterator[Difference]:
    """Yield how the output schema differs."""
    old, new = before.output, after.output
    cause = _find_cause(before, after)
    if same_json(old, new):
        if _shape(old) != _shape(new):
            reason = "the model is asked for the properties in another order"
            order = _orders(old), _orders(new)
            yield Difference(ChangeClass.BEHAVIOUR, "output", reason, *order, cause)
        return
    if old is None or new is None:
        change_class, reason = (
            (ChangeClass.BEHAVIOUR, "newly declared: answers must match it")
            if old is None
            else (ChangeClass.INTERFACE, "no longer declared: callers may receive anything")
        )
        yield Difference(change_class, "output", reason, old, new, cause)
        return
    change_class, reason = _OUTPUT_RELATIONS[compare_schemas(old, new)]
    yield Difference(change_class, "output", reason, old, new, cause)


_OUTPUT_RELATIONS = {
    Relation.SAME: (
        ChangeClass.BEHAVIOUR,
        "it allows the same answers, but the model reads other words",
    ),
    Relation.NARROWER: (ChangeClass.BEHAVIOUR, "narrower: callers receive no more than before"),
    Relation.WIDER: (
        ChangeClass.INTERFACE,
        "wider: callers may receive what the old schema refused",
    ),
    Relation.UNDECIDABLE: (
        ChangeClass.INTERFACE,
        "it cannot be shown that callers receive nothing that the old schema refused",
    ),
}


def _find_cause(before: Prompt, after: Prompt) -> str | None:
    """Return the schema's file if both versions read the schema from that file."""
    path = after.data.get("output")
    return path if isinstance(path, str) and before.data.get("output") == path else None


def _shape(schema: object) -> str:
    """Return a schema as JSON with properties in their written order, which the model sees."""
    return json.dumps(_ordered(schema))


def _ordered(value: object) -> object:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return None
    ordered = {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value.get("properties"), dict):
        ordered["properties"] = [[key, _ordered(item)] for key, item in value["properties"].items()]
    return ordered


def _orders(schema: Mapping[str, Any] | None) -> list[str]:
    properties = (schema or {}).get("properties")
    return list(properties) if isinstance(properties, dict) else []


def compare_tools(before: Prompt, after: Prompt) -> Iterator[Difference]:
    """Yield tools that were added, removed, changed or reordered. The model sees their order."""
    old = dict(zip(before.data.get("tools", ()), before.tools, strict=True))
    new = dict(zip(after.data.get("tools", ()), after.tools, strict=True))
    for path, tool in old.items():
        if path not in new and not _is_among(tool, new, old):
            reason = "the model can no longer call it"
            yield Difference(ChangeClass.BEHAVIOUR, path, reason, tool)
    for path, tool in new.items():
        if path not in old:
            if not _is_among(tool, old, new):
                reason = "the model can call another tool"
                yield Difference(ChangeClass.BEHAVIOUR, path, reason, None, tool)
        elif not same_json(old[path], tool) or _shape(old[path]) != _shape(tool):
            reason = "the model reads another definition"
            yield Difference(ChangeClass.BEHAVIOUR, path, reason, old[path], tool, path)
    texts = [[json.dumps(tool, sort_keys=True) for tool in tools.values()] for tools in (old, new)]
    if texts[0] != texts[1] and sorted(texts[0]) == sorted(texts[1]):
        reason = "the model reads the tools in another order"
        yield Difference(ChangeClass.BEHAVIOUR, "tools", reason, list(old), list(new))


def _is_among(tool: object, others: Mapping[str, object], own: Mapping[str, object]) -> bool:
    """Return whether the other version has the same tool in a file that this version lacks."""
    return any(
        path not in own and same_json(tool, other) and _shape(tool) == _shape(other)
        for path, other in others.items()
    )
