"""Every kind of difference has its class, its subject and its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.prompt.diff import diff_prompts
from promptops.prompt.version import Level
from tests.prompt.diff.pieces import (
    BEHAVIOUR,
    BODY,
    DOCUMENTATION,
    INTERFACE,
    make_prompt,
    tell,
    tool,
)

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt


def test_a_schema_moved_to_a_file_unchanged_changes_nothing_for_anyone() -> None:
    diff = diff_prompts(
        make_prompt("Hi", "output: {enum: [a]}\n"),
        make_prompt("Hi", "output: _a.json\n", {"_a.json": '{"enum": ["a"]}'}),
    )
    assert tell(diff) == [(DOCUMENTATION, "frontmatter"), (DOCUMENTATION, "_a.json")]


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


@pytest.mark.story
@settings(max_examples=300, deadline=None)
@given(two_prompts())
def test_what_is_no_behaviour_renders_the_same(prompts: tuple[Prompt, Prompt]) -> None:
    before, after = prompts
    if diff_prompts(before, after).level < Level.MINOR:
        assert render(before) == render(after)
