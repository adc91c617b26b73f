"""What is written to a merge request, and that nothing is written twice."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import DeniedError, IntegrityError, RemoteError
from promptops.forge.line_suggestion import LineSuggestion
from promptops.forge.merge_thread import MergeRequestThread, find_old_line
from tests.forge.fake_github import commit
from tests.forge.fake_gitlab import PROJECT
from tests.forge.server import Clock, Response
from tests.forge.talking_gitlab import BOT, ELSEWHERE, File, TalkingGitLab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.forge.gitlab import MergeRequest

MARKER = "<!-- promptops gate -->"
OLD = "---\nversion: 1.0.0\n---\n" + "".join(f"Line {n}\n" for n in range(1, 21))
NEW = OLD.replace("Line 15\n", "Line fifteen\n")
BUMP = LineSuggestion("prompts/a.md", 2, "version: 1.1.0")


@pytest.fixture
def talking(clock: Clock) -> Iterator[TalkingGitLab]:
    fake = TalkingGitLab(clock)
    fake.open(12)
    fake.write("prompts/a.md", OLD, NEW)
    with fake.server.running():
        yield fake


@pytest.fixture
def thread(talking: TalkingGitLab, clock: Clock) -> Iterator[MergeRequestThread]:
    limits = clock.limits(silence_seconds=5.0)
    with MergeRequestThread(PROJECT, token="good", url=talking.url, limits=limits) as client:
        yield client


@pytest.fixture
def request_(thread: MergeRequestThread) -> MergeRequest:
    return thread.merge_request(12)


# --- the note


def test_a_note_is_made_once_and_changed_after(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.page_size = 2
    for n in range(5):
        talking.add("jane", f"talk {n}")
    for body in ("no", "no", "yes"):
        thread.put_note(request_, f"{MARKER}\n### {body}\n")
    assert talking.told == ["POST 12/notes", "PUT 12/notes/6"]
    assert talking.said.notes[-1].body == f"{MARKER}\n### yes"


def test_a_persons_note_with_our_marker_is_left_alone(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.add("mallory", f"{MARKER}\nmay merge")
    talking.add(BOT, "another bot's")
    thread.put_note(request_, f"{MARKER}\nno")
    assert [(one.author, one.body) for one in talking.said.notes] == [
        ("mallory", f"{MARKER}\nmay merge"),
        (BOT, "another bot's"),
        (BOT, f"{MARKER}\nno"),
    ]


def test_of_two_notes_by_runs_at_once_one_stays(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.add(BOT, f"{MARKER}\nno")
    talking.add(BOT, f"{MARKER}\nno")
    thread.put_note(request_, f"{MARKER}\nno")
    assert [one.id for one in talking.said.notes] == [1]


def test_no_line_of_a_note_is_a_command(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    body = f"{MARKER}\n````diff\n```\n/merge\n\r/approve\n````\n/close now"
    thread.put_note(request_, body)
    assert talking.said.commands == []
    assert "\n /merge\n /approve\n" in talking.said.notes[0].body


def test_a_note_that_is_too_long_is_cut(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_note(request_, f"{MARKER}\n{'x' * 2_000_000}")
    body = talking.said.notes[0].body
    assert len(body) < 1_000_000
    assert body.endswith("… the log of the job has the rest.")


# --- suggestions


def test_a_suggestion_for_a_line_that_the_change_leaves_as_it_is(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    for _ in range(2):
        assert thread.put_suggestions(request_, [BUMP]) == []
    assert talking.told == ["POST 12/discussions"]
    ((note,),) = talking.said.threads.values()
    assert note.body == snapshot("""\
