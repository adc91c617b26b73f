"""The version in a prompt's file: replaced alone, and left out of a digest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import InvalidPromptError
from promptops.prompt.version import Version
from promptops.prompt.version_line import (
    compute_content_digest,
    differ_in_version_alone,
    replace_version,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1.0.0", "version: 2.1.0"),
        ("version: '1.0.0'", "version: '2.1.0'"),
        ('version:   "1.0.0"  # note', 'version:   "2.1.0"  # note'),
        ("version: 10.20.30-rc.1", "version: 2.1.0"),
        (
            "description: 'version: 9.9.9'\nversion: 1.0.0",
            "description: 'version: 9.9.9'\nversion: 2.1.0",
        ),
        (
            "metadata: {version: 9.9.9}\nversion: 1.0.0",
            "metadata: {version: 9.9.9}\nversion: 2.1.0",
        ),
        ("author: 'ünï 🎉'\nversion: 1.0.0", "author: 'ünï 🎉'\nversion: 2.1.0"),
        ("{author: 'é', version: 1.0.0}", "{author: 'é', version: 2.1.0}"),
        ("version: &v 1.0.0\ntags: [*v]", "version: &v 2.1.0\ntags: [*v]"),
        ("version: !!str '1.0.0'", "version: !!str '2.1.0'"),
    ],
)
def test_only_the_value_changes(before: str, after: str) -> None:
    for line_end in ("\n", "\r\n"):
        whole = f"---\n{before}\n---\nversion: 1.0.0 stays\n".replace("\n", line_end).encode()
        wanted = f"---\n{after}\n---\nversion: 1.0.0 stays\n".replace("\n", line_end).encode()
        assert replace_version(whole, Version(2, 1, 0)) == wanted


@pytest.mark.slow
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r"), max_size=200))
def test_the_body_is_never_touched(body: str) -> None:
    head, tail = b"---\nversion: 1.0.0\n---\n", body.encode()
    assert replace_version(head + tail, Version(1, 0, 1)) == b"---\nversion: 1.0.1\n---\n" + tail


def test_a_file_without_a_version_says_what_to_add() -> None:
    with pytest.raises(InvalidPromptError, match="has no version") as caught:
        replace_version(b"---\nauthor: x\n---\n", Version(1, 0, 0))
    assert "version: 0.1.0" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("one", "other", "is_alone"),
    [
        ("version: 1.0.0\nauthor: x", "version: 2.0.0\nauthor: x", True),
        ("version: 1.0.0\nauthor: x", "version: 2.0.0-rc.1\nauthor: x", True),
        ("version: 1.0.0\nauthor: x", "version: 1.0.0\nauthor: x", False),
        ("version: 1.0.0\nauthor: x", "version: 2.0.0\nauthor: y", False),
        ("version: 1.0.0", 'version:  "1.0.0"', False),
        ("author: x", "version: 1.0.0\nauthor: x", False),
        # The rest of the file may say the version again.
        ("version: &v 1.0.0\ntags: [*v]", "version: &v 2.0.0\ntags: [*v]", False),
        (
            "version: &version '1.0.0'\ntags: [*version]",
            "version: &version '2.0.0'\ntags: [*version]",
            False,
        ),
        ("version: !!str 1.0.0", "version: !!str 2.0.0", True),
        ("metadata: {version: 1.0.0}", "metadata: {version: 2.0.0}", False),
    ],
)
def test_two_states_differ_in_the_version_alone(one: str, other: str, is_alone: bool) -> None:
    first, second = (f"---\n{text}\n---\nHello\n".encode() for text in (one, other))
    assert differ_in_version_alone(first, second) is is_alone


def test_a_content_digest_is_of_everything_but_the_version() -> None:
    def digest(version: str, body: str = "Hello", partial: str = "p") -> str:
        text = f"---\nversion: {version}\n---\n{body}\n"
        files = {"a.md": text.encode(), "_p.md": partial.encode()}
        return compute_content_digest(files, "a.md")

    assert digest("1.0.0") == digest("2.0.0")
    others = {digest("1.0.0", body="Bye"), digest("1.0.0", partial="version: 1.0.0")}
    assert len(others | {digest("1.0.0")}) == 3
