"""`promptops release`: what is frozen, what is refused, and that nothing is left half-done."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, follow_hint, refuse, run
from tests.prompts import prompt_text
from tests.released import Press
from tests.repositories import Repo
from tests.screens import masked
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

PATH = "prompts/a.md"


def build_team(folder: Path) -> None:
    Team.found(folder, ["a"])


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A remote and a clone with one prompt at 1.0.0, not released."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def build_released(folder: Path) -> None:
    accept(Team.found(folder, ["a"]).first, "release", "a", "--push")


@pytest.fixture
def released(tmp_path: Path) -> Repo:
    """The clone after 1.0.0 was released and pushed."""
    copy_template(build_released, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "first")


def tags(repo: Repo) -> list[str]:
    return sorted(ref.removeprefix("refs/tags/") for ref in repo.refs("refs/tags/"))


def message(repo: Repo, tag: str) -> str:
    return repo.git("for-each-ref", "--format=%(contents)", f"refs/tags/{tag}")


@pytest.mark.slow
def test_a_release_is_an_annotated_tag_that_says_what_was_frozen(team: Team) -> None:
    out = accept(team.first, "release", "a", "--notes", "# First\n\nHello.")
    assert masked(out) == snapshot("a 1.0.0 released (first release, <digest>)\n")
    text = message(team.first, "prompts/a@1.0.0")
    assert masked(text) == snapshot("""\
a 1.0.0

# First

Hello.

Prompt-Digest: <digest>
Prompt-Path: prompts/a.md
Prompt-Model: openai/gpt-4o-mini
Prompt-Change: new
Prompt-Base: none
Operation: <id>
""")
    for line in ("Prompt-Path: prompts/a.md", "Prompt-Change: new", "Prompt-Base: none"):
        assert line in text.splitlines()
    assert tags(team.remote) == []


@pytest.mark.story
def test_a_release_says_how_to_publish_it_and_whether_it_is_merged(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    told = run(released, "release", "a").stderr
    assert told == snapshot(
        "not merged yet: the commit is not on origin/main; once it is, promptops release a --push publishes it\n"
    )
    released.commit({f"prompts/{name}.md": prompt_text() for name in "xy"})
    told = run(released, "release", "x", "y").stderr
    assert told.count("not merged yet") == 1
    assert told == snapshot(
        "not merged yet: the commit is not on origin/main; once it is, promptops release x y --push publishes them\n"
    )
    released.commit({"prompts/b.md": prompt_text()})
    released.git("push", "-q", "origin", "main")
    result = run(released, "release", "b")
    assert result.stderr == snapshot("to publish: git push origin prompts/b@1.0.0\n")


@pytest.mark.slow
def test_the_same_bytes_again_are_fine_and_other_bytes_are_not(released: Repo) -> None:
    assert accept(released, "release", "a") == snapshot("a 1.0.0 already released by Jane Doe\n")
    released.commit({PATH: prompt_text("1.0.0", "Other {{ question }}")})
    assert refuse(released, "release", "a") == snapshot("""\
error: a@1.0.0 is already released by Jane Doe, with other content
 hint: a released version never changes; write the next one with promptops bump a\
""")


@pytest.mark.slow
def test_a_requoted_version_is_other_bytes(released: Repo) -> None:
    released.commit({PATH: prompt_text('"1.0.0"')})
    assert refuse(released, "release", "a") == snapshot("""\
error: a@1.0.0 is already released by Jane Doe, with other content
 hint: a released version never changes; write the next one with promptops bump a\
""")
    assert accept(released, "bump", "a") == snapshot(
        "a 1.0.0 -> 1.0.1 (patch change since 1.0.0)\n"
    )
    assert '"1.0.1"' in (released.path / PATH).read_text()


def test_uncommitted_changes_are_refused_with_the_command_that_helps(released: Repo) -> None:
    released.write(PATH, prompt_text("1.1.0", "New {{ question }}"))
    told = refuse(released, "release", "a")
    assert told == snapshot("""\
error: a has uncommitted changes in prompts/a.md
 hint: commit them first: git add prompts/a.md && git commit\
""")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "no frontmatter",
            snapshot("""\
