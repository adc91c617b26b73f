"""A prompt as messages of texts, values and tags, each with its place."""

from __future__ import annotations

import pytest

from promptops.repository.adoption.exports.parts import (
    UnexportableError,
    fill_names,
    input_schema,
    list_settings,
    name_lost,
    split_messages,
)
from tests.repository.adoption.exports.pieces import INPUTS_WITH_HISTORY, load, load_from


def test_a_prompt_without_roles_is_one_message_with_its_partials() -> None:
    (message,) = split_messages(load('\nHi {{ name }}!\n{% include "_s/tone.md" %}\n'))
    assert message.role is None
    assert [(part.kind, part.text) for part in message.parts] == [
        ("text", "Hi "),
        ("value", "name"),
        ("text", "!\nBe brief."),
    ]
    assert message.parts[1].place == "a.md, line 9"


def test_a_tag_in_a_partial_is_at_its_place_there() -> None:
    body = '{% user %}\n{% include "_s/vip.md" %}\n{% enduser %}'
    files = {"_s/vip.md": b"Hi\n{% if vip %}VIP{% endif %}"}
    (message,) = split_messages(load_from(files, body))
    assert [part.place for part in message.parts if part.kind == "tag"] == ["_s/vip.md, line 2"] * 2


def test_texts_are_what_is_sent() -> None:
    """Comments are not, and what a raw block shows is."""
    (message,) = split_messages(load("A{# note #}B{% raw %} {{ x }}{% endraw %}\n{% if vip %}\nC"))
    assert [(part.kind, part.text) for part in message.parts] == [
        ("text", "AB {{ x }}"),
        ("tag", "if vip"),
        ("text", "C"),
    ]


def test_messages_that_are_passed_in_have_the_name_of_their_input() -> None:
    body = "{% system %}S{% endsystem %}\n{% history past %}\n{% user %}U{% enduser %}"
    inputs = INPUTS_WITH_HISTORY.replace("history:", "past:")
    messages = split_messages(load(body, inputs=inputs))
    assert [(one.role, one.parts[0].text) for one in messages] == [
        ("system", "S"),
        ("history", "past"),
        ("user", "U"),
    ]


def test_a_message_in_a_loop_is_refused_where_it_is() -> None:
    body = "{% for i in items %}\n{% user %}x{% enduser %}\n{% endfor %}"
    with pytest.raises(UnexportableError, match=r"a\.md, line 9: `user` in a block"):
        split_messages(load(body))


def test_tags_between_messages_are_refused() -> None:
    with pytest.raises(UnexportableError, match="outside of the messages"):
        split_messages(load("{% set x = 1 %}{% user %}{{ x }}{% enduser %}"))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{% raw %}{{ x }}{% endraw %}", "as text would be filled in by Acme"),
        ("{{ name | upper }}", "is more than Acme fills in"),
        ("{% if vip %}x{% endif %}", "`if vip` is more than Acme"),
        ("{ {{- name }}", "a brace beside a value"),
        ("{{ name }}}", "a brace beside a value"),
    ],
)
def test_more_than_names_cannot_be_filled_in(body: str, why: str) -> None:
    (message,) = split_messages(load(body))
    with pytest.raises(UnexportableError, match=why):
        fill_names(message, "Acme")


def test_names_are_filled_in() -> None:
    (message,) = split_messages(load('Hi {{ name }}, {"a": 1}'))
    assert fill_names(message, "Acme") == 'Hi {{name}}, {"a": 1}'


def test_what_is_carried_over_of_the_frontmatter() -> None:
    prompt = load("Hi", temperature="0.1", stop="[x]", tags="[a]", fallbacks="[openai/gpt-4o]")
    assert list_settings(prompt) == {"temperature": 0.1, "stop": ["x"]}
    assert list(name_lost(prompt, ["tags"])) == ["'fallbacks' is not carried over"]


def test_a_type_is_a_schema() -> None:
    assert input_schema("string") == {"type": "string"}
    assert input_schema({"enum": [1]}) == {"enum": [1]}
