"""`promptops gate` for an entry of a merge queue, whose pull requests have people of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, run
from tests.forge.conftest import clock, description, forge
from tests.gate.world import TONE, TRIAGE, World, prompt
from tests.repositories import Repo
from tests.screens import explained
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.forge.fake_github import FakeGitHub

__all__ = ["clock", "description", "forge"]

REPLY = "prompts/support/reply.md"
GUIDE = "prompts/support/guide.md"
OWNERS = "/prompts/ @jane @bob\n"
REPLY_OWNERS = "/prompts/ @jane @bob @kim\n"
WAYS = ("merge", "squash", "rebase")
FILES = {"CODEOWNERS": OWNERS, REPLY: prompt(), GUIDE: prompt()}
CROSSED = {
    12: ("jane", {TRIAGE: prompt("1.1.0", "Triage well.")}),
    13: ("bob", {REPLY: prompt("1.1.0", "Reply well.")}),
}
GATE = ("gate", "--base", "main", "--head", "queue")


@dataclass
class Queue:
    """A repository on a forge, and a merge queue before its branch `main`."""

    world: World
    forge: FakeGitHub
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def propose(self, number: int, author: str, files: Mapping[str, str], by: str = "") -> None:
        """Put a commit into a pull request, by its author unless by somebody else."""
        login = by or author
        email = f"{login}@users.noreply.github.com"
        self.tell(
            number, author, login, self.world.propose(files, branch=f"change-{number}", email=email)
        )

    def tell(self, number: int, author: str, login: str, head: str) -> None:
        """Tell the forge of a commit that somebody put into a pull request."""
        pull = self.forge.pulls.get(number) or self.forge.open(number, author=author)
        pull.head = head
        pull.ids.append(head)
        pull.commits = [*(pull.commits if len(pull.ids) > 1 else []), (login, login)]

    def update(self, number: int, login: str) -> None:
        """Merge the target branch into a pull request, as the forge's button does."""
        pull, repo = self.forge.pulls[number], self.world.repo
        repo.git("checkout", "--quiet", f"change-{number}")
        email = f"{login}@users.noreply.github.com"
        env = {"GIT_AUTHOR_EMAIL": email, "GIT_COMMITTER_EMAIL": "noreply@github.com"}
        repo.git("merge", "--quiet", "--no-ff", "-m", "Merge main", "main", env=env)
        pull.head = repo.rev("HEAD")
        pull.ids.append(pull.head)
        pull.commits.append((login, "web-flow"))

    def build(self, way: str, *numbers: int, extra: Mapping[str, str] | None = None) -> None:
        """Let the queue make an entry of pull requests, the last one on top."""
        repo = self.world.repo
        repo.git("checkout", "--quiet", "-B", "queue", "main")
        self.forge.queue.clear()
        branch = ""
        for number in numbers:
            parent = repo.rev("HEAD")
            self.put(way, number)
            if extra is not None and number == numbers[-1]:
                repo.commit(extra)
            branch = self.forge.enqueue(number, parent)
            self.forge.queue[-1] = (branch, repo.rev("HEAD"))
        group = {
            "head_ref": branch,
            "head_sha": repo.rev("HEAD"),
            "base_ref": "refs/heads/main",
            "base_sha": repo.rev("HEAD~1"),
        }
        event = self.folder / "event.json"
        event.write_text(json.dumps({"merge_group": group}))
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.forge.url,
            "GITHUB_EVENT_NAME": "merge_group",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "acme/prompts",
            "GITHUB_SHA": repo.rev("HEAD"),
            "GITHUB_TOKEN": "good",
        }.items():
            self.monkeypatch.setenv(name, value)

    def put(self, way: str, number: int) -> None:
        """Put one pull request on top of the entry."""
        repo, branch = self.world.repo, f"change-{number}"
        bot = "merge-queue@example.com"
        env = {"GIT_AUTHOR_EMAIL": bot, "GIT_COMMITTER_EMAIL": bot}
        if way == "merge":
            repo.git("merge", "--quiet", "--no-ff", "-m", f"Merge #{number}", branch, env=env)
        elif way == "squash":
            repo.git("merge", "--quiet", "--squash", branch)
            author = f"{self.forge.pulls[number].author}@users.noreply.github.com"
            env["GIT_AUTHOR_EMAIL"] = author
            repo.git("commit", "--quiet", "-m", f"Squash #{number}", env=env)
        else:
            repo.git("cherry-pick", f"main..{branch}", env={"GIT_COMMITTER_EMAIL": bot})

    def judge(self) -> tuple[int, str]:
        """Exit code and what was said of the entry."""
        result = run(self.world.repo, *GATE, "--local", "--explain")
        return result.exit_code, result.output


