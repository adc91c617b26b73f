"""What becomes of an answer that cannot be used: repairs and fixed replies; and `choose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.checks.models import find_model
from promptops.errors import PausedError
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.output import OutputError
from tests.released import Press
from tests.runtime.run.pieces import OUTPUT, PROMPT, logged
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

GOOD = '{"topic": "bug"}'
SORRY = "Sorry, later."


def write(team: Repo, name: str, more: str) -> None:
    team.write(f"prompts/{name}.md", PROMPT.format(more=more))


def test_an_invalid_answer_is_corrected_once(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text="A bug, I think.")
    near.reply(text=GOOD)
    run = registry.run("c@working", {"text": "x"})
    assert run.data == {"topic": "bug"}
    assert [one.rule for one in run.decisions] == ["repair"]
    assert run.cost_micros == 50
    asked = near.requests[1].json["messages"]
    assert [one["role"] for one in asked] == ["user", "assistant", "user"]
    assert masked(asked[1]["content"]) == snapshot("A bug, I think.")
    assert asked[2]["content"] == snapshot("""\
That answer cannot be used: the answer is not JSON: Expecting value: line 1 column 1 (char 0).
Give the whole answer again, as JSON alone that is valid under this JSON Schema:
{"type": "object", "required": ["topic"], "properties": {"topic": {"enum": ["billing", "bug"]}}}\
""")


@pytest.mark.parametrize("half", [r"\ud83d", r"\uDE00", r"\ude00\ud83d"])
def test_half_a_character_is_corrected_too(
    registry: Registry, team: Repo, near: Provider, half: str
) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text=f'{{"topic": "bug{half}"}}')
    near.reply(text=GOOD)
    run = registry.run("c@working", {"text": "x"})
    assert run.data == {"topic": "bug"}
    assert "half of a character" in near.requests[1].json["messages"][2]["content"]


def test_repairs_end(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.always(text="A bug.")
    with pytest.raises(OutputError) as caught:
        registry.run("c@working", {"text": "x"})
    assert caught.value.stage == "parse"
    assert len(near.requests) == 2


def test_what_was_cut_short_is_not_repaired(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text=GOOD, finish="length")
    with pytest.raises(OutputError):
        registry.run("c@working", {"text": "x"})
    assert len(near.requests) == 1


def test_a_stream_holds_back_what_may_be_corrected(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text="A bug.")
    near.reply(text=GOOD)
    pieces = list(registry.stream("c@working", {"text": "x"}))
    assert "".join(piece.text for piece in pieces) == GOOD


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
    ],
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


def test_a_fixed_reply_answers_when_no_model_does(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "c", f"reply: {SORRY}\n")
    near.always(status=503)
    far.always(status=503)
    run = registry.run("c@working", {"text": "x"})
    assert (run.text, run.model, run.is_degraded) == (SORRY, None, True)
    assert run.decisions[-1].rule == "reply"
    entry = logged(team, run.id)
    assert (entry.run.status, entry.run.is_degraded, len(entry.attempts)) == ("succeeded", True, 6)


def test_a_fixed_reply_keeps_the_promise(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "c", f"{OUTPUT}reply: {{topic: bug}}\n")
    near.always(text="no JSON")
    run = registry.run("c@working", {"text": "x"})
    assert (run.data, run.text) == ({"topic": "bug"}, GOOD)


def test_a_limit_is_no_reason_for_a_fixed_reply(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"reply: {SORRY}\n")
    near.always(text="Yes.")
    for _ in range(20):
        registry.run("c@working", {"text": "same"})
    with pytest.raises(promptops.GuardError):
        registry.run("c@working", {"text": "same"})


def test_a_fixed_reply_does_not_follow_half_an_answer(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"reply: {SORRY}\n")
    near.reply(text="One two three.", drop="body")
    said: list[str] = []
    with pytest.raises(ModelError):
        said.extend(piece.text for piece in registry.stream("c@working", {"text": "x"}))
    assert SORRY not in "".join(said)


@pytest.mark.parametrize("has_reply", [True, False])
def test_a_paused_prompt_says_its_fixed_reply(
    team: Repo, near: Provider, *, has_reply: bool
) -> None:
    press = Press(team)
    keys = {"reply": SORRY} if has_reply else {"limitations": "none known"}
    press.release("p", "1.0.0", extra=None, model="near/small", inputs="{question: string}", **keys)
    press.deploy("production", {"p": "1.0.0"}, paused={"p": "leak"}, action="pause")
    with promptops.open(team.path) as registry:
        if has_reply:
            run = registry.run("p", {"question": "x"})
            assert (run.text, run.is_degraded) == (SORRY, True)
            assert masked(run.decisions[0].why) == snapshot(
                "p is paused in production by Jane Doe on 2026-01-01 00:00 UTC: leak"
            )
        else:
            with pytest.raises(PausedError):
                registry.run("p", {"question": "x"})
    assert near.requests == []


CHOOSE = "choose: {by: cost, among: [far/large, near/mini, near/other]}\n"


def test_the_cheapest_model_is_asked(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "c", CHOOSE)
    run = registry.run("c@working", {"text": "x"})
    assert run.model == "near/mini"
    assert [(one.rule, one.why) for one in run.decisions] == [
        ("choose", "near/mini is the cheapest of 3 models")
    ]


def test_a_model_that_cannot_read_it_all_is_passed_over(
    team: Repo, near: Provider, far: Provider
) -> None:
    text = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", text.replace("[models.far]", "context = 250\n[models.far]"))
    write(team, "c", CHOOSE)
    with promptops.open(team.path) as registry:
        assert registry.run("c@working", {"text": "x"}).model == "near/mini"
        assert registry.run("c@working", {"text": "word " * 200}).model == "far/large"
        write(team, "c", "choose: {by: cost, among: [near/mini]}\n")
        far.always(text="Far.")
        near.always(status=404)
        run = registry.run("c@working", {"text": "word " * 200})
    assert run.decisions[0].why == snapshot(
        "near/small, since no candidate qualifies and has a price"
    )
    assert run.model == "far/large"


def test_a_model_that_takes_no_schema_is_not_chosen(
    team: Repo, near: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = ("openai/gpt-4", "openai/gpt-4o-mini")
    known = [find_model(one) for one in candidates]
    assert ["response_format" in one.refused for one in known if one] == [True, False]
    more = f"choose: {{by: cost, among: [{', '.join(candidates)}]}}\n"
    config = (team.path / "promptops.toml").read_text()
    cheap = "".join(
        f'[models."{name}"]\ninput_price = {price}\noutput_price = {price}\n'
        for name, price in zip(candidates, (1, 2), strict=True)
    )
    team.write("promptops.toml", f"{config}{cheap}")
    write(team, "c", f"{OUTPUT}{more}")
    write(team, "d", more)
    with promptops.open(team.path) as registry:
        assert registry.plan("c@working", {"text": "x"}).model == "openai/gpt-4o-mini"
        assert registry.plan("d@working", {"text": "x"}).model == "openai/gpt-4"


def test_the_prompts_own_model_follows_the_chosen_one(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "c", "choose: {by: cost, among: [near/mini]}\n")
    near.reply(status=404)
    near.reply(text="Small.")
    run = registry.run("c@working", {"text": "x"})
    assert (run.text, run.model, run.is_degraded) == ("Small.", "near/small", True)
