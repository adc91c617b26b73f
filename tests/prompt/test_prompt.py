"""A prompt from its files to the arguments of a model call."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import InputError, InvalidPromptError
from promptops.prompt.closure import Closure, load_closure
from promptops.prompt.faults import find_faults
from promptops.prompt.prompt import Prompt, load_prompt
from tests.screens import masked

TRIAGE = """\
---
version: 1.3.0
description: Classify a support ticket by topic and urgency.
author: jane@example.com
requires_review: true
model: openai/gpt-4o-mini
fallbacks: [anthropic/claude-haiku-4-5]
temperature: 0.2
max_tokens: 400
tags: [support]
inputs:
  ticket: {type: string, maxLength: 8000, untrusted: true}
  language: {type: string, default: en}
output:
  type: object
  required: [topic, urgency]
  properties: {topic: {type: string}, urgency: {enum: [low, high]}}
---
{% system %}
You triage support tickets. Answer in {{ language }}.
{% include "_shared/tone.md" %}
{% endsystem %}
{% user %}
{{ ticket }}
{% enduser %}
"""
HEAD = "---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n"
TOOL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}


def closure_of(text: str, **files: str | bytes) -> Closure:
    """A closure of `a.md`; in the names of files `__` stands for a slash or a full stop."""
    closure = load_closure(
        "a",
        {
            "a.md": text.encode(),
            **{
                name.replace("__", "."): content.encode() if isinstance(content, str) else content
                for name, content in files.items()
            },
        },
    )
    assert closure is not None
    return closure


def triage() -> Prompt:
    closure = load_closure(
        "support/triage",
        {"support/triage.md": TRIAGE.encode(), "_shared/tone.md": b"Be kind.\n"},
    )
    assert closure is not None
    assert list(find_faults(closure)) == []
    return load_prompt(closure)


def test_the_example_of_the_design_end_to_end() -> None:
    prompt = triage()
    messages = [
        {"role": "system", "content": "You triage support tickets. Answer in en.\nBe kind."},
        {"role": "user", "content": "It broke."},
    ]
    assert prompt.render(ticket="It broke.") == messages
    assert prompt.request(ticket="It broke.") == {
        "model": "openai/gpt-4o-mini",
        "messages": messages,
        "temperature": 0.2,
        "max_tokens": 400,
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "support_triage",
                "schema": {
                    "type": "object",
                    "required": ["topic", "urgency"],
                    "properties": {
                        "topic": {"type": "string"},
                        "urgency": {"enum": ["low", "high"]},
                    },
                },
            },
        },
    }
    assert (prompt.name, str(prompt.version), prompt.path) == (
        "support/triage",
        "1.3.0",
        "support/triage.md",
    )
    assert (prompt.author, prompt.status) == ("jane@example.com", "active")
    assert prompt.digest == prompt.closure.compute_digest()
    assert list(prompt.inputs) == ["ticket", "language"]


def test_inputs_come_as_keywords_or_as_a_mapping() -> None:
    prompt = triage()
    assert prompt.render({"ticket": "x"}) == prompt.render(ticket="x")
    assert masked(prompt.render({"ticket": "x"}, language="de")[0]["content"]) == snapshot("""\
