"""Which prompts there are, and what is live of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.listing import list_known_live, list_live, list_prompts, read_heads
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo

TRIAGE = "support/triage"


def test_each_prompt_is_listed_with_what_is_live_of_it(triage: Repo) -> None:
    triage.write("prompts/a.md", prompt_text(status="draft", tags="[x, y, 3]"))
    triage.write("prompts/b.md", "---\nversion: [1]\ndescription: |\n  two\n  lines\n---\n")
    triage.write("prompts/c.md", "no prompt\n")
    repository = open_repository(triage.path)

    a, b, c, found = list_prompts(repository, repository.working)

    assert (a.name, a.version, a.status, a.tags) == ("a", "1.0.0", "draft", ("x", "y", "3"))
    assert a.live == {}
    # What is not valid is listed all the same.
    assert (b.name, b.version, b.status, b.description) == ("b", None, "active", "two lines")
    assert (c.name, c.version) == ("c", None)
    assert found.name == TRIAGE
    assert {place: entry.describe() for place, entry in found.live.items()} == {
        "staging": "1.0.0 90%, 1.1.0 10%",
        "production": "1.1.0",
    }


def test_all_tags_that_are_asked_for_must_be_there(triage: Repo) -> None:
    for name, tags in {"a": "[x, y]", "b": "[x]", "c": "x"}.items():
        triage.write(f"prompts/{name}.md", prompt_text(tags=tags))
    repository = open_repository(triage.path)
    for asked, names in ((["x"], ["a", "b"]), (["x", "y"], ["a"]), (["z"], [])):
        found = list_prompts(repository, repository.working, tags=asked)
        assert [one.name for one in found] == names


@pytest.mark.slow
def test_what_is_live_is_known_without_its_file_unless_a_branch_is_broken(triage: Repo) -> None:
    (triage.path / f"prompts/{TRIAGE}.md").unlink()
    repository = open_repository(triage.path)
    assert list(read_heads(repository)) == ["staging", "production"]
    assert list(list_live(repository)) == [TRIAGE]
    assert list_known_live(repository) == {TRIAGE: ("staging", "production")}
    triage.git("update-ref", "refs/heads/promptops/production", "main")
    assert list_known_live(open_repository(triage.path)) == {}
