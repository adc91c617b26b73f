"""Convert a model's answer to the files of a draft. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import InputError, quote
from promptops.evals.scenarios.drafting import TAG, DraftSample, expect_of_any
from promptops.prompt.frontmatter.writing import dump_yaml
from promptops.prompt.inputs import InputValidator
from promptops.prompt.schema import compile_schema
from promptops.repository.new_prompt import FIRST_VERSION, quote_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.prompt import Prompt

_MAX_TEXT = 20_000
_MAX_INPUTS = 30
_MAX_SAMPLES = 50
_MAX_REASON = 200
_WORD = {"type": "string", "minLength": 1, "pattern": r"\S"}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["description", "inputs", "system", "user", "samples"],
    "properties": {
        "description": {**_WORD, "maxLength": 500},
        "inputs": {
            "type": "object",
            "maxProperties": _MAX_INPUTS,
            "additionalProperties": {"type": "object"},
        },
        "output": {"type": ["object", "null"]},
        "system": {**_WORD, "maxLength": _MAX_TEXT},
        "user": {**_WORD, "maxLength": _MAX_TEXT},
        "samples": {"type": "array", "minItems": 1, "maxItems": _MAX_SAMPLES},
    },
}
"""The schema of a model's answer. Each sample is checked separately."""
_SAMPLE: dict[str, Any] = {
    "type": "object",
    "required": ["name", "inputs", "criteria"],
    "properties": {
        "name": {**_WORD, "maxLength": 200},
        "inputs": {"type": "object"},
        "criteria": {
            "type": "array",
            "minItems": 1,
            "maxItems": 12,
            "items": {**_WORD, "maxLength": 1000},
        },
    },
}


class PromptHeading(NamedTuple):
    """The fields of a draft's file that the model does not write.

    Attributes:
        author: the author.
        model: the model that the prompt names.
        origin: who drafted it, with which model and when; one line.
    """

    author: str
    model: str
    origin: str


def write_prompt_file(answer: Mapping[str, Any], heading: PromptHeading) -> str:
    """Return the draft prompt's file."""
    schemas = {name: _bound(schema) for name, schema in answer["inputs"].items()}
    typed: dict[str, Any] = {"inputs": schemas}
    if answer.get("output"):
        typed["output"] = answer["output"]
    declared = dump_yaml(typed, 100)
    description = " ".join(answer["description"].split())
    return f"""\
---
# Drafted {heading.origin}.
# Review it, then remove the status: drafts are not released.
version: {FIRST_VERSION}
status: draft
description: {quote_scalar(description)}
author: {quote_scalar(heading.author)}
model: {quote_scalar(heading.model)}
temperature: 0.2
max_tokens: 1000
{declared}---
{{% system %}}
{answer["system"].strip()}
{{% endsystem %}}
{{% user %}}
{answer["user"].strip()}
{{% enduser %}}
"""


def take_samples(prompt: Prompt, answer: Mapping[str, Any]) -> tuple[list[DraftSample], list[str]]:
    """Return the samples that fit the prompt, and a line for each that does not."""
    validator = InputValidator(prompt.inputs)
    form = compile_schema(_SAMPLE)
    samples: list[DraftSample] = []
    faults: list[str] = []
    taken: set[str] = set()
    for number, one in enumerate(answer["samples"], 1):
        name = one.get("name") if isinstance(one, dict) else None
        named = quote(name) if isinstance(name, str) and name else f"number {number}"
        reason = _find_fault(one, form, validator)
        if reason is None and name in taken:
            reason = "its name is taken"
        if reason is not None:
            faults.append(f"sample {named}: {reason}"[:_MAX_REASON])
            continue
        taken.add(one["name"])
        criteria = [" ".join(text.split()) for text in one["criteria"]]
        expect = [*expect_of_any(prompt), {"rubric": criteria}]
        samples.append(DraftSample(" ".join(one["name"].split()), (TAG,), one["inputs"], expect))
    return samples, faults


def _bound(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input's schema; free text gets a maximum length and is marked as untrusted."""
    bounded = dict(schema)
    if bounded.get("type") == "string" and not {"enum", "const"} & bounded.keys():
        bounded.setdefault("maxLength", _MAX_TEXT)
        bounded.setdefault("untrusted", True)
    return bounded


def _find_fault(one: object, form: Any, validator: InputValidator) -> str | None:  # noqa: ANN401 - it comes without types
    for fault in form.iter_errors(one):
        place = ".".join(map(str, fault.instance_path)) or "the sample"
        return f"{place}: {fault.message}"
    assert isinstance(one, dict)  # noqa: S101 - the schema says so
    try:
        return next((fault.message for fault in validator.find_faults(one["inputs"])), None)
    except InputError as error:
        return error.message