You triage support tickets. Answer in de.
Be kind.\
""")
    with pytest.raises(InputError, match="'ticket' is missing"):
        prompt.render()


def test_what_a_client_does_to_its_arguments_does_not_reach_the_prompt() -> None:
    text = (
        f"{HEAD}parameters: {{extra: {{a: 1}}}}\nstop: [x]\ntools: [t.json]\noutput: {{}}\n---\nHi"
    )
    prompt = load_prompt(closure_of(text, t__json=json.dumps(TOOL)))
    request: dict[str, Any] = prompt.request()
    before = json.dumps(prompt.request())
    request["extra"]["a"] = 2
    request["stop"].append("y")
    request["tools"][0]["function"]["name"] = "other"
    request["response_format"]["json_schema"]["schema"]["type"] = "string"
    request["messages"][0]["content"] = "other"
    assert json.dumps(prompt.request()) == before


def test_schema_and_tools_come_from_their_files() -> None:
    text = f"{HEAD}output: out.json\ntools: [t.json]\nparameters: {{tool_choice: auto}}\n---\nHi"
    prompt = load_prompt(closure_of(text, out__json='{"type": "object"}', t__json=json.dumps(TOOL)))
    assert prompt.output == {"type": "object"}
    assert prompt.tools == (TOOL,)
    request = prompt.request()
    assert request["tools"] == [TOOL]
    assert request["tool_choice"] == "auto"
    assert request["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("extra", "body", "files", "expected"),
    [
        ("inputs: {a: {pattern: '('}}", "", {}, ("invalid-schema", "a.md", 6)),
        ("inputs: {a: {type: integer, default: x}}", "", {}, ("invalid-default", "a.md", 6)),
        ("inputs: {range: integer}", "", {}, ("reserved-input", "a.md", 6)),
        ("output: {type: x}", "", {}, ("invalid-schema", "a.md", 6)),
        ("output: o.json", "", {"o__json": '{"type": "x"}'}, ("invalid-schema", "o.json", 1)),
        ("output: o.json", "", {"o__json": "{\n x"}, ("invalid-json", "o.json", 2)),
        ("output: o.json", "", {"o__json": "[]"}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": '{"a": NaN}'}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": '{"a": 1, "a": 2}'}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": "[" * 100_000}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": b'{"a":\n"\xff"}'}, ("not-utf8", "o.json", 2)),
        ("output: o.json", "", {"o__json": '{"a": 1}'.encode("utf-16")}, ("not-utf8", "o.json", 1)),
        ("tools: [t.json]", "", {"t__json": "{}"}, ("invalid-tool", "t.json", 1)),
        ("tools: [t.json]", "", {"t__json": json.dumps(TOOL).replace('"object"', '"x"')},
         ("invalid-schema", "t.json", 1)),
        ("tools: [t.json, u.json]", "", {"t__json": json.dumps(TOOL), "u__json": json.dumps(TOOL)},
         ("invalid-tool", "u.json", 1)),
        ("tools: [t.json]", "", {}, ("missing-file", "a.md", 6)),
        ("routes: [{when: 'a ==', model: m}]", "", {}, ("invalid-expression", "a.md", 6)),
        ("routes: [{when: 'a %}{% if b', model: m}]", "", {}, ("invalid-expression", "a.md", 6)),
        ("escalate: {when: 'a | nope', model: m}", "", {}, ("invalid-expression", "a.md", 6)),
        ("review: {when: '{% x %}'}", "", {}, ("invalid-expression", "a.md", 6)),
        ("rules: {forbid: [a, '(']}", "", {}, ("invalid-rule", "a.md", 6)),
        ("reply: {a: 1}", "", {}, ("invalid-reply", "a.md", 6)),
        ("output: {type: object}\nreply: Sorry.", "", {}, ("invalid-reply", "a.md", 7)),
        ("output: o.json\nroutes: [{when: a, reply: []}]", "", {"o__json": '{"type": "object"}'},
         ("invalid-reply", "a.md", 7)),
        ("metadata: {}", "{{", {}, ("syntax", "a.md", 8)),
        ("metadata: {}", "x\n{% include '_x.md' %}", {}, ("missing-include", "a.md", 9)),
        ("metadata: {}", '{% include "_x__md" %}', {"_x__md": "{% user %}x{% enduser %}"},
         ("misplaced-role", "_x.md", 1)),
        ("metadata: []", "", {}, ("mistyped-key", "a.md", 6)),
        ("a: [", "", {}, ("broken-frontmatter", "a.md", 7)),
    ],
)  # fmt: skip
def test_every_kind_of_fault_is_found_once_in_its_place(
    extra: str, body: str, files: dict[str, str | bytes], expected: tuple[str, str, int]
) -> None:
    closure = closure_of(f"{HEAD}{extra}\n---\n{body}".replace("__md", ".md"), **files)
    assert [
        (fault.check, fault.path, fault.position.line if fault.position else 0)
        for fault in find_faults(closure)
    ] == [expected]


def test_good_conditions_are_no_faults() -> None:
    extra = "routes: [{when: 'a == 1 and \"x\" in b', model: m}]\nreview: {when: output.urgency}\n"
    assert list(find_faults(closure_of(f"{HEAD}{extra}---\nHi"))) == []


def test_replies_that_keep_the_promise_are_no_faults() -> None:
    for extra in ("reply: Sorry.\n", "output: {type: object}\nreply: {a: 1}\n"):
        assert list(find_faults(closure_of(f"{HEAD}{extra}---\nHi"))) == []


def test_a_body_that_has_no_beginning_is_not_judged() -> None:
    for text in ("Hello {{", "---\nversion: 1.0.0\n{{", ""):
        faults = [fault.check for fault in find_faults(closure_of(text))]
        assert faults in (["missing-frontmatter"], ["broken-frontmatter"])


@pytest.mark.parametrize(
    ("text", "files", "message"),
    [
        ("Hello", {}, "a is not valid: a.md:1:1: the file does not begin with frontmatter"),
        (f"{HEAD}a: 1\nb: 2\n---\n", {}, "a.md:6:1: unknown key 'a' (and 1 more)"),
        (f'{HEAD}---\n{{% include "_x.md" %}}', {}, "a.md:7:1: included file '_x.md' does not"),
        (f"{HEAD}output: o.json\n---\n", {"o__json": "x"}, "o.json:1:1: not JSON"),
        (f"{HEAD}tools: [t.json]\n---\n", {"t__json": "{}"}, "t.json:1:1: 'type' is missing"),
    ],
)
def test_an_invalid_prompt_is_refused_with_its_first_fault(
    text: str, files: dict[str, str | bytes], message: str
) -> None:
    with pytest.raises(InvalidPromptError) as caught:
        load_prompt(closure_of(text, **files))
    assert message in caught.value.message
    assert caught.value.findings


def test_a_partial_that_is_also_the_output_schema_serves_as_both() -> None:
    text = f'{HEAD}output: _o.json\n---\nAnswer as {{% include "_o.json" %}}'
    prompt = load_prompt(closure_of(text, _o__json='{"type": "object"}'))
    assert prompt.output == {"type": "object"}
    assert masked(prompt.render()[0]["content"]) == snapshot('Answer as {"type": "object"}')


def test_loading_imports_nothing_that_only_rendering_needs() -> None:
    code = (
        "import sys\n"
        "from promptops.prompt.closure import load_closure\n"
        "from promptops.prompt.prompt import load_prompt\n"
        "text = b'---\\nversion: 1.0.0\\ndescription: d\\nauthor: a\\nmodel: m\\n---\\nHi'\n"
        "text += b'{% include \"_b.md\" %}'\n"
        "load_prompt(load_closure('a', {'a.md': text, '_b.md': b''}))\n"
        "print(*[name for name in ('jinja2', 'git', 'rich', 'typer', 'deepdiff', 'litellm')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
