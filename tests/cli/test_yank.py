"""`promptops yank`: a release that must not be used, from the word on that it is pushed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

TAG = "refs/tags/yanked/prompts/a@1.1.0"


def build_team(folder: Path) -> None:
    team = Team.found(folder, ["a"])
    accept(team.first, "release", "a", "--push")
    team.commit({"prompts/a.md": prompt_text("1.1.0", "New {{ question }}")})
    accept(team.first, "release", "a", "--push")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """Releases 1.0.0 and 1.1.0 of one prompt, pushed."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


@pytest.mark.story
def test_a_yank_is_a_second_tag_with_the_reason(team: Team) -> None:
    result = run(team.first, "yank", "a@1.1.0", "--reason", "wrong facts")
    assert result.stdout == snapshot("a 1.1.0 yanked: wrong facts\n")
    assert result.stderr == snapshot("to publish: git push origin yanked/prompts/a@1.1.0\n")
    release = team.first.rev("refs/tags/prompts/a@1.1.0")
    text = team.first.git("cat-file", "tag", TAG)
    assert f"\n\nReason: wrong facts\nRelease-Tag: {release}\nOperation: " in text
    assert TAG not in team.remote.refs()


@pytest.mark.story
def test_what_is_yanked_is_not_chosen_any_more(team: Team) -> None:
    accept(team.first, "yank", "a@1.1.0", "--reason", "wrong facts", "--push")
    for clone in (team.first, team.clone("other")):
        told = refuse(clone, "promote", "a@1.1.0", "--to", "staging")
        assert "a@1.1.0 is yanked: wrong facts" in told
        told = refuse(clone, "promote", "a@^1.1", "--to", "staging", code=2)
        assert "released: 1.1.0 (yanked), 1.0.0" in told
    assert accept(team.first, "promote", "a", "--to", "staging") == snapshot(
        "staging: a (not deployed) -> 1.0.0\n"
    )
    accept(team.first, "verify")


@pytest.mark.story
def test_yanking_again_is_fine_and_the_first_reason_stays(team: Team) -> None:
    accept(team.first, "yank", "a@1.1.0", "--reason", "first")
    result = run(team.first, "yank", "a@1.1.0", "--reason", "second")
    assert result.stdout == snapshot("a 1.1.0 is already yanked: first\n")
    assert result.stderr == snapshot("to publish: git push origin yanked/prompts/a@1.1.0\n")
    accept(team.first, "yank", "a@1.1.0", "--reason", "second", "--push")
    assert run(team.first, "yank", "a@1.1.0", "--reason", "third").stderr == ""


@pytest.mark.slow
def test_two_who_yank_at_once_agree_on_what_was_pushed(team: Team) -> None:
    other = team.clone("other")
    accept(other, "yank", "a@1.1.0", "--reason", "mine", "--local")
    accept(team.first, "yank", "a@1.1.0", "--reason", "theirs", "--push")
    assert accept(other, "yank", "a@1.1.0", "--reason", "mine") == snapshot(
        "a 1.1.0 is already yanked: theirs\n"
    )


@pytest.mark.slow
def test_a_reason_cannot_pose_as_a_trailer(team: Team) -> None:
    reason = "bad\n\nRelease-Tag: forged\nOperation: forged"
    out = accept(team.first, "yank", "a@1.1.0", "--reason", reason)
    assert out == snapshot("a 1.1.0 yanked: bad Release-Tag: forged Operation: forged\n")
    accept(team.first, "verify")


@pytest.mark.slow
def test_a_refused_yank_is_taken_back(team: Team) -> None:
    team.remote.hook("pre-receive", "echo 'ask first' >&2; exit 1")
    told = refuse(team.first, "yank", "a@1.1.0", "--reason", "x", "--push")
    assert told == snapshot("""\
error: origin refused the yank: ask first (pre-receive hook declined)
 hint: nothing was changed; follow its message, or ask the remote's administrator\
""")
    assert TAG not in team.first.refs()


def test_a_dry_run_yanks_nothing(team: Team) -> None:
    words = ("yank", "a@1.1.0", "--reason", "x", "--push", "--dry-run", "--format", "json")
    document = json.loads(accept(team.first, *words))
    assert document == {
        "schema": "promptops.yank/v1",
        "prompt": "a",
        "version": "1.1.0",
        "yanked": True,
        "reason": "x",
        "pushed": False,
        "dry_run": True,
    }
    assert TAG not in team.first.refs()


_NONSENSE = (
    (("a", "--reason", "x"), "no version given"),
    (("a@latest", "--reason", "x"), "no version given"),
    (("a@1.1.0",), "no reason given"),
    (("a@1.1.0", "--reason", " \n"), "no reason given"),
    (("a@2.0.0", "--reason", "x"), "a 2.0.0 is not released"),
    (("b@1.0.0", "--reason", "x"), "b 1.0.0 is not released"),
    (("a@1.1.0", "--reason", "x", "--push", "--local"), "--push and --local cannot be combined"),
)


@pytest.mark.slow
def test_requests_that_make_no_sense(team: Team) -> None:
    for words, told in _NONSENSE:
        assert told in refuse(team.first, "yank", *words, code=2)
    # A number that nobody released would only be pasted in vain.
    assert refuse(team.first, "yank", "a", "--reason", "x", code=2) == snapshot("""\
error: no version given
 hint: released: 1.1.0, 1.0.0\
""")
