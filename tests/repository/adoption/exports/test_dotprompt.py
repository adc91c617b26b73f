"""Dotprompt is written as a person would write it; what Handlebars cannot say is named."""

from __future__ import annotations

import re

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.repository.adoption.exports import write
from promptops.repository.adoption.exports.parts import UnexportableError
from tests.repository.adoption.exports.pieces import INPUTS_WITH_HISTORY, load
from tests.screens import masked

BODY = """\
{% system %}
Be nice to {{ name }}.
{% include "_s/tone.md" %}
{% endsystem %}
{% history %}
{% user %}
{% if vip %}
VIP
{% else %}
New {"a": 1}
{% endif %}
{% for one in items %}
- {{ one }} of {{ name }}
{% endfor %}
Bye.
{% enduser %}
"""


def test_dotprompt_reads_as_a_person_would_write_it() -> None:
    prompt = load(BODY, inputs=INPUTS_WITH_HISTORY)
    text = write(prompt, "dotprompt").text
    assert masked(text.partition("\n---\n")[2]) == snapshot("""\
{{role "system"}}
Be nice to {{name}}.
Be brief.
{{history}}
{{role "user"}}
{{#if vip}}
VIP
{{else}}
New {"a": 1}
{{/if}}
{{#each items}}
- {{this}} of {{../name}}
{{/each}}
Bye.
""")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{ name | upper }}", "it is more than a name"),
        ("{% set x = 1 %}a", "`set x = 1` has no counterpart in Handlebars"),
        ("{% raw %}{{ {% endraw %}", "would be read as a tag"),
    ],
)
def test_what_handlebars_cannot_say_is_named(body: str, why: str) -> None:
    with pytest.raises(UnexportableError, match=re.escape(why)):
        write(load(body, inputs=INPUTS_WITH_HISTORY), "dotprompt")


def test_the_header_has_dotprompts_names() -> None:
    prompt = load(
        "Hi {{ name }}",
        model="gemini/gemini-2.0-flash",
        max_tokens="9",
        parameters="{topK: 4}",
        output="{type: object}",
    )
    header = yaml.safe_load(write(prompt, "dotprompt").text.split("---\n")[1])
    assert header["model"] == "googleai/gemini-2.0-flash"
    assert header["config"] == {"maxOutputTokens": 9, "topK": 4}
    assert header["input"]["schema"]["required"] == ["name", "vip"]
    assert header["input"]["default"] == {"items": ["x"]}
    assert header["output"] == {"format": "json", "schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("{% if not vip %}N{% endif %}", "{{#unless vip}}N{{/unless}}"),
        (
            "{% for i in items %}{% for j in items %}{{ i }}{{ j }}{{ name }}{% endfor %}{% endfor %}",
            "{{#each items}}{{#each ../items}}{{../this}}{{this}}{{../../name}}{{/each}}{{/each}}",
        ),
        (
            "{% for i in items %}{{ loop.index0 }}{{ i.a }}{% endfor %}",
            "{{#each items}}{{@index}}{{this.a}}{{/each}}",
        ),
        ("{% raw %}{{x}}{% endraw %}!", "\\{{x}}!"),
        (
            "{% if vip %}V{% elif name %}N{% endif %}",
            "{{#if vip}}V{{else if name}}N{{/if}}",
        ),
    ],
)
def test_tags_have_their_counterpart_in_handlebars(body: str, written: str) -> None:
    assert write(load(f"<{body}"), "dotprompt").text.endswith(f"---\n<{written}\n")


@pytest.mark.parametrize("body", ["{{ this.x }}", "{% for i in items %}{{ loop.x }}{% endfor %}"])
def test_names_that_mean_something_else_in_handlebars_are_refused(body: str) -> None:
    with pytest.raises(UnexportableError, match="means something else in Handlebars"):
        write(load(body, inputs="{this: {type: object}, items: {type: array}}"), "dotprompt")
