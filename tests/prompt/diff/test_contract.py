"""What callers rely on: inputs, output and tools, compared by meaning."""

from __future__ import annotations

import json

import pytest

from promptops.prompt.diff import ChangeClass, Difference, PromptDiff, diff_prompts
from promptops.prompt.version import Level
from tests.prompt.diff.pieces import (
    BEHAVIOUR,
    BODY,
    DOCUMENTATION,
    INPUTS,
    INTERFACE,
    make_prompt,
    tell,
    tool,
)


def find(diff: PromptDiff, subject: str) -> Difference:
    return next(one for one in diff.differences if one.subject == subject)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "{a: string}",
            "{}",
            [(INTERFACE, "input 'a'", "removed: callers that pass it fail")],
        ),
        (
            "{}",
            "{a: string}",
            [(INTERFACE, "input 'a'", "newly required: callers that do not pass it fail")],
        ),
        (
            "{}",
            "{a: {type: string, default: x}}",
            [(BEHAVIOUR, "input 'a'", "optional: callers that do not pass it get its default")],
        ),
        (
            "{a: {type: string, default: x}}",
            "{a: string}",
            [
                (
                    INTERFACE,
                    "input 'a' default",
                    "newly required: callers that relied on its default fail",
                )
            ],
        ),
        (
            "{a: string}",
            "{a: {type: string, default: x}}",
            [
                (
                    BEHAVIOUR,
                    "input 'a' default",
                    "no longer required: callers may leave it out",
                )
            ],
        ),
        (
            "{a: {default: x}}",
            "{a: {default: y}}",
            [
                (
                    BEHAVIOUR,
                    "input 'a' default",
                    "callers that do not pass it get another value",
                )
            ],
        ),
        (
            "{a: integer}",
            "{a: number}",
            [(BEHAVIOUR, "input 'a'", "wider: it takes all it took, and may take more")],
        ),
        (
            "{a: {enum: [x, y]}}",
            "{a: {enum: [x]}}",
            [(INTERFACE, "input 'a'", "narrower: it may refuse what it took")],
        ),
        (
            "{a: {pattern: x}}",
            "{a: {pattern: y}}",
            [
                (
                    INTERFACE,
                    "input 'a'",
                    "it cannot be shown that it still takes all it took",
                )
            ],
        ),
        (
            "{a: {type: string}}",
            "{a: {type: string, untrusted: true}}",
            [
                (
                    DOCUMENTATION,
                    "input 'a' untrusted",
                    "it changes no value that the input takes",
                )
            ],
        ),
        (
            "{a: {type: string}}",
            "{a: {type: string, description: words}}",
            [
                (
                    DOCUMENTATION,
                    "input 'a' description",
                    "it changes no value that the input takes",
                )
            ],
        ),
        (
            "{a: string}",
            "{a: {type: [string]}}",
            [
                (
                    DOCUMENTATION,
                    "input 'a'",
                    "it takes the same values, declared in other words",
                )
            ],
        ),
    ],
)
def test_inputs_have_their_class(
    before: str, after: str, expected: list[tuple[ChangeClass, str, str]]
) -> None:
    diff = diff_prompts(
        make_prompt("Hello", f"inputs: {before}\n"), make_prompt("Hello", f"inputs: {after}\n")
    )
    assert [(one.change_class, one.subject, one.reason) for one in diff.differences] == expected


def test_a_renamed_input_is_one_difference_and_no_change_of_wording() -> None:
    diff = diff_prompts(
        make_prompt(), make_prompt(BODY.replace("ticket", "case"), INPUTS.replace("ticket", "case"))
    )
    assert tell(diff) == [(INTERFACE, "input 'ticket'")]
    assert (diff.differences[0].before, diff.differences[0].after) == ("ticket", "case")
    assert diff.messages == ()


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        (BODY.replace("ticket", "case"), INPUTS.replace("ticket: string", "case: integer")),
        (BODY.replace("ticket", "case") + "{# #}", INPUTS.replace("ticket", "other")),
        (BODY.replace("{{ ticket }}", "{{ case }} {{ case }}"), INPUTS.replace("ticket", "case")),
    ],
    ids=["another schema", "unused", "used more often"],
)
def test_other_replacements_are_no_renaming(body: str, inputs: str) -> None:
    diff = diff_prompts(make_prompt(), make_prompt(body, inputs))
    assert find(diff, "input 'ticket'").reason.startswith("removed")
    assert diff.level is Level.MAJOR


OBJECT = "{type: object, required: [a], properties: {a: {enum: [x]}, b: {type: string}}}"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, OBJECT, BEHAVIOUR),
        (OBJECT, None, INTERFACE),
        (OBJECT, OBJECT.replace("[x]", "[x, y]"), INTERFACE),
        (OBJECT, OBJECT.replace("required: [a], ", ""), INTERFACE),
        (OBJECT, OBJECT.replace("type: string", "type: [string, 'null']"), INTERFACE),
        (OBJECT, OBJECT.replace("required: [a]", "required: [a, b]"), BEHAVIOUR),
        (OBJECT, OBJECT.replace("type: string", "type: string, description: why"), BEHAVIOUR),
        (OBJECT, OBJECT.replace("type: string", "pattern: '^a'"), INTERFACE),
        (
            OBJECT,
            "{type: object, required: [a], properties: {b: {type: string}, a: {enum: [x]}}}",
            BEHAVIOUR,
        ),
        (
            OBJECT,
            "{required: [a], type: object, properties: {a: {enum: [x]}, b: {type: string}}}",
            DOCUMENTATION,
        ),
    ],
)
def test_outputs_have_their_class(
    before: str | None, after: str | None, expected: ChangeClass
) -> None:
    old, new = (
        make_prompt("Hi", f"output: {one}\n" if one else "inputs: {}\n") for one in (before, after)
    )
    diff = diff_prompts(old, new)
    subject = "frontmatter" if expected is DOCUMENTATION else "output"
    assert tell(diff) == [(expected, subject)]


def test_a_schema_file_is_the_cause_of_what_it_changes() -> None:
    old, new = (
        make_prompt("Hi", "output: _schemas/a.json\n", {"_schemas/a.json": json.dumps(schema)})
        for schema in ({"enum": ["a"]}, {"enum": ["a", "b"]})
    )
    diff = diff_prompts(old, new)
    assert tell(diff) == [(INTERFACE, "output")]
    assert diff.differences[0].cause == "_schemas/a.json"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a.json": "x"}, {"a.json": "y"}, [(BEHAVIOUR, "a.json")]),
        ({}, {"a.json": "x"}, [(BEHAVIOUR, "a.json")]),
        ({"a.json": "x", "b.json": "y"}, {"a.json": "x"}, [(BEHAVIOUR, "b.json")]),
        ({"a.json": "x", "b.json": "y"}, {"b.json": "y", "a.json": "x"}, [(BEHAVIOUR, "tools")]),
        (
            {"a.json": "x"},
            {"b.json": "x"},
            [(DOCUMENTATION, "frontmatter"), (DOCUMENTATION, "a.json"), (DOCUMENTATION, "b.json")],
        ),
    ],
)
def test_tools_have_their_class(
    before: dict[str, str], after: dict[str, str], expected: list[tuple[ChangeClass, str]]
) -> None:
    old, new = (
        make_prompt(
            "Hi",
            f"tools: [{', '.join(tools)}]\n",
            {path: tool(text) for path, text in tools.items()},
        )
        for tools in (before, after)
    )
    assert tell(diff_prompts(old, new)) == expected
