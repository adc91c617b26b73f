"""Messages are compared as the model reads them, and a changed partial is named as the cause."""

from __future__ import annotations

import pytest

from promptops.prompt.diff import LineKind, MessageStatus
from promptops.prompt.version import Level
from tests.prompt.diff.pieces import BODY, INCLUDE, WITH_PARTIAL, diff_bodies, tell_messages


def test_a_changed_partial_is_the_cause() -> None:
    diff = diff_bodies(
        WITH_PARTIAL, WITH_PARTIAL, {"_tone.md": "Be kind.\n"}, {"_tone.md": "Be brief.\n"}
    )
    assert tell_messages(diff) == [("changed", "message 1 (system)")]
    assert diff.messages[0].cause == "_tone.md"
    assert [one.cause for one in diff.differences] == ["_tone.md"]


def test_the_innermost_changed_partial_is_the_cause() -> None:
    outer = {"_tone.md": 'Tone:\n{% include "_deep.md" %}\n'}
    diff = diff_bodies(
        WITH_PARTIAL,
        WITH_PARTIAL,
        {**outer, "_deep.md": "Be kind.\n"},
        {**outer, "_deep.md": "Be brief.\n"},
    )
    assert diff.messages[0].files == ("_deep.md",)


def test_changes_in_prompt_and_partial_are_two_differences() -> None:
    diff = diff_bodies(
        WITH_PARTIAL,
        WITH_PARTIAL.replace("Answer", "Reply"),
        {"_tone.md": "Be kind.\n"},
        {"_tone.md": "Be brief.\n"},
    )
    assert diff.messages[0].files == ("_tone.md", "triage.md")
    assert diff.messages[0].cause is None
    assert [one.cause for one in diff.differences] == ["_tone.md", None]


def test_a_newly_included_partial_is_a_change_of_the_prompt() -> None:
    diff = diff_bodies(
        BODY,
        BODY.replace("Be kind.\n", f"Be kind.\n{INCLUDE}"),
        new_files={"_tone.md": "Be brief.\n"},
    )
    assert diff.messages[0].files == ("triage.md",)


def roles(*parts: str) -> str:
    """Messages from `role text` words."""
    pairs = (part.split(" ", 1) for part in parts)
    return "".join(f"{{% {role} %}}\n{text}\n{{% end{role} %}}\n" for role, text in pairs)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            roles("system a", "user b"),
            roles("system a", "user x", "assistant y", "user b"),
            [("added", "message 2 (user)"), ("added", "message 3 (assistant)")],
        ),
        (
            roles("system a", "user x", "user b"),
            roles("system a", "user b"),
            [("removed", "message 2 (user)")],
        ),
        (
            roles("system a", "user b"),
            roles("user b", "system a"),
            [("moved", "message 2 (system)")],
        ),
        (
            roles("user one two three", "user b"),
            roles("user new", "user one two four", "user b"),
            [("added", "message 1 (user)"), ("changed", "message 2 (user)")],
        ),
        (
            roles("user a") + "{% history %}\n" + roles("user b"),
            roles("user a", "user b"),
            [("removed", "message 2 (history)")],
        ),
        (
            roles("user a"),
            "{% if ticket %}\n" + roles("user a") + "{% endif %}\n",
            [("added", "message flow"), ("added", "message flow")],
        ),
    ],
)
def test_messages_are_told_apart(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    diff = diff_bodies(before, after)
    assert sorted(tell_messages(diff)) == sorted(expected)
    assert diff.level is Level.MINOR


def test_another_role_with_the_same_text_is_one_difference() -> None:
    diff = diff_bodies(roles("system a b", "user c"), roles("user a b", "user c"))
    message = diff.messages[0]
    assert (message.status, message.role, message.previous_role) == (
        MessageStatus.CHANGED,
        "user",
        "system",
    )
    assert (diff.differences[0].before, diff.differences[0].after) == ("system", "user")


@pytest.mark.parametrize(
    "text",
    [
        "[bold]not markup[/bold] `code`",
        "tabs\tand  spaces ",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd",
        "x" * 50_000,
        "\n".join(f"line {n}" for n in range(5_000)),
    ],
    ids=["brackets", "tabs", "emoji", "long line", "many lines"],
)
def test_text_comes_through_unchanged(text: str) -> None:
    diff = diff_bodies(f"Old start.\n{text}|end", f"New start.\n{text}|end")
    (message,) = diff.messages
    assert message.before == f"Old start.\n{text}|end"
    assert message.after == f"New start.\n{text}|end"
    changed = [line for line in message.hunks[0].lines if line.kind is not LineKind.CONTEXT]
    assert [line.text for line in changed] == ["Old start.\n", "New start.\n"]
