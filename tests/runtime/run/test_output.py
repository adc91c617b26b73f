"""What an answer must be by the prompt's output schema."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from promptops.runtime.models.model import NO_USAGE, Answer
from promptops.runtime.run.output import OutputError, check_rules, read_data, set_reply
from tests.runtime.run.pieces import make_course, make_prompt

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["topic"],
    "properties": {"topic": {"enum": ["billing", "bug"]}, "lines": {"items": {"type": "string"}}},
}


def answer(text: str, finish: str = "stop") -> Answer:
    return Answer(text, (), finish, NO_USAGE)


@pytest.mark.parametrize(
    "text",
    [
        '{"topic": "bug"}',
        ' {"topic":"bug","lines":[]}\n',
        '{"topic": "bug", "x": "\\ud83d\\ude00"}',
    ],
)
def test_an_answer_that_fits_is_its_value(text: str) -> None:
    data = read_data(answer(text), SCHEMA)
    assert isinstance(data, dict)
    assert data["topic"] == "bug"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the answer is not JSON"),
        ('{"topic": "bug"} {}', "the answer is not JSON"),
        ("[" * 100_000, "the answer is not JSON"),
        ('{"topic": Infinity}', "the answer is not JSON"),
        ('{"topic": "bug\\ud83d"}', r"\\ud83d is half of a character"),
        ('{"\\udE00": "bug"}', r"\\ude00 is half of a character"),
        ("[]", "the answer: "),
        ('{"topic": "bug", "lines": ["a", 1]}', "lines.1: "),
    ],
    ids=[*"abcdefgh"],
)
def test_an_answer_that_does_not_fit_says_where(text: str, fault: str) -> None:
    with pytest.raises(OutputError, match=fault) as caught:
        read_data(answer(text), SCHEMA)
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("finish", "hint"),
    [("length", "raise max_tokens"), ("content_filter", None), ("refusal", None)],
)
def test_an_answer_that_was_cut_short_is_refused_even_if_it_fits(
    finish: str, hint: str | None
) -> None:
    with pytest.raises(OutputError, match=f"it ended with '{finish}'") as caught:
        read_data(answer('{"topic": "bug"}', finish), SCHEMA)
    assert caught.value.hint == hint


def test_of_many_faults_five_are_named() -> None:
    text = f'{{"topic": "bug", "lines": {list(range(20))}}}'
    with pytest.raises(OutputError) as caught:
        read_data(answer(text), SCHEMA)
    assert caught.value.message.count("lines.") == 5


def test_schemas_that_look_the_same_at_an_address_are_told_apart() -> None:
    for kind in ("string", "integer") * 3:
        value = '"a"' if kind == "string" else "1"
        assert read_data(answer(value), {"type": kind}) in {"a", 1}


def test_rules_apply_to_text_and_data() -> None:
    check_rules(answer("As an AI"), None, None)
    with pytest.raises(OutputError, match="forbid: AI"):
        check_rules(answer('{"a": "\\u0041I"}'), {"a": "AI"}, {"forbid": ["AI"]})


@pytest.mark.parametrize(
    ("output", "reply", "text", "data"),
    [
        (None, "Sorry.", "Sorry.", None),
        (None, {"ä": 1}, '{"ä": 1}', None),
        ("{type: string}", "Sorry.", '"Sorry."', "Sorry."),
        ("{type: object}", {"a": 1}, '{"a": 1}', {"a": 1}),
    ],
)
def test_a_fixed_reply_has_the_form_of_an_answer(
    output: str | None, reply: object, text: str, data: object
) -> None:
    keys = {} if output is None else {"output": output}
    course = make_course(make_prompt(**keys))
    set_reply(course, reply)
    assert course.answer is not None
    assert (course.answer.text, course.data, course.model) == (text, data, None)


def test_a_fixed_reply_that_breaks_the_promise_is_refused() -> None:
    course = make_course(make_prompt(output="{type: object}"))
    with pytest.raises(OutputError) as caught:
        set_reply(course, "Sorry.")
    assert caught.value.message == snapshot(
        'the answer does not match the output schema: the answer: "Sorry." is not of type "object"'
    )
    assert (course.stage, course.answer) == ("output", None)
