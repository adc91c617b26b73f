"""The result of a comparison: which version it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.prompt.diff import required_version
from promptops.prompt.diff.change import (
    ChangeClass,
    Difference,
    MessageDiff,
    MessageStatus,
    PromptDiff,
)
from promptops.prompt.version import Level, Version
from tests.prompt.diff.pieces import make_prompt

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt


@pytest.mark.parametrize(
    ("base", "level", "expected"),
    [
        ("1.2.3", Level.MAJOR, "2.0.0"),
        ("1.2.3", Level.MINOR, "1.3.0"),
        ("1.2.3", Level.PATCH, "1.2.4"),
        ("1.2.3", Level.NONE, "1.2.3"),
        ("2.0.0-rc.1", Level.MAJOR, "2.0.0"),
    ],
)
def test_required_version(base: str, level: Level, expected: str) -> None:
    assert str(required_version(Version.parse(base), level)) == expected


def diff_of(*classes: ChangeClass, before: Prompt | None = None) -> PromptDiff:
    differences = tuple(Difference(one, "x", "because") for one in classes)
    return PromptDiff("triage", before, make_prompt(), differences, ())


@pytest.mark.parametrize(
    ("classes", "level"),
    [
        ([], Level.NONE),
        ([ChangeClass.DOCUMENTATION], Level.PATCH),
        ([ChangeClass.DOCUMENTATION, ChangeClass.BEHAVIOUR], Level.MINOR),
        ([ChangeClass.BEHAVIOUR, ChangeClass.INTERFACE, ChangeClass.DOCUMENTATION], Level.MAJOR),
    ],
)
def test_the_gravest_class_asks_for_the_version(classes: list[ChangeClass], level: Level) -> None:
    diff = diff_of(*classes, before=make_prompt())
    assert diff.level is level
    assert diff.is_empty is (not classes)
    # There is nothing that a new prompt could break.
    assert diff_of(*classes).level is Level.NONE


@pytest.mark.parametrize(
    ("role", "number", "subject"),
    [("user", 2, "message 2 (user)"), (None, 0, "message flow")],
)
def test_a_message_is_called_by_number_and_role(
    role: str | None, number: int, subject: str
) -> None:
    message = MessageDiff(MessageStatus.ADDED, role, None, number, None, "a", (), (), None)
    assert message.subject == subject