@pytest.fixture
def queue(tmp_path: Path, forge: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Queue:
    forge.roles = dict.fromkeys(("jane", "bob", "kim"), "write")
    return Queue(World.make(tmp_path / "repo", FILES), forge, tmp_path, monkeypatch)


def build_crossed(folder: Path) -> None:
    world = World.make(folder, FILES)
    for number, (author, files) in CROSSED.items():
        email = f"{author}@users.noreply.github.com"
        world.propose(files, branch=f"change-{number}", email=email)


@pytest.fixture
def crossed(tmp_path: Path, forge: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Queue:
    """Two people who approve each other's work."""
    copy_template(build_crossed, tmp_path / "repo", tmp_path.parent)
    forge.roles = dict.fromkeys(("jane", "bob", "kim"), "write")
    queue = Queue(World(Repo(tmp_path / "repo")), forge, tmp_path, monkeypatch)
    for number, (author, _) in CROSSED.items():
        head = queue.world.repo.rev(f"refs/heads/change-{number}")
        queue.tell(number, author, author, head)
    forge.review(12, "bob")
    forge.review(13, "jane")
    return queue


@pytest.mark.story
@pytest.mark.parametrize("way", WAYS)
def test_two_who_approve_each_others_work_are_let_through(crossed: Queue, way: str) -> None:
    crossed.build(way, 12, 13)
    code, said = crossed.judge()
    assert code == 0, said
    assert explained(said) == snapshot("""\
prompts/support/reply.md: ownership, CODEOWNERS:1, 1 of @jane or @bob: met
  + @jane, github (https://github.com/acme/prompts/pull/13#r80)
  - @bob, github: the author of the change
prompts/support/triage.md: ownership, CODEOWNERS:1, 1 of @jane or @bob: met
  + @bob, github (https://github.com/acme/prompts/pull/12#r80)
  - @jane, github: the author of the change\
""")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_an_approval_of_one_is_none_of_another(crossed: Queue, way: str) -> None:
    crossed.forge.pulls[13].reviews.clear()
    crossed.forge.review(12, "kim")
    crossed.world.on_main({"CODEOWNERS": REPLY_OWNERS})
    crossed.build(way, 12, 13)
    code, said = crossed.judge()
    assert code == 1
    assert explained(said) == snapshot("""\
prompts/support/reply.md: ownership, CODEOWNERS:1, 1 of @jane or @bob or @kim: not met
  - @bob, github: the author of the change
  - @kim, github: approved another proposal
prompts/support/triage.md: ownership, CODEOWNERS:1, 1 of @jane or @bob or @kim: met
  + @bob, github (https://github.com/acme/prompts/pull/12#r80)
  + @kim, github (https://github.com/acme/prompts/pull/12#r81)\
""")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_nobody_approves_their_own_among_others(crossed: Queue, way: str) -> None:
    crossed.forge.pulls[13].reviews.clear()
    crossed.forge.review(13, "bob")
    crossed.build(way, 12, 13)
    code, said = crossed.judge()
    assert code == 1
    assert explained(said) == snapshot("""\
prompts/support/reply.md: ownership, CODEOWNERS:1, 1 of @jane or @bob: not met
  - @bob, github: the author of the change
  - @bob, github: the author of the change
prompts/support/triage.md: ownership, CODEOWNERS:1, 1 of @jane or @bob: met
  + @bob, github (https://github.com/acme/prompts/pull/12#r80)
  - @bob, github: approved another proposal\
""")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_told_by_the_forge", [False, True])
def test_nobody_approves_what_they_committed_to_among_others(
    crossed: Queue, way: str, is_told_by_the_forge: bool
) -> None:
    crossed.propose(13, "bob", {GUIDE: prompt("1.1.0", "Guide well.")}, by="jane")
    pull = crossed.forge.pulls[13]
    if is_told_by_the_forge:
        crossed.world.repo.git("commit", "--quiet", "--amend", "--reset-author", "--no-edit")
        pull.head = pull.ids[-1] = crossed.world.repo.rev("HEAD")
    else:
        pull.commits = [("bob", "bob"), (None, None)]
    crossed.forge.review(13, "jane")
    crossed.build(way, 12, 13)
    code, said = crossed.judge()
    assert code == 1
    assert f"{GUIDE}: ownership, CODEOWNERS:1, 1 of @jane or @bob: not met" in said
    assert f"{TRIAGE}: ownership, CODEOWNERS:1, 1 of @jane or @bob: met" in said


@pytest.mark.story
def test_who_only_brought_one_up_to_date_had_no_hand_in_it(crossed: Queue) -> None:
    crossed.world.on_main({"src/app.py": "print()\n"})
    crossed.update(13, "jane")
    for way in ("merge", "squash"):
        crossed.build(way, 12, 13)
        code, said = crossed.judge()
        assert code == 0, said


@pytest.mark.story
def test_who_slipped_something_in_while_bringing_it_up_to_date_did(crossed: Queue) -> None:
    crossed.world.on_main({"src/app.py": "print()\n"})
    crossed.update(13, "jane")
    repo, pull = crossed.world.repo, crossed.forge.pulls[13]
    repo.write(GUIDE, prompt("1.1.0", "Guide well."))
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--amend", "--no-edit")
    pull.head = pull.ids[-1] = repo.rev("HEAD")
    crossed.forge.review(13, "jane")
    for way in ("merge", "squash"):
        crossed.build(way, 12, 13)
        code, said = crossed.judge()
        assert code == 1
        assert explained(said) == snapshot("""\
prompts/support/guide.md: ownership, CODEOWNERS:1, 1 of @jane or @bob: not met
  - @bob, github: the author of the change
  - @jane, github: the author of the change
prompts/support/reply.md: ownership, CODEOWNERS:1, 1 of @jane or @bob: not met
  - @bob, github: the author of the change
  - @jane, github: the author of the change
prompts/support/triage.md: ownership, CODEOWNERS:1, 1 of @jane or @bob: met
  + @bob, github (https://github.com/acme/prompts/pull/12#r80)
  - @jane, github: the author of the change\
""")


@pytest.mark.story
@pytest.mark.parametrize("way", WAYS)
def test_one_that_changes_a_file_of_another_needs_somebody_else(queue: Queue, way: str) -> None:
    """What bob does to jane's file, neither of the two can approve, and kim has to see it as is."""
    long = "\n".join(f"Rule {number}." for number in range(20))
    queue.world.on_main({TRIAGE: prompt("1.0.0", long), "CODEOWNERS": REPLY_OWNERS})
    queue.propose(12, "jane", {TRIAGE: prompt("1.1.0", long)})
    mine = long.replace("Rule 19", "Leak 19")
    queue.propose(13, "bob", {TRIAGE: prompt("1.0.0", mine), REPLY: prompt("1.1.0", "Reply.")})
    for number, user in ((12, "bob"), (12, "kim"), (13, "jane"), (13, "kim")):
        queue.forge.review(number, user)
    queue.build(way, 12, 13)
    code, said = queue.judge()
    assert code == 1
    assert explained(said) == snapshot("""\
prompts/support/reply.md: ownership, CODEOWNERS:1, 1 of @jane or @bob or @kim: met
  + @jane, github (https://github.com/acme/prompts/pull/13#r80)
  + @kim, github (https://github.com/acme/prompts/pull/13#r81)
  - @bob, github: the author of the change
  - @kim, github: approved another proposal
prompts/support/triage.md: ownership, CODEOWNERS:1, 1 of @jane or @bob or @kim: not met
  - @bob, github: the author of the change
  - @jane, github: the author of the change
  - @kim, github: approved other content
  - @kim, github: approved other content\
""")
    # Both make the same of it, and neither author can approve it.
    queue.propose(12, "jane", {TRIAGE: prompt("1.1.0", mine)})
    queue.propose(13, "bob", {TRIAGE: prompt("1.1.0", mine)})
    queue.forge.review(12, "bob")
    queue.forge.review(13, "jane")
    if way == "rebase":
        return
    queue.build(way, 12, 13)
    assert queue.judge()[0] == 1
    queue.forge.review(13, "kim")
    assert queue.judge()[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", [REPLY, GUIDE, TONE])
def test_what_is_in_none_of_them_was_approved_by_nobody(
    crossed: Queue, way: str, path: str
) -> None:
    crossed.forge.review(12, "kim")
    crossed.forge.review(13, "kim")
    crossed.world.on_main({"CODEOWNERS": REPLY_OWNERS})
    crossed.build(way, 12, 13, extra={path: prompt("1.1.0", "Leak.")})
    code, said = crossed.judge()
    assert code == 1
    assert f"{path}: ownership, CODEOWNERS:1, 1 of @jane or @bob or @kim: not met" in said


@pytest.mark.story
@pytest.mark.parametrize("way", ["squash", "rebase"])
def test_what_no_branch_of_the_queue_has_is_fetched(crossed: Queue, way: str) -> None:
    crossed.build(way, 12, 13)
    repo = crossed.world.repo
    repo.config("uploadpack.allowAnySHA1InWant", "true")
    repo.git("checkout", "--quiet", "main")
    clone = repo.clone(crossed.folder / "clone", "--single-branch", "--branch=main")
    clone.git("fetch", "--quiet", "origin", "queue:queue")
    result = run(clone, *GATE, "--local", "--explain")
    assert result.exit_code == 1
    assert "note: #13 cannot be compared with its target: its commit" in result.output
    accept(clone, *GATE)
