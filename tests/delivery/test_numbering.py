"""The commit that writes the versions of what changed, before any branch has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery.numbering import follow_numbering, number_prompts
from promptops.errors import RefusedError
from promptops.prompt.version import Level
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.released import Press

if TYPE_CHECKING:
    from tests.stories.world import Team

NAMES = ["a", "b", "c"]


@pytest.fixture
def released(team: Team) -> Team:
    """All are released; since then `a` has changed, and `c` is a draft again."""
    press = Press(team.first)
    for name in NAMES:
        press.release(name, "1.0.0", "Answer {{ question }}")
    files = {
        "a": prompt_text(body="New {{ question }}"),
        "c": prompt_text(body="New", status="draft"),
    }
    team.commit({f"prompts/{name}.md": text for name, text in files.items()})
    return team


@pytest.mark.story
def test_the_versions_of_what_changed_are_written_in_one_commit(released: Team) -> None:
    repo, repository = released.first, open_repository(released.first.path)
    head = repo.rev("HEAD")

    made = number_prompts(repository, NAMES, None, drafts=False)

    assert made is not None
    assert [(one.name, str(one.before), str(one.after)) for one in made.bumps] == [
        ("a", "1.0.0", "1.1.0")
    ]
    assert (made.parent, made.branch) == (head, "main")
    assert repo.git("show", "--format=%s", "--unified=0", made.commit).split("\n")[-2:] == [
        "-version: 1.0.0",
        "+version: 1.1.0",
    ]
    assert repo.git("log", "-1", "--format=%s", made.commit) == snapshot("Release a 1.1.0")
    # Nothing has it yet, and the push is for this parent only.
    assert (repo.rev("HEAD"), repo.git("status", "--porcelain")) == (head, "")
    assert made.push_ref == (made.commit, "refs/heads/main", head)

    assert follow_numbering(repository, made)
    assert "version: 1.1.0" in (repo.path / "prompts/a.md").read_text()
    repo.git("push", "--quiet", "origin", "main")
    assert number_prompts(open_repository(repo.path), ["b"], None, drafts=False) is None


@pytest.mark.slow
def test_drafts_are_numbered_on_request_only(released: Team) -> None:
    repository = open_repository(released.first.path)
    made = number_prompts(repository, ["c"], None, drafts=True)
    assert made is not None
    assert [one.name for one in made.bumps] == ["c"]
    assert number_prompts(repository, ["c"], None, drafts=False) is None


@pytest.mark.slow
def test_a_branch_that_went_on_does_not_follow(released: Team) -> None:
    repository = open_repository(released.first.path)
    made = number_prompts(repository, ["a"], Level.MAJOR, drafts=True)
    assert made is not None
    assert str(made.bumps[0].after) == "2.0.0"
    released.first.commit({"other": "file"})
    assert not follow_numbering(repository, made)


@pytest.mark.slow
def test_numbers_are_written_on_top_of_the_merged_branch_only(released: Team) -> None:
    released.first.commit({"other": "file"})
    with pytest.raises(RefusedError, match="only on top of the merged branch") as caught:
        number_prompts(open_repository(released.first.path), NAMES, None, drafts=False)
    assert caught.value.hint == "git checkout main && git pull, then try again"


@pytest.mark.story
def test_many_numbers_are_listed_below_the_title(released: Team) -> None:
    names = ["a", "d", "e", "f"]
    press = Press(released.first)
    for name in names[1:]:
        press.release(name, "1.0.0", "Answer {{ question }}")
    new = {f"prompts/{name}.md": prompt_text(body="Else {{ question }}") for name in names}
    released.commit(new)
    made = number_prompts(open_repository(released.first.path), names, None, drafts=False)
    assert made is not None
    message = released.first.git("log", "-1", "--format=%B", made.commit)
    assert message.rstrip() == snapshot("""\
Release 4 prompts

a 1.0.0 -> 1.1.0
d 1.0.0 -> 1.1.0
e 1.0.0 -> 1.1.0
f 1.0.0 -> 1.1.0\
""")
