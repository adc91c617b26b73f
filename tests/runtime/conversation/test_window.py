"""Which messages of a conversation a prompt gets."""

from __future__ import annotations

import pytest

from promptops.runtime.conversation.entries import ConversationEvent
from promptops.runtime.conversation.window import begin_with_user, take_newest


def rows(*tokens: int) -> list[ConversationEvent]:
    return [
        ConversationEvent(number, 0, "message", tokens=size)
        for number, size in enumerate(tokens, 1)
    ]


@pytest.mark.parametrize(
    ("sizes", "tokens", "taken", "is_cut"),
    [
        ((), 10, [], False),
        ((5, 5), 10, [1, 2], False),
        ((5, 5, 1), 10, [2, 3], True),
        ((1, 50, 5), 10, [3], True),
        ((1, 50), 10, [2], True),
        ((50,), 10, [1], False),
        ((0, 0, 5), 5, [1, 2, 3], False),
    ],
)
def test_the_newest_that_fit_are_taken_and_at_least_one(
    sizes: tuple[int, ...], tokens: int, taken: list[int], *, is_cut: bool
) -> None:
    found, cut = take_newest(reversed(rows(*sizes)), tokens)
    assert ([row.number for row in found], cut) == (taken, is_cut)


def test_no_more_rows_are_read_than_fit() -> None:
    newest = iter(reversed(rows(1, 1, 9, 9)))
    take_newest(newest, 10)
    assert [row.number for row in newest] == [2, 1]


@pytest.mark.parametrize(
    ("roles", "kept"),
    [
        ("user assistant user", 3),
        ("assistant tool user assistant", 2),
        ("assistant tool", 0),
        ("", 0),
    ],
)
def test_no_answer_comes_before_its_question(roles: str, kept: int) -> None:
    given = [ConversationEvent(1, 0, "message", role) for role in roles.split()]
    assert begin_with_user(given) == given[len(given) - kept :]
