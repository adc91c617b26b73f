"""Draft a suite from a prompt's input schemas, for review by a person. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import InputError
from promptops.evals.scenarios.pairs import combine
from promptops.evals.scenarios.values import ABSENT, CANARY, Tried, ValueKind, list_values
from promptops.prompt.frontmatter.writing import dump_yaml
from promptops.prompt.inputs import InputValidator, input_schemas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.prompt.prompt import Prompt

# Files in a folder that begins with `_` are no suites.
FOLDER = "_drafts"
TAG = "generated"
_WIDTH = 100


class DraftSample(NamedTuple):
    """One sample of a draft.

    Attributes:
        name: a short description of its values, unique in the draft.
        tags: the kinds of its values.
        inputs: the values.
        expect: checks that follow from the prompt alone.
        description: a note for the reviewer, or "".
    """

    name: str
    tags: tuple[str, ...]
    inputs: Mapping[str, Any]
    expect: Sequence[Mapping[str, Any]]
    description: str = ""


def draft_samples(prompt: Prompt, limit: int) -> list[DraftSample]:
    """Return samples for a prompt that combine values worth trying, so that every pair occurs.

    Args:
        prompt: the prompt.
        limit: the maximum number of samples.
    """
    validator = InputValidator(prompt.inputs)
    plain = _find_plain(prompt)
    choices: dict[str, list[Tried]] = {}
    for name, schema in input_schemas(prompt.inputs).items():
        fitting = [one for one in list_values(schema) if _fits(validator, plain, name, one)]
        choices[name] = fitting or [Tried(ValueKind.PLAIN, "plain", plain.get(name, ABSENT))]
    names = list(choices)
    samples: list[DraftSample] = []
    taken: set[str] = set()
    for row in combine([len(choices[name]) for name in names], limit):
        tried = {name: choices[name][number] for name, number in zip(names, row, strict=True)}
        samples.append(_draft(prompt, tried, taken))
    return samples


def write_draft(prompt: Prompt, samples: Sequence[DraftSample], source: str) -> str:
    """Return the draft as a suite file, with a note on its origin.

    Args:
        prompt: the prompt.
        samples: the samples.
        source: their origin, for the note; one line.
    """
    document = {
        "schema": "promptops.suite/v1",
        "prompt": prompt.name,
        "description": f"Drafted {source}, for {prompt.name} {prompt.version}.",
        "samples": [
            {
                "name": one.name,
                **({"description": one.description} if one.description else {}),
                "tags": list(one.tags),
                "inputs": dict(one.inputs),
                "expect": [dict(check) for check in one.expect],
            }
            for one in samples
        ],
    }
    text = dump_yaml(document, _WIDTH)
    note = _NOTE.format(
        source=source, name=prompt.name, version=prompt.version, digest=prompt.digest
    )
    return note + text


_NOTE = """\
# A draft that counts for nothing, for {name} {version}
# ({digest}),
# made {source}.
# Review each sample, write down what the answer must say, and move the good ones into the suite.
"""


def _find_plain(prompt: Prompt) -> dict[str, Any]:
    """Return one valid value for each required input."""
    validator = InputValidator(prompt.inputs)
    found: dict[str, Any] = {}
    for name, schema in input_schemas(prompt.inputs).items():
        if "default" in schema:
            continue
        for one in list_values(schema):
            if one.value is not ABSENT and not _faults(validator, {**found, name: one.value}, name):
                found[name] = one.value
                break
    return found


def _fits(validator: InputValidator, plain: Mapping[str, Any], name: str, one: Tried) -> bool:
    if one.value is ABSENT:
        return name not in plain
    return not _faults(validator, {**plain, name: one.value}, name)


def _faults(validator: InputValidator, values: Mapping[str, Any], name: str) -> bool:
    """Return whether the value of one input is invalid, ignoring faults of others."""
    try:
        return any(fault.name == name for fault in validator.find_faults(values))
    except InputError:
        return True


def _draft(prompt: Prompt, tried: Mapping[str, Tried], taken: set[str]) -> DraftSample:
    inputs = {name: one.value for name, one in tried.items() if one.value is not ABSENT}
    unusual = {name: one for name, one in tried.items() if one.kind is not ValueKind.PLAIN}
    told = unusual or dict(list(tried.items())[:1])
    base = ", ".join(f"{name} {one.name}" for name, one in told.items()) or "no inputs"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base} ({number})"
    taken.add(name)
    kinds = dict.fromkeys(one.kind.value for one in unusual.values())
    tags = (TAG, *kinds, *(["several"] if len(unusual) > 1 else []))
    return DraftSample(name, tags, inputs, _expect(prompt, tried))


def expect_of_any(prompt: Prompt) -> list[dict[str, Any]]:
    """Return checks that any good answer of a prompt must pass."""
    if prompt.output is not None:
        return [{"json_schema": dict(prompt.output)}]
    return [{"length": {"min": 1}}]


def _expect(prompt: Prompt, tried: Mapping[str, Tried]) -> list[dict[str, Any]]:
    checks = expect_of_any(prompt)
    if any(CANARY in str(one.value) for one in tried.values()):
        checks.append({"not_contains": CANARY})
    return checks
