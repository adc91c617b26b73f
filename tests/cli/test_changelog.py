"""`promptops changelog`: what every release says of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

NOTES = "# Heading\n\nText.\n\nOperation: not a trailer"


@pytest.fixture
def released(tmp_path: Path) -> Repo:
    """Releases 1.0.0 and 1.1.0, the newer one with notes, the older one yanked."""
    copy_template(build_released, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_released(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text()})
    accept(repo, "release", "a")
    repo.commit({"prompts/a.md": prompt_text("1.1.0", "New {{ question }}")})
    accept(repo, "release", "a", "--notes", NOTES)
    accept(repo, "yank", "a@1.0.0", "--reason", "wrong facts")


@pytest.mark.slow
def test_notes_come_out_as_they_went_in_newest_first(released: Repo) -> None:
    assert masked(accept(released, "changelog", "a")) == snapshot("""\
# a

## 1.1.0 (2026-01-01, Jane Doe)

# Heading

Text.

Operation: not a trailer

## 1.0.0 (2026-01-01, Jane Doe)

**Yanked**: wrong facts

First release.
""")


def test_json(released: Repo) -> None:
    document = json.loads(accept(released, "changelog", "a", "--format", "json"))
    assert document["schema"] == "promptops.changelog/v1"
    rows = [(row["version"], row["notes"], row["yanked"]) for row in document["releases"]]
    assert rows == [("1.1.0", NOTES, None), ("1.0.0", "First release.", "wrong facts")]


def test_a_prompt_without_releases(released: Repo) -> None:
    assert refuse(released, "changelog", "b", code=2) == snapshot("""\
error: b has no release
 hint: create the first with promptops release b\
""")
    assert refuse(released, "changelog", "../a", code=2) == snapshot("""\
error: '../a' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as a\
""")


def test_a_tag_that_is_no_release_is_never_left_out_silently(released: Repo) -> None:
    released.git("tag", "prompts/a@1.2.0")
    assert refuse(released, "changelog", "a", code=2) == snapshot("""\
error: the tag of a@1.2.0 is not an annotated tag
 hint: it was not made by promptops release; run promptops verify\
""")


@pytest.mark.slow
def test_all_prompts_that_have_a_release(released: Repo) -> None:
    assert refuse(released, "changelog", code=2) == snapshot("""\
error: no prompt given
 hint: name prompts, or give --all\
""")
    assert refuse(released, "changelog", "a", "--all", code=2) == snapshot("""\
error: names and --all cannot be combined
 hint: give one or the other\
""")
    released.commit({"prompts/z/b.md": prompt_text(), "prompts/z/none.md": prompt_text()})
    accept(released, "release", "z/b")
    told = accept(released, "changelog", "--all")
    assert [line for line in told.splitlines() if line.startswith("#") and "@" not in line] == [
        "# a",
        "## 1.1.0 (2026-01-01, Jane Doe)",
        "# Heading",
        "## 1.0.0 (2026-01-01, Jane Doe)",
        "# z/b",
        "## 1.0.0 (2026-01-01, Jane Doe)",
    ]
    assert accept(released, "changelog", "z/b", "a").startswith("# z/b\n")
    document = json.loads(accept(released, "changelog", "--all", "--format", "json"))
    assert document["schema"] == "promptops.changelogs/v1"
    assert [one["prompt"] for one in document["changelogs"]] == ["a", "z/b"]


def test_a_repository_without_releases_is_no_error(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    assert accept(repo, "changelog", "--all") == ""
    document = json.loads(accept(repo, "changelog", "--all", "--format", "json"))
    assert document["changelogs"] == []