error: a is not valid: prompts/a.md:1:1: the file does not begin with frontmatter
 hint: begin with a line '---', the metadata, and another line '---'\
"""),
        ),
        (
            prompt_text("banana"),
            snapshot("""\
error: a is not valid: prompts/a.md:2:10: 'banana' is not a version
 hint: a version is three numbers and an optional pre-release, such as 1.4.0 or 2.0.0-rc.1\
"""),
        ),
        (
            prompt_text("1.1.0", "{{ nope }}"),
            snapshot("""\
error: a is not valid: prompts/a.md:8:4: 'nope' is not a declared input
 hint: add 'nope: string' under 'inputs'\
"""),
        ),
        (
            prompt_text("1.1.0", "{% if %}"),
            snapshot("""\
error: a is not valid: prompts/a.md:8:7: expected an expression, got 'end of tag'
 hint: to write `{{`, `{%` or `{#` as text, put it between `{% raw %}` and `{% endraw %}`\
"""),
        ),
        (
            prompt_text("1.1.0", '{% include "_x.md" %}'),
            snapshot("""\
error: a is not valid: prompts/a.md:8:1: included file '_x.md' does not exist
 hint: did you mean 'a.md'?\
"""),
        ),
        (
            prompt_text("1.1.0", '{% include "../secret.md" %}'),
            snapshot("""\
error: a is not valid: prompts/a.md:8:1: the path has an empty, `.` or `..` segment
 hint: write the path from the prompts folder, such as `_shared/tone.md`\
"""),
        ),
    ],
    ids=count(),
)
def test_what_validate_calls_an_error_is_never_released(
    released: Repo, text: str, words: str
) -> None:
    released.commit({PATH: text})
    assert masked(refuse(released, "release", "a")) == words


@pytest.mark.slow
def test_a_step_must_be_as_large_as_the_change(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.0.1", "New {{ question }}")})
    told = refuse(released, "release", "a")
    assert told == snapshot("""\
error: a 1.0.1 is a patch bump from 1.0.0, but the change is minor: message 1 (user): the model reads another text
 hint: run promptops bump a to write a sufficient version\
""")


@pytest.mark.story
def test_a_version_below_a_newer_release_is_a_backport(released: Repo) -> None:
    released.commit({PATH: prompt_text("2.0.0", "Two {{ question }}")})
    accept(released, "release", "a")
    released.commit({PATH: prompt_text("1.1.0", "Fixed {{ question }}")})
    told = refuse(released, "release", "a")
    assert told == snapshot("""\
error: a 1.1.0 is lower than 2.0.0, which is released
 hint: write a version above 2.0.0 into the file, or release a fix of an older one with --backport\
""")
    out = accept(released, "release", "a", "--backport")
    assert masked(out) == snapshot("a 1.1.0 released (minor change since 1.0.0, <digest>)\n")


@pytest.mark.slow
def test_a_final_version_after_its_candidate_needs_no_change(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.1.0-rc.1", "New {{ question }}")})
    accept(released, "release", "a")
    released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    out = accept(released, "release", "a")
    assert masked(out) == snapshot("a 1.1.0 released (no change since 1.1.0-rc.1, <digest>)\n")


@pytest.mark.slow
def test_what_is_pushed_must_be_merged_unless_it_is_a_candidate(released: Repo) -> None:
    released.git("checkout", "-q", "-b", "feature")
    released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    told = refuse(released, "release", "a", "--push")
    assert told == snapshot("""\
error: a 1.1.0 is not merged: its commit is not on origin/main
 hint: merge and push it first (git push origin main); a pre-release may be pushed from any branch\
""")
    assert tags(released) == ["prompts/a@1.0.0"]
    released.commit({PATH: prompt_text("1.1.0-rc.1", "New {{ question }}")})
    accept(released, "release", "a", "--push")


@pytest.mark.slow
def test_a_release_of_an_unmerged_commit_can_be_taken_back(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    accept(released, "release", "a")
    told = refuse(released, "release", "a", "--push")
    assert told == snapshot("""\
error: a 1.1.0 is not merged: its commit is not on origin/main
 hint: it was released from a commit that was never merged; to undo the release: git tag -d prompts/a@1.1.0\
