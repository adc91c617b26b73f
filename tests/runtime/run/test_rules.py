"""What an answer may say by the rules of its prompt."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.runtime.run import rules
from promptops.runtime.run.output import OutputError
from tests.runtime.run.pieces import write

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


def test_what_the_engine_gives_up_on_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type("BacktrackLimitExceeded", (), {})()
    engine = SimpleNamespace(iter_errors=lambda _text: [SimpleNamespace(kind=kind)])
    monkeypatch.setattr(rules, "_compile", lambda _pattern: engine)
    assert rules.find_fault({"forbid": ["x"]}, "an answer", None) == snapshot(
        "the answer contains what the rules forbid: x"
    )


@pytest.mark.parametrize(
    ("text", "is_found"), [("a secret", True), ("a \ud800 secret", True), ("", False)]
)
def test_a_pattern_is_found_or_not(text: str, is_found: bool) -> None:
    assert (rules.find_fault({"forbid": ["secret$"]}, text, None) is not None) == is_found


ALLOWED = {"forbid": ["(?i)as an ai"], "hosts": ["acme.example", "*.acme.example"]}
RULES = """rules: {forbid: ["(?i)as an ai"], hosts: [acme.example, "*.acme.example"]}
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("As an AI model, I", "forbid"),
        ("See https://evil.example/x.", "evil.example"),
        ("See https://acme.example@evil.example/", "evil.example"),
        ("See https:\\\\EVIL.example", "evil.example"),
        ("![x](//evil.example/a.png?q=secret)", "evil.example"),
        ("<img src='//evil.example/a'>", "evil.example"),
        ("[a]: //evil.example", "evil.example"),
        ("See http://[::1]/", r"\[::1\]"),
        ("See https://acme.example.evil.example/", "acme.example.evil.example"),
        ("See https://acme.example, https://help.acme.example:443/a.", None),
        ("Mail a//b or c:/d.", None),
        ("See https://ACME.example.", None),
        ("See wss:evil.example", "evil.example"),
        ("<a srcset=//evil.example/a>", "evil.example"),
    ],
)
def test_an_answer_may_link_only_to_allowed_hosts(text: str, fault: str | None) -> None:
    found = rules.find_fault(ALLOWED, text, None)
    assert (found is None) == (fault is None)
    assert fault is None or re.search(fault, str(found))


@pytest.mark.parametrize(
    ("text", "fault"), [("See https://evil.example/x.", "evil.example"), ("No link.", None)]
)
def test_rules_hold_for_answers(
    registry: Registry, team: Repo, near: Provider, text: str, fault: str | None
) -> None:
    write(team, "c", RULES)
    near.reply(text=text)
    if fault is None:
        assert registry.run("c@working", {"text": "x"}).text == text
        return
    said: list[str] = []
    with pytest.raises(OutputError, match=fault) as caught:
        said.extend(piece.text for piece in registry.stream("c@working", {"text": "x"}))
    assert (said, caught.value.stage, caught.value.text) == ([], "output", text)


def test_rules_hold_for_data_and_answers_are_repaired(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"output: {{type: object}}\nrepair: 1\n{RULES}")
    near.reply(text='{"a": ["\\u0068ttps://evil.example"]}')
    near.reply(text='{"a": []}')
    run = registry.run("c@working", {"text": "x"})
    assert run.data == {"a": []}
    assert "evil.example" in near.requests[1].json["messages"][-1]["content"]
    write(team, "c", f"repair: 1\n{RULES}")
    near.reply(text="As an AI, I")
    near.reply(text="Done.")
    assert registry.run("c@working", {"text": "x"}).text == "Done."


@pytest.mark.parametrize(
    ("data", "is_found"),
    [
        ({"a": [{"b": "a secret"}]}, True),
        ({"a secret": 1}, True),
        ({"a": ["x", 5, None, True]}, False),
    ],
)
def test_keys_and_texts_of_data_are_searched(data: object, *, is_found: bool) -> None:
    assert (rules.find_fault({"forbid": ["secret"]}, "{}", data) is not None) == is_found
