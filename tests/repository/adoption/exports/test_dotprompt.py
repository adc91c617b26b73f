"""Dotprompt is written as a person would write it; what Handlebars cannot say is named."""

from __future__ import annotations

import re

import pytest
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