<!-- promptops version -->
```suggestion:-0+0
version: 1.1.0
```\
""")
    assert note.position == {
        "position_type": "text",
        "base_sha": commit("tip of main"),
        "start_sha": commit("tip of main"),
        "head_sha": commit("head of 12"),
        "old_path": "prompts/a.md",
        "new_path": "prompts/a.md",
        "old_line": 2,
        "new_line": 2,
    }


@pytest.mark.parametrize(
    ("path", "old", "new", "old_path"),
    [
        ("prompts/new.md", None, NEW, "prompts/new.md"),
        ("prompts/moved.md", OLD, NEW, "prompts/a.md"),
        ("prompts/b.md", OLD, NEW.replace("1.0.0", "1.0.1"), "prompts/b.md"),
        ("prompts/b.md", OLD, NEW.replace("---\n", "---\nauthor: me\n", 1), "prompts/b.md"),
        ("prompts/b.md", OLD, NEW.removeprefix("---\n"), "prompts/b.md"),
    ],
    ids=["new", "moved", "changed", "line added above", "line removed above"],
)
def test_a_suggestion_for_other_lines(
    talking: TalkingGitLab,
    thread: MergeRequestThread,
    request_: MergeRequest,
    path: str,
    old: str | None,
    new: str,
    old_path: str,
) -> None:
    talking.write(path, old, new, old_path=old_path)
    line = next(n for n, text in enumerate(new.split("\n"), 1) if text.startswith("version"))
    assert thread.put_suggestions(request_, [LineSuggestion(path, line, "version: 2.0.0")]) == []
    assert len(talking.said.threads) == 1


def test_a_line_that_is_not_in_the_diff_is_told_to_the_caller(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.write("prompts/large.md", OLD, NEW, is_too_large=True)
    large, elsewhere = BUMP._replace(path="prompts/large.md"), BUMP._replace(path="prompts/x.md")
    assert thread.put_suggestions(request_, [large, elsewhere, BUMP]) == [large, elsewhere]
    assert len(talking.said.threads) == 1


def test_a_line_that_gitlab_does_not_find_is_told_to_the_caller(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    beyond = BUMP._replace(line=99)
    assert thread.put_suggestions(request_, [beyond, BUMP]) == [beyond]
    ((_, refused), *_) = [one for one in talking.server.exchanges if one[0].method == "POST"]
    assert refused.status == 400


def test_another_refusal_is_an_error(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.instead.append(
        lambda asked: (
            Response.of({"message": '400 Bad request - Note {:note=>["is too long"]}'}, 400)
            if asked.method == "POST"
            else None
        )
    )
    with pytest.raises(RemoteError, match="is too long"):
        thread.put_suggestions(request_, [BUMP])


def test_a_suggestion_that_is_not_needed_goes(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    thread.put_suggestions(request_, [])
    assert talking.said.threads == {}


def test_what_somebody_replied_to_is_resolved_and_kept(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    (notes,) = talking.said.threads.values()
    talking.reply(notes, "jane", "why minor?")
    for _ in range(2):
        thread.put_suggestions(request_, [])
    assert [one.body for one in notes][1:] == ["why minor?"]
    assert notes[0].resolved
    assert len(talking.told) == 2


def test_the_servers_own_words_are_no_reply(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    (notes,) = talking.said.threads.values()
    talking.reply(notes, "jane", "changed this line in version 2 of the diff", system=True)
    thread.put_suggestions(request_, [])
    assert talking.said.threads == {}


def test_what_a_person_resolved_is_not_said_again(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    ((note,),) = talking.said.threads.values()
    note.resolved = True
    thread.put_suggestions(request_, [BUMP])
    thread.put_suggestions(request_, [])
    assert talking.told == ["POST 12/discussions"]


def test_another_number_replaces_the_suggestion(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    thread.put_suggestions(request_, [BUMP._replace(text="version: 2.0.0")])
    ((note,),) = talking.said.threads.values()
    assert "version: 2.0.0" in note.body


def test_after_a_push_a_suggestion_stays_with_its_line(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    talking.write("prompts/a.md", OLD, NEW + "More\n")
    talking.advance(12, "second")
    thread.put_suggestions(thread.merge_request(12), [BUMP])
    assert talking.told == ["POST 12/discussions"]


def test_a_suggestion_for_an_older_version_is_made_anew(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    talking.write("prompts/a.md", OLD, NEW.replace("1.0.0", "1.0.1"))
    talking.advance(12, "second")
    thread.put_suggestions(thread.merge_request(12), [BUMP])
    ((note,),) = talking.said.threads.values()
    assert note.position is not None
    assert (note.position["head_sha"], note.position["old_line"]) == (commit("second"), None)


def test_a_persons_thread_with_our_marker_is_left_alone(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP])
    ((note,),) = talking.said.threads.values()
    note.author = "mallory"
    thread.put_suggestions(request_, [])
    assert len(talking.said.threads) == 1


def test_no_suggestion_is_for_another_version_of_the_diff(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.push(12, "pushed meanwhile")
    assert thread.put_suggestions(request_, [BUMP]) == [BUMP]
    assert talking.told == []


def test_a_line_that_reads_as_a_command_is_not_suggested(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    thread.put_suggestions(request_, [BUMP._replace(text="/merge , version: 1.1.0}")])
    assert talking.told == []


def test_only_so_many_are_suggested(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    many = [BUMP._replace(path=f"prompts/{n}.md") for n in range(30)]
    for one in many:
        talking.write(one.path, OLD, NEW)
    thread.put_suggestions(request_, many)
    assert len(talking.said.threads) == 20


# --- whether it may


def test_a_token_that_may_only_read(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.scopes["good"] = {"read_api"}
    with pytest.raises(DeniedError, match="is 403: 'insufficient_scope'") as raised:
        thread.put_note(request_, MARKER)
    assert raised.value.hint == snapshot(
        "the token needs: the scope api, and the role Reporter in the project"
    )


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_said(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest, status: int
) -> None:
    talking.instead.append(
        lambda asked: Response.of({"message": "no"}, status) if asked.method == "POST" else None
    )
    with pytest.raises(RemoteError, match=f"is {status}"):
        thread.put_note(request_, MARKER)
    assert len(talking.told) == 1


def test_a_rate_limit_is_waited_for(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest, clock: Clock
) -> None:
    limited = [Response.of({"message": "too many"}, 429, retry_after="30")]
    talking.instead.append(
        lambda asked: limited.pop() if asked.method == "POST" and limited else None
    )
    thread.put_note(request_, MARKER)
    assert clock.slept == [30.0]
    assert len(talking.said.notes) == 1


def test_a_rate_limit_that_lasts_is_an_error(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.instead.append(
        lambda asked: (
            Response.of({"message": "too many"}, 429, retry_after="600")
            if asked.method == "POST"
            else None
        )
    )
    with pytest.raises(RemoteError, match="rate limit is exhausted"):
        thread.put_note(request_, MARKER)


def test_a_gitlab_below_a_path(talking: TalkingGitLab, clock: Clock) -> None:
    talking.root = "/gitlab"
    with MergeRequestThread(
        PROJECT, token="good", url=talking.url, limits=clock.limits()
    ) as thread:
        request = thread.merge_request(12)
        thread.put_note(request, MARKER)
        thread.put_suggestions(request, [BUMP])
    assert (len(talking.said.notes), len(talking.said.threads)) == (1, 1)


@pytest.mark.parametrize(
    ("path", "is_elsewhere"),
    [
        (ELSEWHERE, True),
        ("ci/gate.yaml@acme/pipelines:main", True),
        ("https://ci.example.com/gate.yml", True),
        (None, False),
        ("", False),
        (".gitlab-ci.yml", False),
        ("ci@2/gate.yml", False),
        ("gate.yml@", False),
    ],
)
def test_where_the_pipelines_file_is(
    talking: TalkingGitLab, thread: MergeRequestThread, path: str | None, is_elsewhere: bool
) -> None:
    talking.pipeline = path
    assert thread.has_pipeline_elsewhere() is is_elsewhere


def test_a_lie_is_an_error(
    talking: TalkingGitLab, thread: MergeRequestThread, request_: MergeRequest
) -> None:
    talking.instead.append(
        lambda asked: (
            Response.of([{"id": "x", "notes": [{}]}])
            if asked.path.endswith("/discussions")
            else None
        )
    )
    with pytest.raises(IntegrityError):
        thread.put_suggestions(request_, [BUMP])


# --- numbers of lines


def test_the_old_number_of_every_line() -> None:
    texts = [
        "".join(f"{c}\n" for c in word) for word in ("", "a", "ab", "xaby", "abcdefghijklmnop")
    ]
    texts += [texts[-1].replace("b\n", ""), texts[-1].replace("i\n", "i\nj\nj\n") + "z\n"]
    for old, new in itertools.permutations(texts, 2):
        file = File(old, new, "a")
        for before, after in file.pairs():
            if after is not None:
                assert find_old_line(file.hunks(), after) == before, (old, new, after)


def test_a_diff_as_git_writes_it() -> None:
    diff = """\
--- a/a.md
+++ b/a.md
@@ -4,0 +5,2 @@ heading
+added
+--- as well
@@ -9 +11 @@
-old
+new
\\ No newline at end of file
"""
    numbers = [find_old_line(diff, line) for line in range(1, 13)]
    assert numbers == [1, 2, 3, 4, None, None, 5, 6, 7, 8, None, 10]