""")


@pytest.mark.slow
def test_all_leaves_drafts_alone_even_broken_ones(team: Team) -> None:
    team.first.commit({"prompts/b.md": prompt_text(status="draft", body="{{ nope }}")})
    assert masked(accept(team.first, "release", "--all")) == snapshot(
        "a 1.0.0 released (first release, <digest>)\n"
    )
    assert tags(team.first) == ["prompts/a@1.0.0"]


@pytest.mark.slow
def test_a_draft_is_not_released_by_name_until_its_mark_is_gone(team: Team) -> None:
    team.first.commit({"prompts/b.md": prompt_text(status="draft")})
    before = team.first.git("rev-parse", "HEAD")

    said = refuse(team.first, "release", "b")
    bumped = refuse(team.first, "release", "b", "--bump", "minor")

    assert masked(said) == snapshot("""\
error: b is a draft, and drafts are not released
 hint: remove 'status: draft' from its file once it is reviewed and done\
""")
    assert "remove 'status: draft'" in bumped
    assert team.first.git("rev-parse", "HEAD") == before
    team.first.commit({"prompts/b.md": prompt_text()})
    assert accept(team.first, "release", "b").startswith("b 1.0.0 released")


@pytest.mark.slow
def test_what_was_released_as_a_draft_stays_released(team: Team) -> None:
    Press(team.first).release("c", "1.0.0", "Say {{ question }}.", status="draft")

    assert masked(accept(team.first, "release", "c", "--local")) == snapshot(
        "c 1.0.0 already released by Jane Doe\n"
    )


@pytest.mark.slow
def test_one_refused_prompt_refuses_all(team: Team) -> None:
    team.first.commit({f"prompts/{name}.md": prompt_text(body="{{ nope }}") for name in "bc"})
    result = run(team.first, "release", "--all")
    assert result.exit_code == 1
    assert result.stderr == snapshot("""\
warning: b is not valid: prompts/b.md:8:4: 'nope' is not a declared input
   hint: add 'nope: string' under 'inputs'
warning: c is not valid: prompts/c.md:8:4: 'nope' is not a declared input
   hint: add 'nope: string' under 'inputs'
error: 2 prompts cannot be released, so nothing was released
 hint: fix the errors above
""")
    assert tags(team.first) == []


@pytest.mark.slow
def test_bump_writes_commits_and_releases(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.0.0", "New {{ question }}")})
    result = run(released, "release", "a", "--bump", "auto")
    assert result.stderr == snapshot("""\
a 1.0.0 -> 1.1.0, committed
not merged yet: the commit is not on origin/main; once it is, promptops release a --push publishes it
""")
    assert masked(result.stdout) == snapshot(
        "a 1.1.0 released (minor change since 1.0.0, <digest>)\n"
    )
    assert released.git("log", "-1", "--format=%s") == "Bump a 1.1.0"
    assert released.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_bump_commits_nothing_but_the_version(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.0.0", "New {{ question }}"), "b": "1"})
    released.write(PATH, prompt_text("1.0.0", "Newer {{ question }}"))
    assert refuse(released, "release", "a", "--bump", "auto") == snapshot("""\
error: a has uncommitted changes in prompts/a.md
 hint: commit them first: git add prompts/a.md && git commit\
""")
    released.git("checkout", "-q", "--", PATH)
    released.write("b", "2")
    released.git("add", "b")
    accept(released, "release", "a", "--bump", "auto")
    assert released.git("show", "--format=", "--name-only", "HEAD") == PATH
    assert released.git("status", "--porcelain") == "M  b"


@pytest.mark.slow
def test_a_bump_that_cannot_be_committed_is_undone(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.0.0", "New {{ question }}")})
    released.hook("pre-commit", "echo 'not on my watch' >&2; exit 1")
    assert refuse(released, "release", "a", "--bump", "auto", code=2) == snapshot("""\
error: git commit failed: not on my watch
 hint: no version was changed; follow the message of Git, then try again\
""")
    assert released.git("status", "--porcelain") == ""
    assert tags(released) == ["prompts/a@1.0.0"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--bump", "huge"),
            snapshot("""\
