"""Messages are compared as the model reads them, and a changed partial is named as the cause."""

from __future__ import annotations

import pytest

from promptops.prompt.diff import LineKind, MessageStatus, PromptDiff, diff_prompts, flow
from promptops.prompt.version import Level
from tests.prompt.diff.prompts import BODY, make_prompt

INCLUDE = '{% include "_tone.md" %}\n'
WITH_PARTIAL = BODY.replace("Be kind.\n", INCLUDE)


def diff_bodies(
    before: str,
    after: str,
    old_files: dict[str, str] | None = None,
    new_files: dict[str, str] | None = None,
) -> PromptDiff:
    return diff_prompts(make_prompt(before, files=old_files), make_prompt(after, files=new_files))


def tell(diff: PromptDiff) -> list[tuple[str, str]]:
    return [(message.status.value, message.subject) for message in diff.messages]


@pytest.mark.parametrize(
    "after",
    [
        BODY.replace("{{ language }}", "{{language}}"),
        BODY.replace("{% user %}\n", "{# who asks #}\n{%user%}\n\n  \n"),
        BODY.replace("{{ ticket }}", "{{- ticket -}}"),
        BODY.replace("Be kind.", "{% raw %}Be kind.{% endraw %}"),
        BODY.replace("Be kind.\n", "  {# tone #}\nBe kind.\n"),
        BODY + "\n\n",
    ],
)
def test_what_the_model_never_sees_is_documentation(after: str) -> None:
    diff = diff_bodies(BODY, after)
    assert diff.messages == ()
    assert diff.level is Level.PATCH


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Hi {{ ticket }}", "{% user %}Hi {{ ticket }}{% enduser %}"),
        ("{{ ticket | replace('a', \"b\") }}", "{{ ticket|replace(\"a\", 'b') }}"),
        (
            "a\n{% if ticket %}\nb\n{% endif %}\n",
            "a\n  {%+if ticket%}\nb\n{% endif %}".replace("+", "-").replace("\n  {%-", "\n{%"),
        ),
    ],
)
def test_other_spellings_are_the_same(before: str, after: str) -> None:
    assert diff_bodies(before, after).messages == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a b", "a  b"),
        ("{{ ticket }}", "{% raw %}{{ ticket }}{% endraw %}"),
        ("{{ ticket }}", "{{ language }}"),
        ("{{ ticket.a }}", "{{ ticket['a'] }}"),
        ("{% if ticket %}x{% endif %}", "{% if not ticket %}x{% endif %}"),
        ("x {{ ticket }", "x {{ ticket"),
        ("x {% if", "x {% for"),
        ("a\nb", "a\u2028b"),
    ],
)  # fmt: skip
def test_what_the_model_may_see_is_behaviour(before: str, after: str) -> None:
    diff = diff_bodies(before, after)
    assert tell(diff) == [("changed", "message 1 (user)")]
    assert diff.level is Level.MINOR


def test_text_moved_into_a_partial_changes_nothing() -> None:
    diff = diff_bodies(BODY, WITH_PARTIAL, new_files={"_tone.md": "Be kind.\n"})
    assert diff.messages == ()
    assert diff.level is Level.PATCH
    assert {one.cause for one in diff.differences} == {None, "_tone.md"}


def test_a_partial_that_sets_a_name_is_not_the_same_as_its_text() -> None:
    text = "{% set language = 'fr' %}\n"
    rest = "{{ language }}"
    diff = diff_bodies(text + rest, f"{INCLUDE}{rest}", new_files={"_tone.md": text})
    assert diff.level is Level.MINOR


def test_a_changed_partial_is_the_cause() -> None:
    diff = diff_bodies(
        WITH_PARTIAL, WITH_PARTIAL, {"_tone.md": "Be kind.\n"}, {"_tone.md": "Be brief.\n"}
    )
    assert tell(diff) == [("changed", "message 1 (system)")]
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
    assert sorted(tell(diff)) == sorted(expected)
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


def test_includes_that_multiply_are_compared_without_being_put_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flow, "_MAX_INLINED_CHARACTERS", 10_000)

    def files(last: str) -> dict[str, str]:
        chain = {f"_{n}.md": f'{{% include "_{n + 1}.md" %}}\n' * 2 for n in range(30)}
        return {**chain, "_30.md": last}

    body = '{% include "_0.md" %}\n'
    same = diff_bodies(body, body + "{# c #}", files("a"), files("a{# c #}"))
    assert same.level is Level.PATCH
    assert diff_bodies(body, body, files("a"), files("b")).level is Level.MINOR


@pytest.mark.parametrize(
    "text",
    [
        "[bold]not markup[/bold] `code`",
        "tabs\tand  spaces ",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd",
        "x" * 200_000,
        "\n".join(f"line {n}" for n in range(50_000)),
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


def test_newlines_of_other_systems_are_no_difference() -> None:
    assert diff_bodies(BODY, BODY.replace("\n", "\r\n")).is_empty
