"""What GitHub is told of a verdict: one status, one comment, and lines to accept with a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import DeniedError
from promptops.forge.conversation import PullRequestThread, StatusState
from promptops.forge.line_suggestion import (
    MAX_SUGGESTIONS,
    SUGGESTION_MARKER,
    LineSuggestion,
    write_suggestion,
)
from tests.forge.fake_github import commit
from tests.protection.ci.talking import BOT, Comment, TalkingGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.forge.description import Description
    from tests.forge.server import Clock

HEAD = commit("head")
BODY = "<!-- promptops gate -->\nmay merge"


@pytest.fixture
def talking(clock: Clock, description: Description | None) -> Iterator[TalkingGitHub]:
    """A GitHub whose answers, and what it was told, are judged when the test is over."""
    fake = TalkingGitHub(clock)
    with fake.server.running():
        yield fake
    for request, response in fake.server.exchanges:
        if description is not None:
            description.judge(request, response)


@pytest.fixture
def thread(talking: TalkingGitHub, clock: Clock) -> Iterator[PullRequestThread]:
    """A client that may write statuses and comments."""
    with PullRequestThread(
        "acme/prompts", token="good", url=talking.url, limits=clock.limits()
    ) as client:
        yield client


def test_a_long_description_is_cut_to_what_github_takes(
    talking: TalkingGitHub, thread: PullRequestThread
) -> None:
    for length in (140, 141):
        thread.set_status(HEAD, "promptops", StatusState.FAILURE, "x" * length, url=None)
    whole, cut = (one.description for one in talking.said.statuses)
    assert whole == "x" * 140
    assert cut == "x" * 139 + "…"


def test_a_status_that_may_not_be_set_is_an_error(
    talking: TalkingGitHub, thread: PullRequestThread
) -> None:
    talking.may = set()
    with pytest.raises(DeniedError) as raised:
        thread.set_status(HEAD, "promptops", StatusState.SUCCESS, "may merge", url=None)
    assert "commit statuses: write" in f"{raised.value} {raised.value.hint}"


def test_there_is_one_comment_and_it_is_the_newest(
    talking: TalkingGitHub, thread: PullRequestThread
) -> None:
    # A person copied the marker, and two runs at once each wrote a comment.
    person = Comment(1, 7, "jane", BODY)
    talking.said.comments = [person, Comment(2, 7, BOT, BODY), Comment(3, 7, BOT, BODY)]
    thread.put_comment(7, f"{BODY} now")
    assert talking.said.comments == [person, Comment(2, 7, BOT, f"{BODY} now")]
    writes = [one.method for one, _ in talking.server.exchanges if one.method != "GET"]
    thread.put_comment(7, f"{BODY} now")
    assert [one.method for one, _ in talking.server.exchanges if one.method != "GET"] == writes


def test_a_comment_with_other_line_ends_is_still_ours(
    talking: TalkingGitHub, thread: PullRequestThread
) -> None:
    talking.said.comments = [Comment(1, 7, BOT, BODY.replace("\n", "\r\n"))]
    thread.put_comment(7, BODY)
    assert talking.said.comments == [Comment(1, 7, BOT, BODY)]


def test_a_comment_that_is_too_large_says_where_the_rest_is(
    talking: TalkingGitHub, thread: PullRequestThread
) -> None:
    thread.put_comment(7, BODY + "x" * 70_000)
    (comment,) = talking.said.comments
    assert len(comment.body) < 65_536
    assert comment.body.endswith("the log of the run has the rest.")


def suggest(*lines: int) -> list[LineSuggestion]:
    return [LineSuggestion("prompts/a.md", line, f"version: {line}") for line in lines]


def test_suggestions_follow_the_change(talking: TalkingGitHub, thread: PullRequestThread) -> None:
    talking.shown = {("prompts/a.md", line) for line in range(1, 100)}
    thread.put_suggestions(7, HEAD, suggest(1, 2))
    kept = talking.said.suggestions[1]
    thread.put_suggestions(7, HEAD, suggest(2, 3))
    assert kept in talking.said.suggestions
    bodies = {one["body"] for one in talking.said.suggestions}
    assert bodies == {write_suggestion(one) for one in suggest(2, 3)}
    thread.put_suggestions(7, HEAD, [])
    assert talking.said.suggestions == []


@pytest.mark.story
def test_a_line_that_the_diff_does_not_show_is_left_out(
    talking: TalkingGitHub, thread: PullRequestThread
) -> None:
    talking.shown = {("prompts/a.md", 2)}
    thread.put_suggestions(7, HEAD, suggest(1, 2))
    assert [one["line"] for one in talking.said.suggestions] == [2]


def test_a_suggestion_that_hangs_on_no_line_any_more_is_written_anew(clock: Clock) -> None:
    """Without the judge of answers: GitHub's description does not say that the line is null then."""
    fake = TalkingGitHub(clock)
    fake.shown = {("prompts/a.md", 2)}
    with (
        fake.server.running(),
        PullRequestThread(
            "acme/prompts", token="good", url=fake.url, limits=clock.limits()
        ) as thread,
    ):
        thread.put_suggestions(7, HEAD, suggest(2))
        fake.said.suggestions[0]["line"] = None
        thread.put_suggestions(7, HEAD, suggest(2))
    assert [one["line"] for one in fake.said.suggestions] == [2]


def test_a_change_gets_a_few_suggestions(talking: TalkingGitHub, thread: PullRequestThread) -> None:
    lines = range(1, MAX_SUGGESTIONS + 2)
    talking.shown = {("prompts/a.md", line) for line in lines}
    thread.put_suggestions(7, HEAD, suggest(*lines))
    assert len(talking.said.suggestions) == MAX_SUGGESTIONS
    assert all(one["body"].startswith(SUGGESTION_MARKER) for one in talking.said.suggestions)


def test_the_pull_request_of_a_commit_is_the_one_to_the_wanted_branch(
    talking: TalkingGitHub, thread: PullRequestThread
) -> None:
    assert thread.find_pull_request("acme", "change", HEAD, "main") is None
    talking.propose(6, HEAD).base = "old"
    talking.propose(7, HEAD)
    talking.propose(8, commit("newer"))
    found = [thread.find_pull_request("acme", "change", HEAD, to) for to in ("main", "old", "x")]
    assert [one.number if one else None for one in found] == [7, 6, 6]
    assert thread.find_pull_request("jane", "change", HEAD, "main") is None
