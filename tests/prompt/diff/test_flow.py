"""Prompts as the model reads them, however their text is spelt and split into files."""

from __future__ import annotations

import pytest

from promptops.prompt.diff import flow
from promptops.prompt.diff.flow import read_flow
from promptops.prompt.version import Level
from tests.prompt.diff.pieces import (
    BODY,
    INCLUDE,
    WITH_PARTIAL,
    diff_bodies,
    make_prompt,
    tell_messages,
)


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
    assert tell_messages(diff) == [("changed", "message 1 (user)")]
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


def test_newlines_of_other_systems_are_no_difference() -> None:
    assert diff_bodies(BODY, BODY.replace("\n", "\r\n")).is_empty


def test_a_prompt_is_its_messages_and_what_stands_between() -> None:
    body = "{% if ticket %}{% system %}\n a {{ticket}} {# c #}\n{% endsystem %}{% endif %}{% history %}"
    flow = read_flow(make_prompt(body))
    assert [(one.role, one.text) for one in flow.elements] == [
        (None, "{% if ticket %}"),
        ("system", "a {{ ticket }}"),
        (None, "{% endif %}"),
        ("history", "{% history %}"),
    ]
    assert flow.names["ticket"] == 2


def test_each_part_of_a_message_knows_the_files_that_lead_to_it() -> None:
    files = {"_p.md": 'p{% include "_q.md" %}', "_q.md": "q"}
    [message] = read_flow(make_prompt('a {% include "_p.md" %} b', files=files)).elements
    assert message.text == "a pq b"
    assert message.origins == (
        (2, ("triage.md",)),
        (3, ("triage.md", "_p.md")),
        (4, ("triage.md", "_p.md", "_q.md")),
        (6, ("triage.md",)),
    )


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("{{ a[0].b( 1,x = 2 ) }}", "{{ a[0].b(1, x=2) }}"),
        ("{{a-b}}{{ -a }}{{ a == -1 }}", "{{ a - b }}{{ -a }}{{ a == -1 }}"),
        ("{% set a='x' %}", '{% set a = "x" %}'),
        ("{{ 'say \"x\"' }}", "{{ 'say \"x\"' }}"),
        ("{{ 1 .real }}", "{{ 1 .real }}"),
        ("{%- if not a -%}", "{% if not a %}"),
        ("{% raw %}{{ a }}{% endraw %}", "{% raw %}{{ a }}{% endraw %}"),
    ],
)
def test_tags_are_shown_in_one_spelling(written: str, spelt: str) -> None:
    [message] = read_flow(make_prompt(written)).elements
    assert message.text == spelt


def test_a_renamed_input_is_read_under_its_new_name_where_it_is_one() -> None:
    body = "{{ ticket }} {{ a.ticket }} {{ f(ticket=1) }} ticket"
    [message] = read_flow(make_prompt(body), {"ticket": "case"}).elements
    assert message.text == "{{ case }} {{ a.ticket }} {{ f(case=1) }} ticket"
