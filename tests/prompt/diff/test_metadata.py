"""What each setting of the frontmatter means when it changes."""

from __future__ import annotations

import pytest

from promptops.prompt.diff import ChangeClass, diff_prompts
from tests.prompt.diff.pieces import BEHAVIOUR, DOCUMENTATION, front, make_prompt, tell


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "temperature: 0.2", [(BEHAVIOUR, "temperature")]),
        ("temperature: 0.20", "temperature: 0.2", [(DOCUMENTATION, "frontmatter")]),
        ("temperature: 1", "temperature: 1.0", [(DOCUMENTATION, "frontmatter")]),
        ("max_tokens: 10", "max_tokens: 20", [(BEHAVIOUR, "max_tokens")]),
        ("stop: x", "stop: [x, z]", [(BEHAVIOUR, "stop")]),
        ("timeout: 3", "timeout: 4", [(BEHAVIOUR, "timeout")]),
        ("model: a", "model: b", [(BEHAVIOUR, "model")]),
        ("fallbacks: [a, b]", "fallbacks: [b, a]", [(BEHAVIOUR, "fallbacks")]),
        ("", "fallbacks: []", [(DOCUMENTATION, "frontmatter")]),
        (
            "parameters: {reasoning: {effort: low, depth: 1}}",
            "parameters: {reasoning: {effort: high, depth: 1}}",
            [(BEHAVIOUR, "parameters.reasoning.effort")],
        ),
        ("parameters: {x: 1}", "parameters: {x: true}", [(BEHAVIOUR, "parameters.x")]),
        ("", "routes: [{when: ticket, model: b}]", [(BEHAVIOUR, "routes")]),
        ("", "escalate: {when: x, model: b}", [(BEHAVIOUR, "escalate")]),
        ("", "review: {when: x}", [(BEHAVIOUR, "review")]),
        ("review: {when: x}", "review: {when: y}", [(BEHAVIOUR, "review.when")]),
        ("", "choose: {by: cost, among: [x]}", [(BEHAVIOUR, "choose")]),
        ("", "rules: {hosts: []}", [(BEHAVIOUR, "rules")]),
        ("", "repair: 1", [(BEHAVIOUR, "repair")]),
        ("reply: a", "reply: b", [(BEHAVIOUR, "reply")]),
        ("description: a", "description: b", [(DOCUMENTATION, "description")]),
        ("author: a", "author: b", [(DOCUMENTATION, "author")]),
        ("tags: [a]", "tags: [a, b]", [(DOCUMENTATION, "tags")]),
        ("", "requires_review: true", [(DOCUMENTATION, "requires_review")]),
        ("", "status: deprecated", [(DOCUMENTATION, "status")]),
        ("", "status: active", [(DOCUMENTATION, "frontmatter")]),
        ("", "limitations: none known", [(DOCUMENTATION, "limitations")]),
        ("", "evals: evals/x.yaml", [(DOCUMENTATION, "evals")]),
        ("", "ignore: {unused-input: later}", [(DOCUMENTATION, "ignore")]),
        (
            "metadata: {a: {b: 1}, c: 2}",
            "metadata: {a: {b: 2}, c: 2}",
            [(DOCUMENTATION, "metadata.a.b")],
        ),
        ("", "# a comment", [(DOCUMENTATION, "frontmatter")]),
    ],
)
def test_metadata_has_its_class(
    before: str, after: str, expected: list[tuple[ChangeClass, str]]
) -> None:
    diff = diff_prompts(make_prompt(front=front(before)), make_prompt(front=front(after)))
    assert tell(diff) == expected


def test_a_value_is_shown_whole_before_and_after() -> None:
    diff = diff_prompts(
        make_prompt(front=front("tags: [a, b]")), make_prompt(front=front("tags: [b]"))
    )
    assert diff.differences[0].before == ["a", "b"]
    assert diff.differences[0].after == ["b"]
