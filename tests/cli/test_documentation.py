"""The pages of the documentation, as `promptops help` shows them."""

from __future__ import annotations

import pytest

from promptops.cli.documentation import list_pages, make_anchor, read_page, split_sections
from promptops.errors import NotFoundError

PAGE = """\
# Top
Before.
## One thing, and `another`
```sh
# a comment in a block
```
### Below
Deep.
## Two
````md
```
## no heading
```
````
"""


def test_a_section_has_what_is_below_it_and_no_more() -> None:
    sections = split_sections(PAGE)
    assert list(sections) == ["top", "one-thing-and-another", "below", "two"]
    assert sections["one-thing-and-another"].endswith("### Below\nDeep.")
    assert sections["below"] == "### Below\nDeep."
    assert sections["top"] == PAGE.strip()


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("What `doctor` looks at", "what-doctor-looks-at"),
        ("CI, and you", "ci-and-you"),
        ("A - B", "a---b"),
        ("Größe_1", "größe_1"),
    ],
)
def test_an_anchor_is_the_one_that_forges_make(heading: str, anchor: str) -> None:
    assert make_anchor(heading) == anchor


def test_each_page_is_listed_with_its_title_and_can_be_read() -> None:
    lines = list_pages().splitlines()
    assert len(lines) > 10
    for line in lines:
        name, title = line.split(None, 1)
        text = read_page(name)
        assert text.startswith(f"# {title}\n")
        assert "<!--" not in text.partition("\n```")[0]


def test_a_section_is_read_by_its_anchor() -> None:
    section = read_page("docs/protection.md#what-doctor-looks-at")
    assert section.startswith("## What")
    assert len(section) < len(read_page("docs/protection.md"))


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("docs/protektion.md", "no page docs/protektion.md", "did you mean docs/protection.md?"),
        ("setup.cfg", "no page setup.cfg", "promptops help docs lists them"),
        (
            "docs/protection.md#what-doctor-look-at",
            "docs/protection.md has no section",
            "did you mean what-doctor-looks-at?",
        ),
        (
            "docs/protection.md#zzz",
            "docs/protection.md has no section zzz",
            "promptops help docs/protection.md shows all of it",
        ),
    ],
)
def test_what_is_not_there_has_the_nearest_name(name: str, message: str, hint: str) -> None:
    with pytest.raises(NotFoundError, match=message) as caught:
        read_page(name)
    assert caught.value.hint == hint
