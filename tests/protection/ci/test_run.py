"""The action, run as a runner runs it: an event file, GitHub on loopback, a server of git.

Most runs are in this process; `run_step` starts what `action.yml` says, in bash.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import yaml
from inline_snapshot import snapshot
from typer.testing import CliRunner

from promptops.cli import app
from promptops.protection.ci.__main__ import main
from tests.prompts import prompt_text, suite_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.protection.ci.talking import TalkingGitHub

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEP = ACTION["runs"]["steps"][-1]
MARKER = "<!-- promptops gate -->"


@dataclass
class Ran:
    """What one run left behind."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


@dataclass
class Runner:
    """One runner: its folders, GitHub's servers, and the repository that a workflow runs for."""

    folder: Path
    forge: TalkingGitHub
    repo: Repo
    inputs: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, event: dict[str, Any]) -> Ran:
        """Judge an event in this process, as the action's last step does in two of its own."""
        log = io.StringIO()

        def start(command: list[str], **given: Any) -> subprocess.CompletedProcess[str]:
            """Run the gate here; its annotations go to the log, in their place."""
            assert command[:4] == [sys.executable, "-I", "-m", "promptops"]
            with mock.patch.dict(os.environ, given["env"], clear=True):
                done = CliRunner().invoke(app, command[4:])
            log.write(done.stdout)
            return subprocess.CompletedProcess(command, done.exit_code, "", done.stderr)

        def judge(environment: Mapping[str, str]) -> tuple[int, str]:
            with (
                contextlib.redirect_stdout(log),
                mock.patch("subprocess.run", start),
                mock.patch.dict(os.environ, environment, clear=True),
            ):
                return main(environment), log.getvalue()

        return self._carry_out(name, event, judge)

    def run_step(self, name: str, event: dict[str, Any]) -> Ran:
        """Carry out the action's last step for an event, as `action.yml` says it."""

        def judge(environment: Mapping[str, str]) -> tuple[int, str]:
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEP["run"]],
                cwd=self.folder / "workspace",
                env=dict(environment),
                capture_output=True,
                text=True,
                check=False,
            )
            return done.returncode, done.stdout + done.stderr

        return self._carry_out(name, event, judge)

    def _carry_out(
        self,
        name: str,
        event: dict[str, Any],
        judge: Callable[[Mapping[str, str]], tuple[int, str]],
    ) -> Ran:
        temporary = self.folder / "temp"
        for path in (self.folder / "summary.md", self.folder / "output.txt"):
            path.write_text("")
        event = {**event, "repository": {"default_branch": "main"}}
        (self.folder / "event.json").write_text(json.dumps(event))
        environment = {
            **os.environ,
            **self.expand(STEP["env"]),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_API_URL": self.forge.url,
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "output.txt"),
            "GITHUB_REPOSITORY": "acme/prompts",
            "GITHUB_RUN_ID": "11",
            "GITHUB_SERVER_URL": (self.folder / "server").as_uri(),
            "GITHUB_SHA": self.repo.rev("HEAD"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "RUNNER_TEMP": str(temporary),
        }
        code, log = judge(environment)
        # Nothing of the change is left over, but the environment that the first step made.
        assert [path.name for path in temporary.iterdir()] == ["promptops"]
        assert list((self.folder / "workspace").iterdir()) == []
        outputs = (self.folder / "output.txt").read_text().splitlines()
        return Ran(
            code,
            log,
            (self.folder / "summary.md").read_text(),
            dict(line.split("=", 1) for line in outputs),
        )

    def expand(self, env: dict[str, str]) -> dict[str, str]:
        """The expressions of a step's `env`, which are inputs and nothing else."""
        defaults = {name: str(one["default"]) for name, one in ACTION["inputs"].items()}
        given: dict[str, str] = {**defaults, "token": "good", **self.inputs}

        def value(text: str) -> str:
            found = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)
            assert found is not None
            return given[found[1]]

        return {key: value(text) for key, text in env.items()}

    def propose(self, number: int, files: dict[str, str | bytes]) -> str:
        """A pull request from the branch `change`, with what it changes; gives its commit."""
        self.repo.git("switch", "--quiet", "-C", "change", "main")
        head = self.repo.commit(files)
        self.repo.git("push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/head")
        self.repo.git("switch", "--quiet", "main")
        self.forge.propose(number, head)
        return head

    def propose_elsewhere(self, number: int, head: str, base: str) -> None:
        """A second pull request of a commit that is proposed already, to another branch."""
        self.repo.git("push", "--quiet", "origin", f"{head}:refs/pull/{number}/head")
        self.forge.propose(number, head).base = base

    def about(self, number: int) -> dict[str, Any]:
        """An event about a pull request."""
        pull = self.forge.pulls[number]
        return {
            "pull_request": {
                "number": number,
                "base": {"ref": pull.base, "sha": self.repo.rev(pull.base)},
                "head": {"sha": pull.head},
                "user": {"login": pull.author},
            }
        }