error: 'huge' is not a level
 hint: one of: patch, minor, major, auto\
"""),
        ),
        (
            ("--bump", "auto", "--dry-run"),
            snapshot("""\
error: --bump cannot be combined with --dry-run
 hint: use promptops bump --dry-run\
"""),
        ),
        (
            ("--bump", "auto", "--push"),
            snapshot("""\
error: --bump makes a commit that is not on origin yet, so it cannot --push
 hint: release with --bump, push the branch, then promptops release again with --push; or let releases write all numbers: [gate] versions = "release" (docs/gate.md)\
"""),
        ),
        (
            ("--push", "--local"),
            snapshot("""\
error: --push and --local cannot be combined
 hint: give one or the other\
"""),
        ),
        (
            ("--all",),
            snapshot("""\
error: names and --all cannot be combined
 hint: give one or the other\
"""),
        ),
        (
            ("--notes", "@/no/such/file"),
            snapshot("""\
error: /no/such/file: no such file or directory
 hint: check that the file exists and is accessible, and that the disk is not full\
"""),
        ),
    ],
    ids=count(),
)
def test_options_that_make_no_sense(released: Repo, options: tuple[str, ...], words: str) -> None:
    head = released.commit({PATH: prompt_text("1.0.0", "New {{ question }}")})
    if "--notes" in options:
        head = released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    assert masked(refuse(released, "release", "a", *options, code=2)) == words
    assert released.rev("HEAD") == head
    assert tags(released) == ["prompts/a@1.0.0"]


@pytest.mark.slow
def test_notes_from_standard_input_are_utf_8(team: Team) -> None:
    result = run(team.first, "release", "a", "--notes", "@-", stdin=b"\xff")
    assert result.exit_code == 2
    assert result.stderr == snapshot("""\
error: standard input is not UTF-8
 hint: save the notes as UTF-8
""")
    accept(team.first, "release", "a", "--notes", "@-", stdin="nötes\n")
    assert "\n\nnötes\n\n" in message(team.first, "prompts/a@1.0.0")


@pytest.mark.slow
def test_a_dry_run_changes_nothing(team: Team) -> None:
    assert masked(accept(team.first, "release", "a", "--dry-run")) == snapshot(
        "a 1.0.0 would be released (first release, <digest>)\n"
    )
    assert tags(team.first) == []


@pytest.mark.slow
def test_json_says_what_became_of_each(team: Team) -> None:
    for already in (False, True):
        document = json.loads(accept(team.first, "release", "a", "--push", "--format", "json"))
        (row,) = document["releases"]
        assert document["schema"] == "promptops.release/v1"
        assert (document["pushed"], document["dry_run"]) == (True, False)
        assert (row["prompt"], row["version"], row["change"]) == ("a", "1.0.0", "new")
        assert row["already_released"] is already
        assert row["tag"] == team.remote.rev("refs/tags/prompts/a@1.0.0")


@pytest.mark.slow
@pytest.mark.parametrize("spoken", ["echo 'run the linter first'", "echo 'run it' >&2", ":"])
def test_a_pre_push_hook_may_refuse_and_no_tag_stays(team: Team, spoken: str) -> None:
    team.first.hook("pre-push", f"{spoken}; exit 1")
    told = refuse(team.first, "release", "a", "--push", code=2)
    assert "the pre-push hook rejected the push" in told
    assert tags(team.first) == []


@pytest.mark.slow
def test_a_remote_may_refuse_and_no_tag_stays(team: Team) -> None:
    team.remote.hook("pre-receive", "echo 'Policy 42: ask first' >&2; exit 1")
    told = refuse(team.first, "release", "a", "--push")
    assert told == snapshot("""\
error: origin refused the release: Policy 42: ask first (pre-receive hook declined)
 hint: nothing was changed; follow its message, or ask the remote's administrator\
""")
    assert tags(team.first) == tags(team.remote) == []


@pytest.mark.slow
def test_what_promptops_says_on_the_remote_is_said_here(team: Team) -> None:
    team.remote.hook("pre-receive", "printf 'error: no\\n hint: ask first\\n' >&2; exit 1")
    told = refuse(team.first, "release", "a", "--push")
    assert told == snapshot(
        "error: origin refused the release: no\n hint: nothing was changed; ask first"
    )


