"""Hand-overs from one agent to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import RefusedError
from promptops.runtime.conversation.hand_over import make_hand_over, read_hand_over
from promptops.runtime.log.content import to_json
from tests.runtime.log.pieces import START
from tests.runtime.run.pieces import make_prompt

if TYPE_CHECKING:
    from promptops.runtime.conversation.hand_over import HandOver
    from promptops.runtime.registry import Registry
    from promptops.runtime.resolution import ResolvedPrompt


def test_a_hand_over_names_both_versions_and_hides_what_is_personal(registry: Registry) -> None:
    talk = registry.conversation("c", user="ann")
    run = talk.run("chat@working", {"question": "my order"})
    made = talk.hand_over(
        run, "agent@working", reason="needs\nan order", data={"order": 7, "by": "+49 30 901820123"}
    )
    found = talk.handed_over()
    assert found == made
    assert (str(made.source), str(made.target)) == ("chat@1.0.0", "agent@2.1.0")
    assert made.target.digest.startswith("sha256:")
    assert made.reason == "needs an order"
    assert made.data == {"order": 7, "by": "[redacted telephone number]"}
    said = talk.run("agent@working", {"question": "x"}).messages[0]["content"]
    assert said == snapshot("""\
Summary: \n\
From: needs an order 7\
""")
    assert talk.events()[2].by == "chat@1.0.0 -> agent@2.1.0"


def test_a_hand_over_must_fit(registry: Registry) -> None:
    talk = registry.conversation("c")
    with pytest.raises(
        RefusedError, match='agent rejects the hand-over: data: "order" is a required'
    ):
        talk.hand_over("chat@working", "agent@working", reason="r", data={})
    with pytest.raises(RefusedError, match="bytes; at most 16384"):
        talk.hand_over("chat@working", "agent@working", reason="r", data={"order": "x" * 20_000})


TARGET = make_prompt(
    inputs="{question: string, hand_over: {type: object, required: [reason], properties: {data: "
    "{required: [order]}}}}"
)


def hand_over(target: ResolvedPrompt = TARGET, reason: str = "r", **data: object) -> HandOver:
    return make_hand_over(make_prompt(), target, reason=reason, data=data, at=START + 0.12345)


def test_a_hand_over_comes_back_from_its_data() -> None:
    made = hand_over(reason=" needs\n an  order ", order=7)
    assert (made.reason, made.at) == ("needs an order", START + 0.123)
    assert read_hand_over(made.to_data(), made.at) == made


def test_a_prompt_that_declares_no_schema_takes_any_hand_over() -> None:
    assert hand_over(make_prompt(), anything=1).data == {"anything": 1}
    with pytest.raises(RefusedError, match='a rejects the hand-over: data: "order" is a required'):
        hand_over(anything=1)


def test_a_hand_over_is_bounded_with_all_that_it_names() -> None:
    most = 16_384 - len(to_json(hand_over(order="").to_data()))
    hand_over(order="x" * most)
    with pytest.raises(RefusedError, match="has 16385 bytes; at most 16384"):
        hand_over(order="x" * (most + 1))
