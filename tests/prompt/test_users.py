"""Which prompts use a file, found through includes and whatever spelling names it."""

from __future__ import annotations

import pytest

from promptops.prompt.users import find_candidates, find_users
from tests.prompts import prompt_text


def users(files: dict[str, str], path: str) -> list[str]:
    data = {name: text.encode() for name, text in files.items()}
    return find_users(list(data), data.get, path)


def test_the_users_of_a_file_are_found_through_includes() -> None:
    files = {
        "a.md": prompt_text(body="{% include '_p/q.md' %}"),
        "b.md": prompt_text(body="{% include '_r.md' %}"),
        "c.md": prompt_text(body="_p/q.md and _r.md are only words here"),
        "_r.md": "{% include '_p/q.md' %}",
        "_p/q.md": "x",
    }
    assert users(files, "_p/q.md") == ["a", "b"]
    assert users(files, "_p") == ["a", "b"]
    assert users(files, "_r.md") == ["b"]
    assert users(files, "_") == []


@pytest.mark.parametrize(
    "text",
    [
        prompt_text(body="{% include '_p/' 'q.md' %}"),
        prompt_text(body="{% include '_p/q' '' '.md' %}"),
        prompt_text(output='"_p/\\x71.md"'),
    ],
)
def test_an_odd_spelling_hides_no_use(text: str) -> None:
    assert users({"a.md": text, "_p/q.md": "{}"}, "_p/q.md") == ["a"]


def test_candidates_are_found_in_every_version_of_a_text() -> None:
    texts = {"a.md": (b"", b"q.md"), "b.md": (b"other",), "_r.md": (b"q.md",), "c.md": (b"_r.md",)}
    assert find_candidates(texts, {"_p/q.md"}) == {"a", "c"}


def test_a_folder_is_used_by_whoever_uses_a_file_below_it() -> None:
    files = {
        "a.md": prompt_text(body='{% include "_shared/deep/tone.md" %}'),
        "b.md": prompt_text(output="_shared/out.json"),
        "c.md": prompt_text(body='{% include "_shared_too.md" %}'),
        "_shared/deep/tone.md": "x",
        "_shared/out.json": "{}",
        "_shared_too.md": "x",
    }
    assert users(files, "_shared") == ["a", "b"]
    assert users(files, "_shared/deep") == ["a"]
    assert users(files, "_none") == []


def test_partials_in_a_circle_and_mentions_in_a_text_are_no_trouble() -> None:
    files = {
        "a.md": prompt_text(body='{% include "_p.md" %}'),
        "b.md": prompt_text(body="see _p.md"),
        "Bad Name.md": prompt_text(body='{% include "_p.md" %}'),
        "_p.md": '{% include "_q.md" %}',
        "_q.md": '{% include "_p.md" %}',
    }
    assert users(files, "_q.md") == ["a"]