@pytest.mark.story
def test_a_remote_without_atomic_push_gets_one_at_a_time(team: Team) -> None:
    team.commit({"prompts/b.md": prompt_text()})
    team.remote.config("receive.advertiseAtomic", "false")
    told = refuse(team.first, "release", "--all", "--push", code=2)
    assert told == snapshot("""\
error: the remote origin does not support atomic pushes
 hint: enable receive.advertiseAtomic on its server, or push the refs one at a time\
""")
    assert tags(team.first) == tags(team.remote) == []
    for name in ("a", "b"):
        accept(team.first, "release", name, "--push")
    assert tags(team.remote) == ["prompts/a@1.0.0", "prompts/b@1.0.0"]


@pytest.mark.story
def test_a_name_in_the_way_on_the_remote_is_named(team: Team) -> None:
    team.first.git("push", "-q", "origin", "HEAD:refs/tags/prompts")
    told = refuse(team.first, "release", "a", "--push")
    assert told == snapshot("""\
error: origin refused the release: 'refs/tags/prompts' exists; cannot create 'refs/tags/prompts/a@1.0.0'
 hint: that name conflicts there; to remove it: git push origin --delete refs/tags/prompts\
""")
    assert tags(team.first) == []
    follow_hint(team.first, told)
    accept(team.first, "release", "a", "--push")


@pytest.mark.slow
def test_a_remote_that_is_gone_is_said_before_anything_is_made(team: Team) -> None:
    team.remote.path.rename(team.folder / "away.git")
    for options in ((), ("--push",)):
        assert "cannot reach the remote" in refuse(team.first, "release", "a", *options, code=2)
    assert tags(team.first) == []
    accept(team.first, "release", "a", "--local")


@pytest.mark.slow
def test_a_clone_without_tags_asks_before_it_numbers(released: Repo) -> None:
    team = Team.at(released.path.parent)
    clone = team.remote.clone(team.folder / "bare-of-tags", "--no-tags")
    assert tags(clone) == []
    assert accept(clone, "release", "a") == snapshot("a 1.0.0 already released by Jane Doe\n")
    assert tags(clone) == tags(released)


@pytest.mark.story
def test_a_tag_that_is_another_one_on_the_remote_is_named(released: Repo) -> None:
    team = Team.at(released.path.parent)
    clone = team.remote.clone(team.folder / "second", "--no-tags")
    accept(clone, "release", "a", "--local")
    for command in (("release", "a"), ("promote", "a", "--to", "staging"), ("bump", "a")):
        told = refuse(clone, *command)
        assert "the tag prompts/a@1.0.0 here differs from the one on origin" in told
        assert "git tag -d prompts/a@1.0.0" in told
    clone.git("tag", "-d", "prompts/a@1.0.0")
    accept(clone, "release", "a")
    assert clone.refs("refs/tags/") == released.refs("refs/tags/")


@pytest.mark.slow
def test_pruning_of_tags_does_not_lose_a_release_that_waits(released: Repo) -> None:
    released.config("fetch.prune", "true")
    released.config("fetch.pruneTags", "true")
    released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    accept(released, "release", "a")
    accept(released, "release", "a")
    assert "prompts/a@1.1.0" in tags(released)


@pytest.mark.slow
@pytest.mark.parametrize("attributes", ["*.md text eol=crlf\n", "*.md ident\n"])
def test_what_git_makes_of_a_file_on_checkout_is_no_change(team: Team, attributes: str) -> None:
    body = "$Id$ {{ question }}" if "ident" in attributes else "Plain {{ question }}"
    team.first.commit({".gitattributes": attributes, PATH: prompt_text(body=body)})
    before = (team.first.path / PATH).read_bytes()
    (team.first.path / PATH).unlink()
    team.first.git("checkout", "-q", "--", PATH)
    assert (team.first.path / PATH).read_bytes() != before
    assert "a 1.0.0 released" in accept(team.first, "release", "a")


