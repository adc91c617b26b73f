"""The frontmatter of other tools: what is read of it, and under which of our keys."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.header import (
    add_metadata,
    provider,
    read_yaml,
    split,
    split_lax,
    take_settings,
)


@pytest.mark.parametrize(
    ("text", "data", "body", "line"),
    [
        ("Hi\n---\n", {}, "Hi\n---\n", 1),
        ("\ufeffHi\n", {}, "Hi\n", 1),
        ("---\na: 1\n---\nHi\n", {"a": 1}, "Hi\n", 4),
        ("\ufeff--- \n---\nHi\n", {}, "Hi\n", 3),
        ("---\na: 1\n---", {"a": 1}, "", 3),
        ("---\na: |\n  x ---\n---\n", {"a": "x ---\n"}, "", 5),
        ("---\nnever closed\n", {}, "---\nnever closed\n", 1),
    ],
)
def test_a_file_is_split_at_its_frontmatter(
    text: str, data: dict[str, Any], body: str, line: int
) -> None:
    assert split(text) == (data, body, line)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("a: b: c\n", "it is not YAML: line 1: mapping values are not allowed"),
        ("- a\n", "it is not a YAML mapping"),
        ("a: &b [*b]\n", "it is not YAML"),
    ],
)
def test_what_is_no_mapping_is_refused(source: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_yaml(source)


def test_keys_are_texts() -> None:
    assert read_yaml("2: a\nyes: b\n") == {"2": "a", "True": "b"}


def test_lines_that_are_no_yaml_are_read_as_pairs_and_that_is_said() -> None:
    (data, body, line), notes = split_lax("---\nname: 'a'\nabout: b: c\n---\nHi\n")
    assert (data, body, line) == ({"name": "a", "about": "b: c"}, "Hi\n", 5)
    assert [note.line for note in notes] == [1]
    assert split_lax("---\nname: a\n---\nHi\n")[1] == []


@pytest.mark.parametrize("line", ["no pair", "two words: b: c"])
def test_other_lines_stay_unreadable(line: str) -> None:
    with pytest.raises(UnreadableError):
        split_lax(f"---\na: b: c\n{line}\n---\nHi\n")


def test_parameters_get_our_names_and_others_are_passed_on() -> None:
    settings, notes = take_settings(
        {"topP": 0.5, "maxOutputTokens": 9, "stopSequences": ["x"], "topK": 4, "tools": ["a"]}
    )
    assert settings == {
        "top_p": 0.5,
        "max_tokens": 9,
        "stop": ["x"],
        "parameters": {"topK": 4},
    }
    assert [(note.message, note.is_lost) for note in notes] == [
        ("the parameter 'topK' is passed on to the model as it is", False),
        ("the parameter 'tools' is not carried over", True),
    ]


def test_unknown_keys_go_below_metadata_if_they_can() -> None:
    settings: dict[str, Any] = {"metadata": {"team": "a"}}
    notes = add_metadata(settings, {"name": "x", "stage": 2, "list": [1]}, {"name"})
    assert settings == {"metadata": {"team": "a", "stage": 2}}
    assert [note.message.partition(" is ")[0] for note in notes] == ["'stage'", "'list'"]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("googleai", "gemini/m"),
        ("vertexai", "vertex_ai/m"),
        ("azure_openai", "azure/m"),
        ("openai", "openai/m"),
        ("", "m"),
    ],
)
def test_providers_have_litellms_names(name: str, model: str) -> None:
    assert provider(name, "m") == model
