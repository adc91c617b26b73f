"""Which action leads from one state of an environment to the next."""

from __future__ import annotations

import pytest

from promptops.delivery import state as lock
from promptops.delivery.environments import parse_deployment
from promptops.delivery.state import Entry, Live, Point, State
from promptops.errors import IntegrityError
from promptops.prompt.version import Version
from promptops.protection.push.transition import (
    Transition,
    check_action,
    list_gaining,
    list_promoted,
)

NAME = "support/triage"
TIP = Point(1, "c" * 40)
OLD, NEW = (Live(Version.parse(version), "sha256:0", "0" * 40) for version in ("1.0.0", "1.1.0"))
FIRST = State({NAME: Entry((OLD,))})
WHO = "Jane Doe <jane@example.com> 1767225600 +0000"


def lead(action: str, before: State, after: State, reason: str = "") -> Transition:
    """A deployment with an action that claims to lead from one state to another."""
    said = f"Deployment: 2\nAction: {action}\n" + (f"Reason: {reason}\n" if reason else "")
    data = f"tree {'0' * 40}\nparent {'c' * 40}\nauthor {WHO}\ncommitter {WHO}\n\nstaging: a title\n\n{said}"
    deployment = parse_deployment("staging", "d" * 40, f"{data}Operation: 01\n".encode())
    return Transition(deployment, before, TIP, after, (NAME,), lambda _point: FIRST)


PROMOTED = lock.promote(FIRST, TIP, NAME, NEW)
SPLIT = lock.promote(FIRST, TIP, NAME, NEW._replace(share=20))
PAUSED = lock.pause(FIRST, [NAME], "staging", "it lies")


@pytest.mark.parametrize(
    ("action", "before", "after", "reason"),
    [
        ("promote", FIRST, PROMOTED, ""),
        ("promote", FIRST, SPLIT, ""),
        ("promote", State(), FIRST, ""),
        (
            "rollback",
            PROMOTED,
            lock.rollback(PROMOTED, NAME, "staging", lambda _: FIRST, None)[0],
            "",
        ),
        ("retire", FIRST, lock.retire(FIRST, TIP, NAME, "staging"), ""),
        ("pause", FIRST, PAUSED, "it lies"),
        ("resume", PAUSED, FIRST, ""),
    ],
)
def test_an_action_explains_what_it_makes_and_nothing_else(
    action: str, before: State, after: State, reason: str
) -> None:
    check_action(lead(action, before, after, reason))
    for other in ("promote", "rollback", "retire", "pause", "resume"):
        if other != action:
            with pytest.raises(IntegrityError, match=f"its action is {other}, which does not make"):
                check_action(lead(other, before, after, reason))


def test_a_pause_has_the_reason_that_the_deployment_gives() -> None:
    with pytest.raises(IntegrityError, match="its action is pause"):
        check_action(lead("pause", FIRST, PAUSED, "something else"))


def test_an_action_that_does_not_exist_explains_nothing() -> None:
    with pytest.raises(IntegrityError, match="its action is 'teleport', which does not exist"):
        check_action(lead("teleport", FIRST, FIRST))


def test_a_shift_of_shares_may_be_a_promotion_of_either_version() -> None:
    shifted = State(
        {NAME: Entry((OLD._replace(share=40), NEW._replace(share=60)))}, dict(SPLIT.undo)
    )
    found = list_promoted(lead("promote", SPLIT, shifted), NAME)
    assert [live.version for live in found] == [OLD.version, NEW.version]
    (only,) = list_promoted(lead("promote", FIRST, PROMOTED), NAME)
    assert only == NEW
    assert list_promoted(lead("retire", FIRST, State()), NAME) == []


def test_a_version_gains_when_its_share_grows() -> None:
    half = Entry((OLD._replace(share=50), NEW._replace(share=50)))
    assert list_gaining(None, half) == list(half.live)
    assert list_gaining(Entry((OLD,)), half) == [half.live[1]]
    assert list_gaining(half, half) == []
    assert list_gaining(half, None) == []