@pytest.mark.slow
def test_a_prompts_folder_may_lie_deep_and_move(repo: Repo) -> None:
    repo.commit(
        {"promptops.toml": 'prompts = "apps/x/prompts"\n', "apps/x/prompts/a.md": prompt_text()}
    )
    accept(repo.path / "apps", "release", "a")
    repo.git("mv", "apps/x/prompts", "library")
    repo.commit({"promptops.toml": 'prompts = "library"\n'})
    assert accept(repo, "release", "a") == snapshot("a 1.0.0 already released by Jane Doe\n")
    repo.commit({"library/a.md": prompt_text("1.1.0", "New {{ question }}")})
    assert masked(accept(repo, "release", "a")) == snapshot(
        "a 1.1.0 released (minor change since 1.0.0, <digest>)\n"
    )
    accept(repo, "verify")


@pytest.mark.slow
def test_a_yanked_version_is_not_quietly_already_released(released: Repo) -> None:
    accept(released, "yank", "a@1.0.0", "--reason", "wrong facts", "--push")
    result = run(released, "release", "a")
    assert result.stderr == snapshot("""\
warning: a 1.0.0 is yanked: wrong facts
   hint: promptops bump a --level patch writes the next version
""")


@pytest.mark.slow
def test_hand_made_tags_are_no_releases(team: Team) -> None:
    team.first.git("tag", "prompts/a@1.0.0")
    assert refuse(team.first, "release", "a", code=2) == snapshot("""\
error: the tag of a@1.0.0 is not an annotated tag
 hint: it was not made by promptops release; run promptops verify\
""")
    team.first.git("tag", "-d", "prompts/a@1.0.0")
    team.first.tag("prompts/a@1.0.0")
    assert refuse(team.first, "release", "a", code=2) == snapshot("""\
error: the tag prompts/a@1.0.0 has no valid trailers
 hint: it was made or moved by hand; run promptops verify\
""")


@pytest.fixture
def undecided(tmp_path: Path) -> Repo:
    """A clone made without `git clone`: the remote's default branch `develop` is not recorded."""
    remote = Repo.init(tmp_path / "origin.git", bare=True)
    remote.git("symbolic-ref", "HEAD", "refs/heads/develop")
    repo = Repo.init(tmp_path / "work")
    repo.git("checkout", "--quiet", "-b", "master")
    repo.commit({"README.md": "old"})
    repo.git("remote", "add", "origin", remote.url)
    repo.git("push", "--quiet", "origin", "master")
    repo.git("checkout", "--quiet", "-b", "develop")
    repo.commit({PATH: prompt_text()})
    repo.git("push", "--quiet", "--set-upstream", "origin", "develop")
    return repo


@pytest.mark.story
def test_the_default_branch_is_asked_of_the_remote(undecided: Repo) -> None:
    accept(undecided, "release", "--all", "--push")
    assert undecided.git("symbolic-ref", "refs/remotes/origin/HEAD").endswith("/develop")
    undecided.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    assert refuse(undecided, "release", "a", "--push") == snapshot("""\
error: a 1.1.0 is not merged: its commit is not on origin/develop
 hint: merge and push it first (git push origin develop); a pre-release may be pushed from any branch\
""")


@pytest.mark.slow
def test_the_gate_judges_by_the_branch_that_the_remote_names(undecided: Repo) -> None:
    undecided.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    assert masked(accept(undecided, "gate", "--approvals", "off")) == snapshot("""\
may merge
<id> into develop

CODEOWNERS: warning: develop has no CODEOWNERS file, so no approval is required [no-owners]
  hint: add one that assigns the prompts to a team; the first one needs no approval

a  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  about 2 -> 1 tokens without inputs; 1,000 runs $0.00

a, message 1 (user) changed
  @@ line 1 @@
  - Answer {{ question }}
  + New {{ question }}
""")


@pytest.mark.slow
def test_an_unknown_default_branch_is_said_to_be_unknown(undecided: Repo) -> None:
    told = refuse(undecided, "gate", "--local", code=2)
    assert told == snapshot("""\
error: the default branch of origin is unknown here
 hint: git fetch origin, then git remote set-head origin --auto; if the remote has none, git remote set-head origin BRANCH\
""")
