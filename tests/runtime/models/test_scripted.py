from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from promptops.repository.settings.models import ModelSettings
from promptops.runtime.models import open_model
from promptops.runtime.models.model import ModelError, Request, Usage
from promptops.runtime.models.scripted import read_scripted

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.models.model import Answer, Model

NAME = "scripted/rules.yaml"


def ask(*texts: str, role: str = "user") -> Request:
    return Request(NAME, [{"role": role, "content": text} for text in texts])


def answer(model: Model, *texts: str, role: str = "user") -> Answer:
    return model.call(ask(*texts, role=role), deadline=time.monotonic() + 30)


def test_the_first_rule_that_fits_answers() -> None:
    model = read_scripted(
        NAME,
        """
        rules:
          - when: {text: refund, role: user}
            answer: Friday.
          - when: {regex: "^(?i)order \\\\d+$"}
            data: {topic: order}
            model: served-1
            finish: length
            usage: {input: 7, output: 3, cached: 2}
          - when: {role: system}
            tools: [{name: find, arguments: {id: 7}}, {name: stop, id: x, arguments: "{}"}]
          - answer: Else.
            usage: missing
        """.replace("^(?i)", "(?i)^"),
    )
    assert answer(model, "a refund").text == "Friday."
    assert answer(model, "a refund").usage.source == "estimated"
    ordered = answer(model, "x", "ORDER 12")
    assert ordered.text == '{"topic": "order"}'
    assert (ordered.finish, ordered.served_model) == ("length", "served-1")
    assert ordered.usage == Usage(7, 3, 2, "measured")
    called = answer(model, "a refund", role="system")
    assert called.finish == "tool_calls"
    assert [(one.id, one.name, one.arguments) for one in called.tool_calls] == [
        ("call_1", "find", '{"id": 7}'),
        ("x", "stop", "{}"),
    ]
    assert answer(model, "x").usage.source == "unknown"


def test_sequences_and_counts() -> None:
    model = read_scripted(
        NAME,
        """
        rules:
          - when: {count: 3}
            answer: Third.
          - answers: [First., {fault: 429}, {data: [1]}]
        """,
    )
    assert answer(model, "a").text == "First."
    with pytest.raises(ModelError):
        answer(model, "a")
    assert answer(model, "a").text == "Third."
    assert answer(model, "a").text == "[1]"
    assert answer(model, "a").text == "[1]"


@pytest.mark.parametrize(
    ("fault", "kind", "status", "is_sent"),
    [
        ("503", "status", 503, True),
        ("{status: 429, retry_after: 2, code: c, message: m}", "status", 429, True),
        ("timeout", "timeout", None, True),
        ("connection", "connection", None, False),
        ("drop", "connection", None, True),
        ("truncate", "connection", None, True),
        ("invalid", "invalid", None, True),
        ("empty", "empty", None, True),
    ],
)
def test_faults(fault: str, kind: str, status: int | None, is_sent: bool) -> None:
    model = read_scripted(NAME, f"rules: [{{fault: {fault}}}]")
    with pytest.raises(ModelError) as caught:
        answer(model, "a")
    error = caught.value
    assert (error.kind, error.status, error.is_sent, error.model) == (kind, status, is_sent, NAME)
    if status == 429:
        assert (error.retry_after_seconds, error.code) == (2.0, "c")


def test_streams() -> None:
    model = read_scripted(NAME, "rules: [{answer: One two three.}]")
    parts = list(model.stream(ask("a"), deadline=time.monotonic() + 30))
    assert [part.text for part in parts] == ["One ", "two ", "three.", ""]
    assert parts[-1].answer is not None

    async def collect() -> list[Any]:
        return [part async for part in model.astream(ask("a"), deadline=time.monotonic() + 30)]

    assert asyncio.run(collect()) == parts
    broken = read_scripted(NAME, "rules: [{answer: One two three., fault: truncate}]")
    seen: list[str] = []
    with pytest.raises(ModelError):
        seen.extend(part.text for part in broken.stream(ask("a"), deadline=time.monotonic() + 30))
    stream = broken.stream(ask("a"), deadline=time.monotonic() + 30)
    assert next(stream).text == "One "


