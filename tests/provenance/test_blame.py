"""Which release and commit each line of a text comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import GitError, NotFoundError
from promptops.prompt.reference import parse_ref
from promptops.provenance.blame import LineState, Origins, blame_prompt
from promptops.repository.repository import open_repository
from tests.showcase import PROMPT, TRIAGE, Showcase

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


OWN = f"{TRIAGE}.md"
TONE = "_shared/tone.md"


def blame(showcase: Showcase, ref: str = TRIAGE) -> Origins:
    return blame_prompt(showcase.repository, parse_ref(ref))


def origin(origins: Origins, text: str, path: str = OWN) -> tuple[str, str | None]:
    """State or version, and author, of the line that holds `text`."""
    (line,) = [one for one in origins.lines if one.path == path and text in one.text]
    return str(line.version or line.state.value), line.author.name if line.author else None


@pytest.mark.story
def test_every_line_has_the_first_release_that_has_it(untouched: Showcase) -> None:
    origins = blame(untouched)

    assert origin(origins, "description:") == ("1.0.0", "Jane Doe")
    assert origin(origins, "You triage all") == ("2.0.0", "Jane Doe")
    assert origin(origins, "Be kind.", TONE) == ("1.0.0", "Jane Doe")
    assert [line.path for line in origins.lines] == [OWN] * 15 + [TONE]
    assert [line.line for line in origins.lines] == [*range(1, 16), 1]
    assert {line.state for line in origins.lines} == {LineState.RELEASED}


@pytest.mark.parametrize(
    ("ref", "words", "version"),
    [
        (f"{TRIAGE}@1.1.0", "You triage support", "1.1.0"),
        (f"{TRIAGE}@staging", "You triage support", "1.1.0"),
        (f"{TRIAGE}@production", "You triage tickets", "1.0.0"),
        (f"{TRIAGE}@latest", "You triage all", "2.0.0"),
        (f"{TRIAGE}@working", "You triage all", "2.0.0"),
    ],
)
def test_a_selector_says_which_text(
    untouched: Showcase, ref: str, words: str, version: str
) -> None:
    assert origin(blame(untouched, ref), words)[0] == version


def test_lines_on_their_way_are_told_apart(showcase: Showcase) -> None:
    text = PROMPT.format(version="2.1.0", words="You triage all tickets.\nBe brief.")
    showcase.repo.write(f"prompts/{OWN}", text)
    showcase.repo.git("add", "-A")
    showcase.repo.git("commit", "-qm", "Be brief", "--author", "John Roe <john@example.com>")
    showcase.repo.write(f"prompts/{TONE}", "Be kind.\nBe calm.\n")

    origins = blame(showcase)

    assert origin(origins, "Be brief.") == ("unreleased", "John Roe")
    assert origin(origins, "Be calm.", TONE) == ("uncommitted", None)


def test_a_file_that_no_commit_has_is_uncommitted_as_a_whole(showcase: Showcase) -> None:
    showcase.repo.write(
        "prompts/new.md", PROMPT.format(version="1.0.0", words="You are new.").rstrip("\n")
    )

    origins = blame(showcase, "new")

    own = [line for line in origins.lines if line.path == "new.md"]
    assert {line.state for line in own} == {LineState.UNCOMMITTED}
    assert [line.line for line in own] == list(range(1, 16))
    # The partial was committed long ago, but no release of this prompt has it yet.
    assert origin(origins, "Be kind.", TONE) == ("unreleased", "Jane Doe")


def test_a_repository_without_commits_has_uncommitted_lines_only(repo: Repo) -> None:
    repo.write("prompts/new.md", PROMPT.format(version="1.0.0", words="You are new."))
    repo.write(f"prompts/{TONE}", "Be kind.\n")

    origins = blame_prompt(open_repository(repo.path), parse_ref("new"))

    assert {line.state for line in origins.lines} == {LineState.UNCOMMITTED}


@pytest.mark.slow
def test_the_smallest_version_counts_not_the_earliest_tag(showcase: Showcase) -> None:
    """A fix that 1.2.0 and 2.1.0 both have behind them came in with 1.2.0."""
    repo = showcase.repo
    repo.git("switch", "-qc", "fix", f"prompts/{TRIAGE}@1.1.0")
    repo.write(f"prompts/{TONE}", "Be kind.\nBe calm.\n")
    repo.commit(message="Be calm")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-edit", "fix")
    showcase.publish("2.1.0", "You triage all tickets.")
    repo.git("switch", "-q", "fix")
    # The backport is tagged later and is smaller.
    showcase.write("1.2.0", "You triage support tickets.")
    from promptops.delivery.planning import plan_release
    from promptops.delivery.publication import create_releases

    repository = showcase.repository
    create_releases(repository, [plan_release(repository, TRIAGE, backport=True)], None, "op")
    repo.git("switch", "-q", "main")

    assert origin(blame(showcase), "Be calm.", TONE) == ("1.2.0", "Jane Doe")


def test_commits_that_blame_is_told_to_ignore_count_all_the_same(showcase: Showcase) -> None:
    showcase.repo.write(".git-blame-ignore-revs", f"{showcase.repo.rev('main~1')}\n")
    showcase.repo.config("blame.ignoreRevsFile", ".git-blame-ignore-revs")

    assert origin(blame(showcase), "You triage all")[0] == "2.0.0"


def test_texts_come_through_unchanged(showcase: Showcase) -> None:
    words = "\tnaïve 🙂 [bold]x[/bold] \\ \x0b end "
    showcase.write("2.1.0", words)

    assert origin(blame(showcase), words)[0] == "unreleased"


def test_windows_line_ends_are_not_part_of_a_line(showcase: Showcase) -> None:
    text = PROMPT.format(version="2.1.0", words="You are on Windows.")
    showcase.repo.commit({f"prompts/{OWN}": text.replace("\n", "\r\n")})

    lines = [line.text for line in blame(showcase).lines if line.path == OWN]

    assert lines == text.splitlines()


def test_a_release_whose_tag_is_broken_does_not_hide_the_others(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-f", f"prompts/{TRIAGE}@1.0.0", f"prompts/{TRIAGE}@1.0.0^{{}}")

    assert origin(blame(showcase), "You triage all")[0] == "2.0.0"


def test_a_shallow_clone_is_refused(showcase: Showcase, tmp_path: Path) -> None:
    clone = showcase.repo.clone(tmp_path / "clone", "--depth=1")

    with pytest.raises(GitError, match="this clone is shallow") as caught:
        blame_prompt(open_repository(clone.path), parse_ref(TRIAGE))

    assert caught.value.hint == snapshot("run git fetch --unshallow to get the whole history")


def test_a_bare_repository_has_releases_but_no_work_tree(
    showcase: Showcase, tmp_path: Path
) -> None:
    bare = open_repository(showcase.repo.clone(tmp_path / "bare", "--bare").path)

    assert blame_prompt(bare, parse_ref(f"{TRIAGE}@1.0.0")).at == "1.0.0"
    with pytest.raises(GitError, match="this is a bare repository"):
        blame_prompt(bare, parse_ref(TRIAGE))


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("support/triag", "there is no prompt support/triag in the work tree"),
        (f"{TRIAGE}@9.9.9", "support/triage 9.9.9 is not released"),
        ("support/reply@staging", "support/reply is not live in staging"),
    ],
)
def test_what_does_not_exist_is_refused(untouched: Showcase, ref: str, message: str) -> None:
    with pytest.raises(NotFoundError, match=message):
        blame(untouched, ref)
