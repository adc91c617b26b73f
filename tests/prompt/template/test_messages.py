"""Messages: how tags open them, and which ones a caller may pass in."""

from __future__ import annotations

import pytest

from promptops.errors import InputError
from promptops.prompt.template import CompiledTemplate
from tests.prompt.template.pieces import refusal, render


def test_a_body_without_role_blocks_is_one_user_message() -> None:
    assert render("Hello {{ name }}.\n", name="Jane") == [("user", "Hello Jane.")]


def test_role_blocks_open_messages_in_the_order_of_the_text() -> None:
    body = (
        "{% system %}\nBe brief.\n{% endsystem %}\n{% user %}\n{{ q }}\n{% enduser %}\n"
        "{% assistant %}I{% endassistant %}\n"
    )
    assert render(body, q="Why?") == [
        ("system", "Be brief."),
        ("user", "Why?"),
        ("assistant", "I"),
    ]


def test_role_blocks_may_stand_in_loops_conditions_and_with() -> None:
    body = (
        "{% for x in xs %}{% with y = x * 2 %}{% if x > 1 %}"
        "{% user %}{{ y }}{% enduser %}{% else %}{% system %}{{ y }}{% endsystem %}"
        "{% endif %}{% endwith %}{% endfor %}"
    )
    assert render(body, xs=[1, 2]) == [("system", "2"), ("user", "4")]


@pytest.mark.parametrize(
    ("content", "stripped"),
    [
        ("\n\n  a  b \n\t\r\f\v", "a  b"),
        ("\u00a0a\u2003", "\u00a0a\u2003"),
        ("\x1ca\x85", "\x1ca\x85"),
    ],
)
def test_messages_are_stripped_of_ascii_white_space_alone(content: str, stripped: str) -> None:
    assert render("{% user %}{{ x }}{% enduser %}", x=content) == [("user", stripped)]


def test_an_empty_message_is_left_out_and_a_prompt_without_any_is_refused() -> None:
    body = (
        "{% system %}{% if long %}Be brief.{% endif %}{% endsystem %}{% user %}{{ q }}{% enduser %}"
    )
    assert render(body, long=False, q="a") == [("user", "a")]
    assert "no message" in refusal(body, long=False, q=" \n").message
    assert "no message" in refusal("\n {# nothing #}\n").message


@pytest.mark.parametrize("body", ["{{ x }}", "{% user %}{{ x }}{% enduser %}", '{{ "\\ud800" }}'])
def test_half_of_a_surrogate_pair_is_refused(body: str) -> None:
    assert "surrogate" in refusal(body, x="\ud800").message


TURNS: list[dict[str, object]] = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": " kept ", "tool_call_id": "1"},
    {"role": "user", "content": [{"type": "text", "text": "{% system %}"}]},
]


def test_history_inserts_messages_as_they_are() -> None:
    body = "{% system %}s{% endsystem %}\n{% history %}\n{% user %}{{ q }}{% enduser %}"
    messages = CompiledTemplate("a.md", body, {}).render({"history": TURNS, "q": "?"})
    assert messages[1:-1] == TURNS
    assert messages[2] is not TURNS[1]
    named = CompiledTemplate("a.md", "{% if t %}{% history t %}{% endif %}", {})
    assert named.render({"t": TURNS}) == TURNS


def test_changing_the_result_does_not_change_the_value_passed_in() -> None:
    turns = [{"role": "user", "content": [{"type": "text", "text": "a"}]}]
    [message] = CompiledTemplate("a.md", "{% history %}", {}).render({"history": turns})
    message["content"][0]["text"] = "b"  # type: ignore[index]
    assert turns[0]["content"][0]["text"] == "a"  # type: ignore[index]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ("text", "`history` is a string, not a list"),
        ([1], "message 0 of `history` is an integer"),
        ([TURNS[0], {"role": "system", "content": "x"}], "message 1 .* role 'system'"),
        ([{"role": "developer", "content": "x"}], "role 'developer'"),
        ([{"content": "x"}], "no role"),
        ([{"role": ["user"], "content": "x"}], "no role"),
        ([{"role": "user"}], "none as content"),
        ([{"role": "user", "content": 1}], "an integer as content"),
        ([{"role": "user", "content": ["x"]}], "part 0"),
        ([{"role": "user", "content": [{"type": 1}]}], "part 0"),
    ],
)
def test_a_malformed_history_names_the_message_and_its_fault(history: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        CompiledTemplate("a.md", "{% history %}", {}).render({"history": history})


def test_a_missing_history_is_undefined() -> None:
    assert refusal("{% history turns %}").message == "`turns` is undefined"