def test_a_delay_ends_at_the_deadline() -> None:
    model = read_scripted(NAME, "rules: [{answer: a, delay: 100}]")
    with pytest.raises(ModelError) as caught:
        model.call(ask("a"), deadline=time.monotonic() + 0.01)
    assert caught.value.kind == "timeout"
    with pytest.raises(ModelError) as caught:
        asyncio.run(model.acall(ask("a"), deadline=time.monotonic() + 0.01))
    assert caught.value.kind == "timeout"


def test_the_file_lies_in_the_repository(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "rules.yaml").write_text("rules: [{answer: Grüße.}]", "utf-8")
    model = open_model("scripted/tests/rules.yaml", ModelSettings(), root=tmp_path)
    assert answer(model, "a").text == "Grüße."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is not YAML"),
        ("[]", "has no list `rules`"),
        ("rules: []", "has no rule"),
        ("rules: [{answer: a}]\nrule: 1", "unknown key 'rule'"),
        ("rules: [1]", "rule 1: is not a mapping"),
        ("rules: [{anwser: a}]", "rule 1: unknown key 'anwser'"),
        ("rules: [{}]", "rule 1: there is no answer"),
        ("rules: [{answer: 1}]", "rule 1: answer is not a text"),
        ("rules: [{answer: a, data: 1}]", "answer and data are both given"),
        ("rules: [{answers: []}]", "answers is not a list"),
        ("rules: [{answers: [a], answer: b}]", "answer and answers are both given"),
        ("rules: [{answers: [a, 1]}]", "rule 1, answer 2: answer is not a text"),
        ("rules: [{answer: a, when: {regex: '('}}]", "the regex is malformed"),
        ("rules: [{answer: a, when: {count: 0}}]", "count is not a number from 1"),
        ("rules: [{answer: a, when: {txt: b}}]", "rule 1, when: unknown key 'txt'"),
        ("rules: [{data: 2020-01-01}]", "data is not JSON"),
        ("rules: [{tools: [{}]}]", "rule 1, tool 1: there is no name"),
        ("rules: [{answer: a, usage: {input: -1, output: 1}}]", "input is not a number of tokens"),
        ("rules: [{answer: a, usage: {input: 1}}]", "needs input and output"),
        ("rules: [{answer: a, delay: fast}]", "delay is not a number of seconds"),
        ("rules: [{fault: 200}]", "status is not a number from 400 to 599"),
        ("rules: [{fault: boom}]", "unknown kind 'boom'"),
        ("rules: [{fault: {code: a}}]", "needs either status or kind"),
    ],
)
def test_a_fault_in_the_file_is_named(text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_scripted(NAME, text)
    assert message in caught.value.message
    assert caught.value.message.startswith("rules.yaml")


def test_a_request_that_no_rule_fits() -> None:
    model = read_scripted(NAME, "rules: [{when: {text: b}, answer: a}]")
    with pytest.raises(ModelError, match=r"no rule of rules\.yaml matches"):
        answer(model, "a")


@pytest.mark.parametrize(
    ("system", "user", "expected"),
    [
        ("Be vague.", "I was charged.", "payment"),
        ("Be brief.", "I was charged, and that is vague.", "billing"),
        ("Be vague.", "Hello", "other"),
    ],
)
def test_what_the_system_says_and_what_the_user_says(system: str, user: str, expected: str) -> None:
    model = read_scripted(
        NAME,
        """
        rules:
          - {when: {system: vague, text: charged}, answer: payment}
          - {when: {text: charged}, answer: billing}
          - {answer: other}
        """,
    )
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    request = Request(NAME, messages)
    assert model.call(request, deadline=time.monotonic() + 30).text == expected
