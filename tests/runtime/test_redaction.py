"""Redaction: what goes, and what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.runtime.log.content import to_json
from promptops.runtime.redaction import may_be_redacted, redact, redact_secrets, redact_value
from tests.screens import masked

PHONE = "+49 171 39028" + "46"
CARD = "4539 1488 0343" + " 6467"
KEY = "sk-ant-api03-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7" * 3


def test_secrets_and_personal_data_are_replaced_by_what_they_were() -> None:
    text = f"Call {PHONE}, pay with {CARD}, use {KEY}."
    assert redact(text) == snapshot(
        "Call [redacted telephone number], pay with [redacted credit card], "
        "use [redacted Anthropic key]."
    )
    assert masked(redact_secrets(text)) == snapshot(
        "Call +49 171 3902846, pay with 4539 1488 0343 6467, use [redacted Anthropic key]."
    )


def test_a_text_without_any_is_the_same_object() -> None:
    text = "My order 12345 came late, and the number +1 202 555 0143 is for examples."
    assert redact(text) is text


def test_surrogates_and_nuls_stay_where_they_are() -> None:
    assert redact(f"\ud800\x00 {PHONE} \udfff") == snapshot(
        "\ud800\x00 [redacted telephone number] \udfff"
    )


def test_data_is_redacted_at_any_depth_and_in_names() -> None:
    value = {
        "a": [{"b": (PHONE, True, 3, None)}],
        PHONE: 1,
        f"{PHONE} ": 2,
        "card": int("4539148803436467"),
    }
    assert redact_value(value) == {
        "a": [{"b": ["[redacted telephone number]", True, 3, None]}],
        "[redacted telephone number]": 1,
        "[redacted telephone number] ": 2,
        "card": "[redacted credit card]",
    }
    assert redact_value({PHONE: 1, PHONE.replace(" ", "-"): 2}) == {
        "[redacted telephone number]": 1,
        "[redacted telephone number] (2)": 2,
    }


@pytest.mark.slow
@given(st.text())
def test_redaction_of_the_redacted_changes_nothing(text: str) -> None:
    once = redact(f"{text} {PHONE} {text}")
    assert PHONE not in once
    assert redact(once) == once


PIECES = st.one_of(
    st.sampled_from(
        [PHONE, CARD, KEY, CARD.replace(" ", "-"), "FR76 3000 4000 0312 3456 7890" + " 143"]
    ),
    st.sampled_from(["postgres://jo:kQ8" + "vX2pT@db/x", "\n", '"', "\\", " ", "\ud800", "é", "٣"]),
    st.text(max_size=3),
)
TEXTS = st.lists(PIECES, max_size=4).map("".join)
VALUES = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.just(4539148803436467)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.story
@given(VALUES)
def test_the_fast_search_misses_nothing_that_is_redacted(value: object) -> None:
    if not may_be_redacted(to_json(value)):
        assert redact_value(value) is value


def test_the_fast_search_spares_most_texts() -> None:
    assert not may_be_redacted(to_json({"messages": [{"role": "user", "content": 'Hello!\n"12"'}]}))
