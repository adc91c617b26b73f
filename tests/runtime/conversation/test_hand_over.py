"""Hand-overs from one agent to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import RefusedError

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry


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
