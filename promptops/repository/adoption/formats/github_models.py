"""Prompt files of GitHub Models: `.prompt.yml`, with test data and evaluators."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.formats.header import add_metadata, read_yaml, take_settings
from promptops.repository.adoption.placeholders import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# In GitHub's format `{{ x }}` with spaces is text.
_VARIABLE = re.compile(r"\{\{([A-Za-z_]\w*)\}\}", re.ASCII)
_KNOWN = {
    *("name", "description", "model", "modelParameters", "messages", "testData", "evaluators"),
    *("responseFormat", "jsonSchema"),
}
# The first key with a value counts; only `equals` is case-sensitive.
_STRINGS = {
    "equals": "equals",
    "contains": "contains",
    "startsWith": "starts",
    "endsWith": "ends",
}


def read(path: str, text: str) -> list[Draft]:
    """Return the file's prompt."""
    data = read_yaml(text)
    rows = data.get("messages")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        message = "it has no list of messages"
        raise UnreadableError(message)
    settings, notes = take_settings(data.get("modelParameters") or {})
    for key in ("description", "model"):
        if isinstance(data.get(key), str):
            settings[key] = data[key]
    messages = []
    inputs: dict[str, Any] = {}
    for row in rows:
        content = str(row.get("content") or "")
        role = str(row.get("role") or "user")
        if role not in {"system", "user", "assistant"}:
            notes.append(Note(f"the role '{role}' becomes system", is_lost=True))
            role = "system"
        messages.append(
            DraftMessage(role, replace(content.strip(), _VARIABLE, lambda match: match[1]))
        )
        inputs |= dict.fromkeys(_VARIABLE.findall(content), "string")
    if inputs:
        notes.append(Note("a missing value stayed as {{name}}; here it is an error"))
    if isinstance(data.get("jsonSchema"), str):
        try:
            schema = json.loads(data["jsonSchema"])
            settings["output"] = schema.get("schema", schema)
        except (ValueError, AttributeError):
            notes.append(Note("the jsonSchema is not JSON and is not carried over", is_lost=True))
    checks = list(_read_evaluators(data.get("evaluators") or (), notes))
    tests = data.get("testData")
    tests = [row for row in tests if isinstance(row, dict)] if isinstance(tests, list) else []
    samples = tuple(_read_samples(tests, checks, inputs))
    unused = dict.fromkeys(str(key) for row in tests for key in row if key not in inputs)
    notes += [Note(f"'{key}' of testData is not carried over: no message has it") for key in unused]
    notes += add_metadata(settings, data, _KNOWN)
    return [
        Draft("GitHub Models", path, "", tuple(messages), inputs, settings, tuple(notes), samples)
    ]


def _read_evaluators(evaluators: Any, notes: list[Note]) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - YAML
    for one in evaluators:
        name = one.get("name", "") if isinstance(one, dict) else ""
        strings = one.get("string") if isinstance(one, dict) else None
        found = next((key for key in _STRINGS if strings and strings.get(key)), None)
        if strings is None or found is None:
            notes.append(Note(f"the evaluator '{name}' is not carried over: see checks of suites"))
        elif found == "equals":
            yield {"equals": strings[found]}
        else:
            yield {_STRINGS[found]: {"text": strings[found], "case": False}}


def _read_samples(
    rows: list[Mapping[str, Any]], checks: list[dict[str, Any]], inputs: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for index, row in enumerate(rows):
        # GitHub keeps a placeholder without a value.
        values = {key: str(row[key]) if key in row else f"{{{{{key}}}}}" for key in inputs}
        sample: dict[str, Any] = {"name": f"row {index + 1}", "inputs": values}
        if checks:
            sample["expect"] = checks
        yield sample
