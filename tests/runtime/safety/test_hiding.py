"""Private values replaced in requests and put back in answers."""

from __future__ import annotations

from inline_snapshot import snapshot

from promptops.runtime.models.model import NO_USAGE, Answer
from promptops.runtime.safety.hiding import find_stand_ins, hide_inputs, put_back
from tests.screens import masked


def test_a_value_that_is_part_of_a_stand_in_is_put_back() -> None:
    inputs = {"user": ["user", "one user more"]}
    stand_ins = find_stand_ins(inputs, ["user"])
    shown = hide_inputs(inputs, ["user"], stand_ins)
    assert shown == {"user": ["[user]", "[user-2]"]}
    answer = put_back(Answer("[user] and [user-2]", (), "stop", NO_USAGE), stand_ins, is_json=False)
    assert masked(answer.text) == snapshot("user and one user more")


def test_numbers_are_hidden_only_in_the_hidden_inputs() -> None:
    inputs = {"card": {"number": 4242, "is_new": True}, "size": 4242}
    stand_ins = find_stand_ins(inputs, ["card"])
    assert hide_inputs(inputs, ["card"], stand_ins) == {
        "card": {"number": "[card]", "is_new": True},
        "size": 4242,
    }
