"""A prompt from its files to the arguments of a model call."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import InputError, InvalidPromptError
from promptops.prompt.closure import load_closure
from promptops.prompt.faults import find_faults
from promptops.prompt.prompt import Prompt, load_prompt
from tests.prompt.pieces import HEAD, TOOL, closure_of
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


@pytest.mark.slow
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
