"""The last step of a GitLab job: the gate's report becomes a note, or the log says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.protection.ci.merge_request import main
from tests.cli.running import run
from tests.forge.server import Clock
from tests.forge.talking_gitlab import TalkingGitLab
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.slow

MARKER = "<!-- promptops gate -->"
PATH = "prompts/a.md"
OLD = prompt_text("1.0.0", body="Answer {{ question }}")
NEW = prompt_text("1.0.0", body="Say {{ question }}")


@pytest.fixture
def talking() -> Iterator[TalkingGitLab]:
    fake = TalkingGitLab(Clock())
    fake.write(PATH, OLD, NEW)
    with fake.server.running():
        yield fake


class Job:
    """A job for a merge request: the gate, and then the step that reports."""

    def __init__(
        self,
        repo: Repo,
        talking: TalkingGitLab,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.repo, self.talking, self.capsys = repo, talking, capsys
        self.files = (folder / "gate.md", folder / "gate.json")
        self.monkeypatch = monkeypatch
        merge = talking.open(12)
        merge.versions.clear()
        merge.base = merge.start = repo.rev("main")
        talking.members = {"kim": 30}
        self.environment = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": talking.url,
            "CI_JOB_URL": "https://gitlab.example.com/acme/prompts/-/jobs/7",
            "CI_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_IID": "12",
            "CI_MERGE_REQUEST_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "PROMPTOPS_COMMENT": "true",
            "PROMPTOPS_GITLAB_TOKEN": "good",
        }

    def propose(self, text: str) -> None:
        self.repo.git("switch", "--quiet", "-C", "change", "main")
        head = self.repo.commit({PATH: text})
        self.talking.write(PATH, OLD, text)
        self.talking.push(12, head)
        self.environment["CI_COMMIT_SHA"] = head

    def judge(self) -> int:
        """Run the gate as the job does; return its exit code."""
        for name, value in self.environment.items():
            self.monkeypatch.setenv(name, value)
        reports = [
            f"--report={kind}={file}"
            for kind, file in zip(("markdown", "json"), self.files, strict=True)
        ]
        result = run(self.repo, "gate", "--base=main", "--head=change", *reports)
        return result.exit_code

    def report(self, **others: str) -> str:
        """Report as the job does; return what the log says."""
        self.capsys.readouterr()
        given = {**self.environment, **others}
        assert main(list(map(str, self.files)), given, self.talking.clock.limits()) == 0
        return self.capsys.readouterr().out


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one prompt, whose owner is kim."""
    copy_template(build_repo, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_repo(folder: Path) -> None:
    Repo.init(folder).commit({"CODEOWNERS": "* @kim\n", PATH: OLD})


@pytest.fixture
def job(
    repo: Repo,
    talking: TalkingGitLab,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Job:
    folder = tmp_path_factory.mktemp("reports")
    return Job(repo, talking, folder, capsys, monkeypatch)


@pytest.mark.story
def test_a_change_from_its_missing_number_to_its_approval(job: Job) -> None:
    job.propose(NEW)
    assert job.judge() == 1
    assert job.report() == snapshot(
        "the note on the merge request is up to date: https://gitlab.example.com/acme/prompts/-/merge_requests/12\n"
    )
    said = job.talking.said
    ((note,),) = said.threads.values()
    assert "suggestion:-0+0\nversion: 1.1.0\n" in note.body
    assert "`prompts/a.md`, line 2: `version: 1.1.0`" in said.notes[0].body
    job.propose(NEW.replace("1.0.0", "1.1.0"))
    job.talking.approve(12, "kim")
    assert job.judge() == 0
    job.report()
    assert said.threads == {}
    (one,) = said.notes
    assert one.body.startswith(f"{MARKER}\n### ✅ Prompts: ")
    assert said.commands == []


def test_a_change_that_could_not_be_judged(job: Job) -> None:
    job.propose(NEW)
    job.report()
    (note,) = job.talking.said.notes
    assert note.body == snapshot("""\
<!-- promptops gate -->
### ❓ No verdict

The [log of the job](https://gitlab.example.com/acme/prompts/-/jobs/7) says why.\
""")
    job.report(CI_JOB_URL="https://x)[y](z")
    assert masked(note.body) == snapshot("""\
<!-- promptops gate -->
### ❓ No verdict

The job's log says why.\
""")


def test_a_line_that_the_diff_lacks_is_in_the_note_and_in_the_log(job: Job) -> None:
    job.propose(NEW)
    job.judge()
    job.talking.files.clear()
    assert job.report() == snapshot("""\
the note on the merge request is up to date: https://gitlab.example.com/acme/prompts/-/merge_requests/12
no suggestion, as the diff lacks the line: prompts/a.md, line 2
""")
    assert job.talking.said.threads == {}


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"CI_PROJECT_ID": "99"}, "the pipeline runs in the fork"),
        ({"PROMPTOPS_GITLAB_TOKEN": ""}, "set PROMPTOPS_GITLAB_TOKEN to a project access token"),
        ({"PROMPTOPS_GITLAB_TOKEN": "bad"}, "is 401: '401 Unauthorized'"),
        ({"CI_MERGE_REQUEST_IID": ""}, "this is not a pipeline of a merge request"),
        ({"CI_MERGE_REQUEST_IID": "13"}, "is 404: '404 Not found'"),
        ({"CI_API_V4_URL": "ftp://x"}, "ftp"),
        ({"CI_COMMIT_SHA": "a" * 40}, "the merge request has newer commits"),
        ({"GITLAB_CI": ""}, "this is not a pipeline of a merge request"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_where_nothing_is_written_the_log_has_it(
    job: Job, others: dict[str, str], why: str
) -> None:
    job.propose(NEW)
    job.judge()
    said = job.report(**others)
    assert said.startswith(f"{MARKER}\n### ❌")
    assert "`prompts/a.md`, line 2: `version: 1.1.0`" in said
    assert why in said.rpartition("\n\nno note on the merge request: ")[2]
    assert job.talking.told == []


@pytest.mark.parametrize("pipeline", [None, "", ".gitlab-ci.yml", "ci/gate.yml"])
def test_no_token_is_used_that_a_change_could_read(job: Job, pipeline: str | None) -> None:
    job.talking.pipeline = pipeline
    job.propose(NEW)
    job.judge()
    assert job.report().rpartition("\n\n")[2] == snapshot(
        "no note on the merge request: a change can edit the pipeline's file and read the job's variables; set “CI/CD configuration file” to one in another project (Settings > CI/CD > General pipelines)\n"
    )
    assert job.talking.told == []


def test_a_token_that_may_only_read_leaves_the_note_to_the_log(job: Job) -> None:
    job.talking.scopes["good"] = {"read_api"}
    job.propose(NEW)
    job.judge()
    assert job.report().rpartition("\n\n")[2] == snapshot("""\
no note on the merge request: GitLab's answer to /projects/3/merge_requests/12/notes is 403: 'insufficient_scope'
 hint: the token needs: the scope api, and the role Reporter in the project
""")
    assert job.talking.said.notes == []


def test_without_the_wish_for_a_comment_nothing_is_said(job: Job) -> None:
    job.propose(NEW)
    job.judge()
    assert job.report(PROMPTOPS_COMMENT="") == ""
    assert job.talking.told == []


def test_the_job_reports_what_its_gate_wrote() -> None:
    from promptops.repository.pipelines import _template

    job = yaml.safe_load(_template("gitlab-ci.yml"))["promptops"]
    (step,) = job["after_script"]
    *_, report, verdict = step.split()
    assert f"--report markdown={report} --report json={verdict}" in job["script"][-1]
    assert job["variables"]["PROMPTOPS_COMMENT"] == "true"
