"""Every kind of difference has its class, its subject and its reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.prompt.diff import (
    ChangeClass,
    Difference,
    PromptDiff,
    diff_prompts,
    required_version,
)
from promptops.prompt.version import Level, Version
from tests.prompt.diff.prompts import BODY, INPUTS, make_prompt

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt

INTERFACE, BEHAVIOUR, DOCUMENTATION = ChangeClass


def tell(diff: PromptDiff) -> list[tuple[ChangeClass, str]]:
    return [(one.change_class, one.subject) for one in diff.differences]


def find(diff: PromptDiff, subject: str) -> Difference:
    return next(one for one in diff.differences if one.subject == subject)


def front(line: str) -> str:
    return f"{INPUTS}{line}\n" if line else INPUTS


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "temperature: 0.2", [(BEHAVIOUR, "temperature")]),
        ("temperature: 0.20", "temperature: 0.2", [(DOCUMENTATION, "frontmatter")]),
        ("temperature: 1", "temperature: 1.0", [(DOCUMENTATION, "frontmatter")]),
        ("max_tokens: 10", "max_tokens: 20", [(BEHAVIOUR, "max_tokens")]),
        ("stop: x", "stop: [x, z]", [(BEHAVIOUR, "stop")]),
        ("timeout: 3", "timeout: 4", [(BEHAVIOUR, "timeout")]),
        ("model: a", "model: b", [(BEHAVIOUR, "model")]),
        ("fallbacks: [a, b]", "fallbacks: [b, a]", [(BEHAVIOUR, "fallbacks")]),
        ("", "fallbacks: []", [(DOCUMENTATION, "frontmatter")]),
        (
            "parameters: {reasoning: {effort: low, depth: 1}}",
            "parameters: {reasoning: {effort: high, depth: 1}}",
            [(BEHAVIOUR, "parameters.reasoning.effort")],
        ),
        ("parameters: {x: 1}", "parameters: {x: true}", [(BEHAVIOUR, "parameters.x")]),
        ("", "routes: [{when: ticket, model: b}]", [(BEHAVIOUR, "routes")]),
        ("", "escalate: {when: x, model: b}", [(BEHAVIOUR, "escalate")]),
        ("", "review: {when: x}", [(BEHAVIOUR, "review")]),
        ("review: {when: x}", "review: {when: y}", [(BEHAVIOUR, "review.when")]),
        ("", "choose: {by: cost, among: [x]}", [(BEHAVIOUR, "choose")]),
        ("", "rules: {hosts: []}", [(BEHAVIOUR, "rules")]),
        ("", "repair: 1", [(BEHAVIOUR, "repair")]),
        ("reply: a", "reply: b", [(BEHAVIOUR, "reply")]),
        ("description: a", "description: b", [(DOCUMENTATION, "description")]),
        ("author: a", "author: b", [(DOCUMENTATION, "author")]),
        ("tags: [a]", "tags: [a, b]", [(DOCUMENTATION, "tags")]),
        ("", "requires_review: true", [(DOCUMENTATION, "requires_review")]),
        ("", "status: deprecated", [(DOCUMENTATION, "status")]),
        ("", "status: active", [(DOCUMENTATION, "frontmatter")]),
        ("", "limitations: none known", [(DOCUMENTATION, "limitations")]),
        ("", "evals: evals/x.yaml", [(DOCUMENTATION, "evals")]),
        ("", "ignore: {unused-input: later}", [(DOCUMENTATION, "ignore")]),
        (
            "metadata: {a: {b: 1}, c: 2}",
            "metadata: {a: {b: 2}, c: 2}",
            [(DOCUMENTATION, "metadata.a.b")],
        ),
        ("", "# a comment", [(DOCUMENTATION, "frontmatter")]),
    ],
)
def test_metadata_has_its_class(
    before: str, after: str, expected: list[tuple[ChangeClass, str]]
) -> None:
    diff = diff_prompts(make_prompt(front=front(before)), make_prompt(front=front(after)))
    assert tell(diff) == expected


def test_a_value_is_shown_whole_before_and_after() -> None:
    diff = diff_prompts(
        make_prompt(front=front("tags: [a, b]")), make_prompt(front=front("tags: [b]"))
    )
    assert diff.differences[0].before == ["a", "b"]
    assert diff.differences[0].after == ["b"]


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


def test_a_schema_moved_to_a_file_unchanged_changes_nothing_for_anyone() -> None:
    diff = diff_prompts(
        make_prompt("Hi", "output: {enum: [a]}\n"),
        make_prompt("Hi", "output: _a.json\n", {"_a.json": '{"enum": ["a"]}'}),
    )
    assert tell(diff) == [(DOCUMENTATION, "frontmatter"), (DOCUMENTATION, "_a.json")]


def tool(description: str) -> str:
    return json.dumps({"type": "function", "function": {"name": "f", "description": description}})


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


def test_a_tool_file_laid_out_anew_is_documentation() -> None:
    text = tool("x")
    old, new = (
        make_prompt("Hi", "tools: [a.json]\n", {"a.json": layout}) for layout in (text, text + "\n")
    )
    assert tell(diff_prompts(old, new)) == [(DOCUMENTATION, "a.json")]


def test_the_version_line_alone_is_no_difference() -> None:
    diff = diff_prompts(make_prompt(), make_prompt(version="1.0.10"))
    assert diff.is_empty
    assert diff.level is Level.NONE
    assert diff.change_class is None


def test_a_new_prompt_needs_no_bump_and_a_removed_one_concerns_callers() -> None:
    new, gone = diff_prompts(None, make_prompt()), diff_prompts(make_prompt(), None)
    assert (new.level, gone.level) == (Level.NONE, Level.MAJOR)
    assert new.name == gone.name == "triage"


def test_the_gravest_difference_comes_first_and_decides() -> None:
    diff = diff_prompts(
        make_prompt(front="inputs: {ticket: string, language: string}\n"),
        make_prompt(
            BODY.replace("kind", "brief"),
            "inputs: {ticket: string, language: {const: en}}\ntags: [a]\n",
        ),
    )
    classes = [one.change_class for one in diff.differences]
    assert classes == [INTERFACE, BEHAVIOUR, DOCUMENTATION]
    assert diff.level is Level.MAJOR


@pytest.mark.parametrize(
    ("base", "level", "expected"),
    [
        ("1.2.3", Level.MAJOR, "2.0.0"),
        ("1.2.3", Level.MINOR, "1.3.0"),
        ("1.2.3", Level.PATCH, "1.2.4"),
        ("1.2.3", Level.NONE, "1.2.3"),
        ("2.0.0-rc.1", Level.MAJOR, "2.0.0"),
    ],
)
def test_required_version(base: str, level: Level, expected: str) -> None:
    assert str(required_version(Version.parse(base), level)) == expected


PARTS = st.sampled_from(
    [
        "Hello",
        " {{ a }}",
        "{{a}}",
        "\n",
        "  ",
        "{# note #}",
        "{% if b %}",
        "{% endif %}",
        "{%- if b -%}",
        "\n{%- endif %}\n",
        '{% include "_p.md" %}',
        '{% include "_q.md" %}\n',
        "{% raw %}{{ a }}{% endraw %}",
        "{% set a = 'x' %}",
        "Be kind.\n",
    ]
)
PARTIALS = st.lists(
    st.sampled_from(["Hello", "Be kind.", "\n", "{{ a }}", "{# n #}", "{% set a = 'z' %}", " "]),
    max_size=4,
).map("".join)
INPUT_NAMES = "inputs: {a: string, b: boolean}\n"


def render(prompt: Prompt) -> list[object]:
    from promptops.errors import PromptopsError

    rendered: list[object] = []
    for values in ({"a": "A", "b": True}, {"a": "{{ b }}", "b": False}):
        try:
            rendered.append(prompt.render(values))
        except PromptopsError:
            rendered.append("error")
    return rendered


@st.composite
def two_prompts(draw: st.DrawFn) -> tuple[Prompt, Prompt]:
    """A prompt, and the same one after edits that often mean nothing."""
    parts = draw(st.lists(PARTS, max_size=8))
    files = {"_p.md": draw(PARTIALS), "_q.md": draw(PARTIALS)}
    texts = {'{% include "_p.md" %}': files["_p.md"], '{% include "_q.md" %}\n': files["_q.md"]}
    edited = list(parts)
    for place in draw(st.lists(st.integers(0, max(0, len(parts) - 1)), max_size=3)):
        if place < len(edited):
            edited[place] = texts.get(edited[place], edited[place]) + draw(
                st.sampled_from(["", "", "{# c #}", " ", "\n"])
            )
    new_files = {**files, "_q.md": draw(st.sampled_from([files["_q.md"], files["_q.md"] + "{##}"]))}
    bodies = [
        f"{{% system %}}{''.join(each)}{{% endsystem %}}{{% user %}}u{{% enduser %}}"
        for each in (parts, edited)
    ]
    return make_prompt(bodies[0], INPUT_NAMES, files), make_prompt(
        bodies[1], INPUT_NAMES, new_files
    )


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(two_prompts())
def test_what_is_no_behaviour_renders_the_same(prompts: tuple[Prompt, Prompt]) -> None:
    before, after = prompts
    if diff_prompts(before, after).level < Level.MINOR:
        assert render(before) == render(after)
