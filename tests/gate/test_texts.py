"""The texts that differ, each once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.gate.texts import TextChange, count_users, list_text_changes, list_values
from promptops.prompt.diff import diff_prompts
from promptops.prompt.diff.text import LineKind
from tests.gate.pieces import NEXT, PLAIN, edit, state
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.gate.rules import PromptChange


KIND, BRIEF = "Be kind.\n", "Be brief.\n"
GAP = "\n" * 9  # so that the two differences are not shown together


def including(name: str, before: str, after: str, *, own: str = "") -> PromptChange:
    """A prompt that includes `_tone.md`, which changes, and has words of its own, which may."""
    bodies = (f'{{% include "_tone.md" %}}{GAP}Answer {{{{ question }}}}{end}' for end in ("", own))
    texts = (
        prompt_text(version, body) for version, body in zip(("1.0.0", "1.1.0"), bodies, strict=True)
    )
    old, new = (
        state(text, name, tone=tone) for text, tone in zip(texts, (before, after), strict=True)
    )
    diff = diff_prompts(old.prompt, new.prompt)
    return replace(edit(PLAIN, NEXT, name=name), before=old, after=new, diff=diff)


def lines_of(change: TextChange) -> list[str]:
    return [
        "".join(segment.text for segment in line.segments).rstrip()
        for hunk in change.hunks
        for line in hunk.lines
        if line.kind is not LineKind.CONTEXT
    ]


def test_a_partial_is_listed_once_for_all_that_use_it() -> None:
    changes = [
        including("one", KIND, BRIEF),
        including("two", KIND, BRIEF, own=" well"),
        including("three", BRIEF, KIND),
    ]
    found = list_text_changes(changes)
    assert [(one.subject, one.prompts) for one in found] == [
        ("_tone.md", ("one", "two")),
        # Another change of the same file, as seen from another version of it.
        ("_tone.md", ("three",)),
        ("two", ("two",)),
    ]
    assert lines_of(found[0]) == ["Be kind.", "Be brief."]
    assert lines_of(found[2]) == ["Answer {{ question }}", "Answer {{ question }} well"]
    assert [count_users(one) for one in found[:2]] == ["used by 2 prompts", "used by 1 prompt"]


def test_new_removed_and_broken_prompts_have_no_texts_that_differ() -> None:
    broken = "---\nversion: one\n---\n"
    changes = [edit(None, NEXT), edit(PLAIN, None), edit(PLAIN, broken), edit(PLAIN, PLAIN)]
    assert list_text_changes(changes) == []
    assert [list_values(one) for one in changes] == [[], [], [], []]


def test_values_are_what_differs_besides_texts() -> None:
    change = edit(PLAIN, prompt_text("2.0.0", "Else", model="openai/gpt-4o", max_tokens="5"))
    assert [one.subject for one in list_values(change)] == ["model", "max_tokens"]
