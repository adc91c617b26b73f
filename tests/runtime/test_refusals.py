"""Refusals are known by their phrases, at the beginning of an answer."""

from __future__ import annotations

import unicodedata

import pytest

from promptops.runtime.refusals import find_refusal


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I'm sorry, but I can't help with that.", "i can't help"),
        ("I cannot really provide that.", "i cannot really provide"),
        ("We are not able to share this.", "we are not able to share"),
        ("I am unable to assist.", "i am unable to assist"),
        ("I must decline.", "i must decline"),
        ("I\u2019d rather not say.", "i'd rather not say"),
        ("That is not something I can do.", "that is not something i can"),
        ("Das kann ich leider nicht.", "kann ich leider nicht"),
        ("Ich kann Ihnen dabei nicht helfen.", "ich kann ihnen dabei nicht"),
        ("Je ne peux pas répondre.", "je ne peux pas"),
        ("Lo siento, no puedo ayudar con eso.", "no puedo ayudar"),
        ("Non posso fornire questo.", "non posso fornir"),
        ("Não posso ajudar.", "não posso ajudar"),
        ("Ik kan u hier niet bij helpen.", "ik kan u hier niet"),
        ("我无法回答。", "我无法"),
        ("申し訳ありませんが、お答えできません。", "お答えできません"),
    ],
)
def test_a_refusal_in_each_language(text: str, words: str | None) -> None:
    assert find_refusal(text) == words
    # Accents may be written as characters of their own.
    assert find_refusal(unicodedata.normalize("NFD", text)) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "You can help yourself.",
        "The customer can't find the button.",
        "I can help with that.",
        "Das kann ich Ihnen sofort sagen.",
        "A firewall cannot provide that.",
    ],
)
def test_other_texts_are_no_refusals(text: str) -> None:
    assert find_refusal(text) is None


def test_only_the_beginning_of_an_answer_is_searched() -> None:
    refusal = "I can't help with that."
    assert find_refusal("x " * 150 + refusal) == "i can't help"
    assert find_refusal("x " * 200 + refusal) is None