@pytest.fixture
def runner(tmp_path: Path, forge: TalkingGitHub) -> Runner:
    copy_template(build_runner, tmp_path, tmp_path.parent)
    # What the step "Install promptops" makes; that it does is a test of its own, which installs.
    (tmp_path / "temp" / "promptops").symlink_to(sys.prefix)
    return Runner(tmp_path, forge, Repo(tmp_path / "repo"))


def build_runner(folder: Path) -> None:
    repo = Repo.init(folder / "repo")
    files = {"prompts/a.md": prompt_text(), "prompts/b.md": prompt_text()}
    repo.commit({**files, "evals/a.yaml": suite_text("a")})
    server = repo.publish(folder / "server" / "acme" / "prompts.git")
    server.git("config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub gives commits
    for name in ("workspace", "temp"):
        (folder / name).mkdir()


SOUND: dict[str, str | bytes] = {"prompts/a.md": prompt_text("1.0.1", description="Answer well.")}
BROKEN: dict[str, str | bytes] = {"prompts/a.md": prompt_text("1.1.0", body="{{ nothing }}")}


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", "pull_request_review"])
def test_a_sound_change_may_merge(runner: Runner, name: str) -> None:
    head = runner.propose(7, SOUND)
    ran = runner.run(name, runner.about(7))
    assert (ran.code, ran.outputs) == (0, {"verdict": "yes"}), ran.log
    assert ran.summary.startswith(MARKER)
    (status,) = runner.forge.said.statuses
    assert (status.commit, status.context, status.state) == (head, "promptops", "success")
    assert (status.target_url or "").endswith("/acme/prompts/actions/runs/11")
    (comment,) = runner.forge.said.comments
    assert comment.body == ran.summary.removesuffix("\n")


@pytest.mark.story
def test_the_verdict_is_kept_for_the_release(runner: Runner) -> None:
    file = runner.folder / "verdict.json"
    runner.inputs = {"verdict-file": str(file)}
    runner.propose(7, SOUND)
    assert runner.run_step("pull_request_target", runner.about(7)).code == 0
    verdict = json.loads(file.read_text())
    assert (verdict["schema"], verdict["allowed"]) == ("promptops.gate/v1", True)


@pytest.mark.story
def test_a_broken_change_may_not_and_every_place_says_so(runner: Runner) -> None:
    head = runner.propose(7, BROKEN)
    ran = runner.run_step("pull_request_target", runner.about(7))
    assert (ran.code, ran.outputs) == (1, {"verdict": "no"}), ran.log
    assert ran.log == snapshot("""\
::warning file=CODEOWNERS,title=no-owners::main has no CODEOWNERS file, so no approval is required%0Aadd one that assigns the prompts to a team; the first one needs no approval
::warning file=prompts/a.md,line=6,col=10,endColumn=17,title=unused-input::input 'question' is never used%0Ause it, or remove it
::error file=prompts/a.md,line=8,col=4,endColumn=10,title=undeclared-variable::'nothing' is not a declared input%0Aadd 'nothing: string' under 'inputs'
""")
    assert masked(ran.summary) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: a fix of 1 error missing

**Missing**

- ❌ `prompts/a.md` line 8: `'nothing' is not a declared input` (`undeclared-variable`)
  `add 'nothing: string' under 'inputs'`

| Prompt | Version | Change | Approved by | Tokens | 1,000 runs |
| --- | --- | --- | --- | --- | --- |
| `a` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — | 2 -> 0 | $0.00 |

<sub>Tokens are estimates of the prompt's own text, without inputs; the price of 1,000 runs is theirs and that of answers of max_tokens.</sub>

<details><summary>What the model will read</summary>

`a`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+{{ nothing }}
```

</details>

- ⚠️ `main has no CODEOWNERS file, so no approval is required` (`no-owners`)
  `add one that assigns the prompts to a team; the first one needs no approval`
- ⚠️ `prompts/a.md` line 6: `input 'question' is never used` (`unused-input`)
  `use it, or remove it`

<sub>`<id>` into `main`, verdict `<digest>`</sub>

""")
    (status,) = runner.forge.said.statuses
    assert (status.commit, status.state) == (head, "failure")


@pytest.mark.story
def test_there_is_one_comment_which_changes_with_the_change(runner: Runner) -> None:
    runner.propose(7, BROKEN)
    runner.run("pull_request_target", runner.about(7))
    (before,) = runner.forge.said.comments
    first = before.body
    runner.propose(7, SOUND)
    runner.run("pull_request_target", runner.about(7))
    (after,) = runner.forge.said.comments
    assert after.id == before.id
    assert after.body != first


@pytest.mark.story
def test_a_version_is_suggested_where_a_click_can_write_it(runner: Runner) -> None:
    unbumped: dict[str, str | bytes] = {
        "prompts/a.md": prompt_text("1.0.0", body="Say {{ question }}")
    }
    runner.propose(7, unbumped)
    assert runner.run("pull_request_target", runner.about(7)).code == 1
    assert runner.forge.said.suggestions == []  # the diff does not show that line
    runner.forge.shown.add(("prompts/a.md", 2))
    ran = runner.run("pull_request_target", runner.about(7))
    (one,) = runner.forge.said.suggestions
    runner.run("pull_request_target", runner.about(7))
    assert runner.forge.said.suggestions == [one]  # said once, however often it is judged
    assert (one["path"], one["line"], one["side"]) == ("prompts/a.md", 2, "RIGHT")
    assert masked(one["body"]) == snapshot("""\
<!-- promptops version -->
```suggestion
version: 1.1.0
```\
""")
    assert masked(ran.summary) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: 1 version number missing

**Missing**

- The author writes this version:
  - `prompts/a.md`, line 2: `version: 1.1.0` (`unchanged-version`)
    `a is still 1.0.0 after a behaviour change`

| Prompt | Version | Change | Approved by | Tokens | 1,000 runs |
| --- | --- | --- | --- | --- | --- |
| `a` | 1.0.0 | behaviour change, minor bump needed: 1.1.0 | — | 2 -> 1 | $0.00 |

<sub>Tokens are estimates of the prompt's own text, without inputs; the price of 1,000 runs is theirs and that of answers of max_tokens.</sub>

<details><summary>What the model will read</summary>

`a`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Say {{ question }}
```

</details>

**To run**

```sh
promptops bump --level minor a  # 1.1.0
```

- ⚠️ `main has no CODEOWNERS file, so no approval is required` (`no-owners`)
  `add one that assigns the prompts to a team; the first one needs no approval`

<sub>`<id>` into `main`, verdict `<digest>`</sub>

""")
    runner.propose(7, SOUND)
    runner.run("pull_request_target", runner.about(7))
    assert runner.forge.said.suggestions == []


def test_a_persons_comment_with_our_marker_is_left_alone(runner: Runner) -> None:
    from tests.protection.ci.talking import BOT, Comment

    said = runner.forge.said.comments
    said += [Comment(1, 7, "mallory", f"{MARKER}\nlooks fine"), Comment(2, 7, BOT, "another bot's")]
    runner.propose(7, SOUND)
    runner.run("pull_request_target", runner.about(7))
    assert [(one.user, one.body.split("\n")[0]) for one in said] == [
        ("mallory", MARKER),
        (BOT, "another bot's"),
        (BOT, MARKER),
    ]


def test_comments_that_two_runs_wrote_become_one(runner: Runner) -> None:
    from tests.protection.ci.talking import BOT, Comment

    said = runner.forge.said.comments
    said += [Comment(number, 7, BOT, f"{MARKER}\nold") for number in (1, 2, 3)]
    runner.forge.page_size = 2
    runner.propose(7, SOUND)
    runner.run("pull_request_target", runner.about(7))
    assert [one.id for one in said] == [1]
    assert "old" not in said[0].body


@pytest.mark.story
def test_a_token_that_only_reads_judges_all_the_same(runner: Runner) -> None:
    runner.forge.may = set()
    runner.propose(7, BROKEN)
    ran = runner.run("pull_request", runner.about(7))
    assert ran.code == 1
    assert masked(ran.log) == snapshot("""\
::warning file=CODEOWNERS,title=no-owners::main has no CODEOWNERS file, so no approval is required%0Aadd one that assigns the prompts to a team; the first one needs no approval
::warning file=prompts/a.md,line=6,col=10,endColumn=17,title=unused-input::input 'question' is never used%0Ause it, or remove it
::error file=prompts/a.md,line=8,col=4,endColumn=10,title=undeclared-variable::'nothing' is not a declared input%0Aadd 'nothing: string' under 'inputs'
::warning title=promptops::the status promptops is not set: GitHub's answer to /repos/acme/prompts/statuses/<id> is 403: 'Resource not accessible by integration'
::notice title=promptops::no comment on the pull request: GitHub's answer to /repos/acme/prompts/issues/7/comments is 403: 'Resource not accessible by integration'
""")
    runner.propose(7, SOUND)
    assert runner.run("pull_request", runner.about(7)).code == 0


@pytest.fixture
def lax(runner: Runner) -> Runner:
    """With a branch from before there were owners, to which the same commit may be proposed."""
    runner.repo.git("branch", "old")
    runner.repo.commit({".github/CODEOWNERS": "* @bob\n"})
    runner.repo.git("push", "--quiet", "origin", "main", "old")
    runner.forge.roles = {"bob": "write"}
    head = runner.propose(7, SOUND)
    runner.propose_elsewhere(8, head, "old")
    return runner


@pytest.mark.story
def test_a_verdict_about_another_target_is_none_about_the_default_branch(lax: Runner) -> None:
    """A status is of a commit, and one commit may be proposed to two branches."""
    assert lax.run("pull_request_target", lax.about(7)).code == 1
    ran = lax.run("pull_request_target", lax.about(8))
    assert ran.code == 0, ran.log
    assert [(one.context, one.state) for one in lax.forge.said.statuses] == [
        ("promptops", "failure"),
        ("promptops (old)", "success"),
    ]


@pytest.mark.story
def test_a_review_is_of_what_was_shown_against_the_branch_of_that_time(runner: Runner) -> None:
    """Against a branch of one's own, only the harmless half of a change is shown."""
    runner.repo.commit({".github/CODEOWNERS": "* @bob\n"})
    runner.repo.git("push", "--quiet", "origin", "main")
    runner.forge.roles = {"bob": "write"}
    runner.repo.git("switch", "--quiet", "-C", "mine", "main")
    runner.repo.commit(SOUND)
    head = runner.repo.commit({"prompts/b.md": prompt_text("1.0.1", description="A typo.")})
    runner.repo.git("switch", "--quiet", "main")
    runner.repo.git("push", "--quiet", "origin", "mine~:refs/heads/mine")
    runner.propose_elsewhere(7, head, "mine")
    runner.forge.review(7, "bob")
    pull = runner.forge.pulls[7]
    pull.base = "main"
    pull.events.append(("base_ref_changed", "2026-01-01T00:00:00Z"))
    ran = runner.run("pull_request_target", runner.about(7))
    assert ran.code == 1, ran.log
    runner.forge.review(7, "bob").at = "2026-01-01T00:00:01Z"
    assert runner.run("workflow_run", after_review(runner, 7)).code == 0


@pytest.mark.story
def test_a_review_is_of_what_is_proposed_to_the_default_branch(lax: Runner) -> None:
    lax.forge.pulls = {number: lax.forge.pulls[number] for number in (8, 7)}
    assert lax.run("workflow_run", after_review(lax, 7)).code == 1
    assert [one.context for one in lax.forge.said.statuses] == ["promptops"]
    lax.forge.pulls.pop(7)
    assert lax.run("workflow_run", after_review(lax, 8)).code == 0
    assert [one.context for one in lax.forge.said.statuses][1:] == ["promptops (old)"]


def test_status_and_comment_can_be_switched_off(runner: Runner) -> None:
    runner.inputs = {"status": "", "comment": "false"}
    runner.propose(7, SOUND)
    assert runner.run("pull_request", runner.about(7)).code == 0
    assert runner.forge.said.statuses == []
    assert runner.forge.said.comments == []


@pytest.mark.story
def test_the_commit_of_the_event_is_judged_and_no_newer_one(runner: Runner) -> None:
    head = runner.propose(7, BROKEN)
    event = runner.about(7)
    runner.repo.git("switch", "--quiet", "change")
    newer = runner.repo.commit(SOUND)
    runner.repo.git("push", "--quiet", "origin", "HEAD:refs/pull/7/head")
    assert newer != head
    ran = runner.run("pull_request_target", event)
    assert ran.code == 1
    assert [one.commit for one in runner.forge.said.statuses] == [head]


def test_a_commit_that_was_pushed_over_cannot_be_judged(runner: Runner) -> None:
    runner.propose(7, SOUND)
    event = runner.about(7)
    runner.propose(7, BROKEN)
    ran = runner.run("pull_request_target", event)
    assert (ran.code, ran.outputs) == (2, {"verdict": "unknown"})
    assert masked(ran.summary) == snapshot("""\
<!-- promptops gate -->
### ❓ No verdict

```text
error: the commit <id> is no longer part of the change: it was force-pushed
 hint: the run for the new commits checks the change
```
""")
    assert [one.state for one in runner.forge.said.statuses] == ["error"]


def test_the_tip_of_the_target_counts_and_not_what_the_event_remembers(runner: Runner) -> None:
    runner.propose(7, SOUND)
    event = runner.about(7)
    runner.repo.commit({"prompts/a.md": prompt_text("1.0.1", description="Answer otherwise.")})
    runner.repo.git("push", "--quiet", "origin", "main")
    ran = runner.run("pull_request_target", event)
    assert ran.code == 2, ran.log
    assert ran.summary == snapshot("""\
<!-- promptops gate -->
### ❓ No verdict

```text
error: the change does not merge: conflict in prompts/a.md
 hint: merge or rebase onto the target branch, and resolve it there
```
""")


def test_an_entry_of_the_merge_queue_is_judged(runner: Runner) -> None:
    head = runner.propose(7, BROKEN)
    tip = runner.repo.rev("main")
    branch = f"gh-readonly-queue/main/pr-7-{tip}"
    runner.repo.git("push", "--quiet", "origin", f"{head}:refs/heads/{branch}")
    group = {
        "head_sha": head,
        "head_ref": f"refs/heads/{branch}",
        "base_sha": tip,
        "base_ref": "refs/heads/main",
    }
    ran = runner.run("merge_group", {"merge_group": group})
    assert ran.code == 1, ran.log
    (status,) = runner.forge.said.statuses
    assert (status.commit, status.state) == (head, "failure")
    assert runner.forge.said.comments == []


def after_review(runner: Runner, number: int, head: str | None = None) -> dict[str, Any]:
    run = {
        "head_sha": head or runner.forge.pulls[number].head,
        "head_branch": "change",
        "head_repository": {"owner": {"login": "acme"}},
    }
    return {"workflow_run": run}


def test_a_review_starts_the_gate_from_the_default_branch(runner: Runner) -> None:
    head = runner.propose(7, SOUND)
    ran = runner.run("workflow_run", after_review(runner, 7))
    assert (ran.code, ran.outputs) == (0, {"verdict": "yes"}), ran.log
    assert [one.commit for one in runner.forge.said.statuses] == [head]
    assert [one.number for one in runner.forge.said.comments] == [7]


def test_a_review_of_what_is_gone_says_nothing_about_anything(runner: Runner) -> None:
    head = runner.propose(7, SOUND)
    runner.propose(7, BROKEN)
    ran = runner.run("workflow_run", after_review(runner, 7, head))
    assert (ran.code, runner.forge.said.statuses) == (0, [])
    assert ran.log == snapshot(
        "the pull request is closed or has newer commits: nothing to check\n"
    )


def test_without_a_token_nothing_can_be_told(runner: Runner) -> None:
    runner.inputs = {"token": ""}
    runner.propose(7, SOUND)
    ran = runner.run("pull_request", runner.about(7))
    assert ran.code == 2
    assert ran.summary == snapshot("""\
<!-- promptops gate -->
### ❓ No verdict

```text
error: no token for the forge is set
 hint: give one in PROMPTOPS_GITHUB_TOKEN or GITHUB_TOKEN
```
""")


@pytest.mark.story
def test_no_word_of_a_change_is_a_command_to_the_runner(runner: Runner) -> None:
    name = "prompts/x\n::add-mask::yes\n.md"
    runner.propose(7, {name: prompt_text(), **SOUND})
    ran = runner.run_step("pull_request_target", runner.about(7))
    stopped = False
    for line in ran.log.splitlines():
        found = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", line)
        if found:
            stopped = True
        elif re.fullmatch(r"::[0-9a-f]{32}::", line):
            stopped = False
        elif not stopped:
            assert not line.lstrip().startswith("::add-mask"), line
    assert not stopped


@pytest.mark.story
def test_from_a_push_to_an_approval_and_back(runner: Runner) -> None:
    """The status of one commit follows its reviews, whatever event brings the news."""
    runner.repo.commit({".github/CODEOWNERS": "* @bob\n"})
    runner.repo.git("push", "--quiet", "origin", "main")
    head = runner.propose(7, SOUND)
    runner.forge.roles = {"bob": "write", "jane": "write"}

    def state_after(name: str) -> str:
        event = after_review(runner, 7) if name == "workflow_run" else runner.about(7)
        ran = runner.run(name, event)
        status = runner.forge.said.statuses[-1]
        assert status.commit == head
        assert (ran.code == 0) is (status.state == "success"), ran.log
        return status.state

    assert state_after("pull_request_target") == "failure"
    assert "@bob" in runner.forge.said.comments[0].body
    runner.forge.review(7, "jane")
    assert state_after("workflow_run") == "failure"
    runner.forge.review(7, "bob")
    assert state_after("workflow_run") == "success"
    runner.forge.review(7, "bob", "DISMISSED")
    assert state_after("workflow_run") == "failure"
    assert len(runner.forge.said.comments) == 1


@pytest.mark.story
def test_a_queue_asks_for_the_approvals_of_its_pull_requests(runner: Runner) -> None:
    runner.repo.commit({".github/CODEOWNERS": "* @bob\n"})
    runner.repo.git("push", "--quiet", "origin", "main")
    head = runner.propose(7, SOUND)
    runner.forge.roles = {"bob": "write"}
    tip = runner.repo.rev("main")
    branch = f"refs/heads/gh-readonly-queue/main/pr-7-{tip}"
    runner.repo.git("push", "--quiet", "origin", f"{head}:{branch}")
    runner.forge.queue.append((branch, head))
    group = {
        "head_sha": head,
        "head_ref": branch,
        "base_sha": tip,
        "base_ref": "refs/heads/main",
    }
    assert runner.run("merge_group", {"merge_group": group}).code == 1
    runner.forge.review(7, "bob")
    ran = runner.run("merge_group", {"merge_group": group})
    assert ran.code == 0, ran.log
    assert [one.state for one in runner.forge.said.statuses] == ["failure", "success"]


@pytest.mark.story
def test_what_a_queue_squashes_is_judged_as_it_was_reviewed(runner: Runner) -> None:
    repo, forge, branch = runner.repo, runner.forge, ""
    repo.commit({".github/CODEOWNERS": "* @bob @jane\n"})
    repo.git("push", "--quiet", "origin", "main")
    forge.roles = {"bob": "write", "jane": "write"}
    files = {7: SOUND, 8: {"prompts/b.md": SOUND["prompts/a.md"]}}
    repo.git("branch", "queue", "main")
    for number, author, reviewer in ((7, "jane", "bob"), (8, "bob", "jane")):
        head = runner.propose(number, files[number])
        forge.pulls[number].author = author
        forge.pulls[number].commits = [(author, author)]
        forge.review(number, reviewer)
        parent = repo.rev("queue")
        repo.git("switch", "--quiet", "queue")
        repo.git("merge", "--quiet", "--squash", head)
        repo.commit(message=f"Squash #{number}")
        repo.git("switch", "--quiet", "main")
        branch = forge.enqueue(number, parent)
        forge.queue[-1] = (branch, repo.rev("queue"))
        repo.git("push", "--quiet", "origin", f"queue:{branch}")
    group = {
        "head_sha": repo.rev("queue"),
        "head_ref": branch,
        "base_sha": repo.rev("queue~1"),
        "base_ref": "refs/heads/main",
    }
    ran = runner.run("merge_group", {"merge_group": group})
    assert ran.code == 0, ran.log
    forge.pulls[8].reviews.clear()
    assert runner.run("merge_group", {"merge_group": group}).code == 1


@pytest.mark.story
def test_an_approval_survives_a_rebase_and_not_another_text(runner: Runner) -> None:
    """What was approved is on no branch any more, and asked for by its commit."""
    repo, forge = runner.repo, runner.forge
    repo.commit({".github/CODEOWNERS": "* @bob\n"})
    repo.git("push", "--quiet", "origin", "main")
    forge.roles = {"bob": "write"}
    approved = runner.propose(7, SOUND)
    forge.review(7, "bob")
    repo.commit({"README.md": "Moved on."})
    repo.git("push", "--quiet", "origin", "main")
    review = forge.pulls[7].reviews
    rebased = runner.propose(7, SOUND)
    forge.pulls[7].reviews = review
    assert rebased != approved
    ran = runner.run("pull_request_target", runner.about(7))
    assert ran.code == 0, ran.log
    runner.propose(7, {"prompts/a.md": prompt_text("1.0.1", description="Answer badly.")})
    forge.pulls[7].reviews = review
    assert runner.run("pull_request_target", runner.about(7)).code == 1


@pytest.mark.network
def test_the_first_step_installs_what_the_second_one_runs(runner: Runner) -> None:
    """The whole action, as it is written: a virtual environment away from the workspace."""
    temporary = runner.folder / "temp"
    (temporary / "promptops").unlink()
    step = ACTION["runs"]["steps"][0]
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=runner.folder / "workspace",
        env={
            **os.environ,
            **runner.expand(step["env"]),
            "PROMPTOPS_PYTHON": sys.executable,
            "GITHUB_ACTION_PATH": str(ROOT),
            "RUNNER_TEMP": str(temporary),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode and any(word in said for word in ("No matching distribution", "Connection")):
        pytest.skip("the packages that promptops needs are out of reach")
    assert done.returncode == 0, said
    runner.propose(7, SOUND)
    ran = runner.run_step("pull_request_target", runner.about(7))
    assert (ran.code, ran.outputs) == (0, {"verdict": "yes"}), ran.log


def test_a_python_that_is_too_old_is_named(runner: Runner, tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-c", ACTION["runs"]["steps"][0]["run"]],
        env={**os.environ, "PROMPTOPS_PYTHON": str(old), "RUNNER_TEMP": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == snapshot(
        "::error title=promptops::Python 3.11 or newer is needed: use actions/setup-python first\n"
    )
