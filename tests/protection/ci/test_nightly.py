"""The scripts of the nightly workflows, run as they are written, against a remote that wants a token."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.evals.nightly.branch import BRANCH
from tests.evals.nightly.project import BAD, answer_with, make_project
from tests.hostile import GitServer
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.repositories import Repo

pytestmark = pytest.mark.slow

WORKFLOWS = Path(__file__).parents[3] / "promptops" / "repository" / "workflows"
GITHUB = yaml.safe_load((WORKFLOWS / "promptops-nightly.yml").read_text("utf-8"))["jobs"]
GITLAB = yaml.safe_load((WORKFLOWS / "gitlab-nightly.yml").read_text("utf-8"))
TOKEN = "secret-token"


def basic(user: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{TOKEN}'.encode()).decode()}"


@pytest.fixture
def server(repo: Repo, tmp_path: Path) -> Iterator[GitServer]:
    """A remote over HTTP, with a live prompt."""
    remote = make_project(repo, tmp_path / "origin.git")
    remote.config("http.receivepack", "true")
    with GitServer(remote).serve() as serving:
        yield serving


@pytest.fixture
def checkout(server: GitServer, tmp_path: Path) -> Repo:
    """What the forge's checkout leaves: a clone without a token and without an identity."""
    clone = server.repo.clone(tmp_path / "checkout")
    clone.git("remote", "set-url", "origin", server.url)
    return clone


def run_script(clone: Repo, script: str, **given: str) -> subprocess.CompletedProcess[str]:
    place = clone.path.parent
    names = {f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        cwd=clone.path,
        capture_output=True,
        text=True,
        check=False,
        env={
            **{name: value for name, value in os.environ.items() if name not in names},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(place),
            "GITHUB_STEP_SUMMARY": str(place / "summary"),
            **given,
        },
    )


def of_github(job: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in GITHUB[job]["steps"] if "name" in one)
    return found


def run_github(clone: Repo, server: GitServer) -> subprocess.CompletedProcess[str]:
    server.authorization = basic("x-access-token")
    step = of_github("evals")
    fixed = {key: str(text) for key, text in step["env"].items() if "${{" not in str(text)}
    host = server.url.rpartition("/")[0]
    return run_script(clone, step["run"], GITHUB_SERVER_URL=host, TOKEN=TOKEN, **fixed)


def nights(server: GitServer) -> list[str]:
    paths = server.repo.git("ls-tree", "-r", "--name-only", BRANCH).splitlines()
    return [path for path in paths if path.endswith(".json")]


@pytest.mark.story
def test_the_night_is_pushed_with_the_token_of_the_job(checkout: Repo, server: GitServer) -> None:
    done = run_github(checkout, server)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(nights(server)) == 1
    assert masked(done.stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  the first night of this version and suite: nothing to compare with
""")
    summary = (checkout.path.parent / "summary").read_text()
    assert masked(summary) == snapshot("""\
    ask@1.0.0 with scripted/answers.yaml: passed
      8 of 8 samples pass, served by scripted/answers.yaml
      the first night of this version and suite: nothing to compare with
""")
    assert "From night to night" in (checkout.path.parent / "nightly/nightly.html").read_text()
    config = (checkout.path / ".git/config").read_text()
    assert TOKEN not in done.stdout + done.stderr + config + summary
    assert basic("x-access-token") not in config, "nothing of the token stays on the disk"


@pytest.mark.story
def test_an_alarm_fails_the_job(checkout: Repo, server: GitServer) -> None:
    record = make_yesterday(checkout, server)
    answer_with(checkout, BAD)
    checkout.path.joinpath("..", "nightly").resolve().rename(checkout.path.parent / "before")
    done = run_github(checkout, server)
    assert record
    assert done.returncode == 1, done.stdout + done.stderr
    assert "alarm" in (checkout.path.parent / "summary").read_text()


def make_yesterday(clone: Repo, server: GitServer) -> dict[str, Any]:
    """Run a night, and take it for one of long ago."""
    assert run_github(clone, server).returncode == 0
    server.authorization = ""
    (path,) = nights(server)
    record: dict[str, Any] = json.loads(server.repo.git("show", f"{BRANCH}:{path}"))
    writer = server.repo.clone(clone.path.parent / "writer")
    writer.git("checkout", "-q", "promptops-evals")
    writer.git("rm", "-q", path)
    earlier = path.replace(record["night"], "2026-01-01")
    writer.commit({earlier: json.dumps({**record, "night": "2026-01-01"})}, "Long ago")
    writer.git("push", "-q", "origin", "promptops-evals")
    return record


@pytest.mark.story
def test_without_a_log_the_job_of_runs_says_so(checkout: Repo) -> None:
    done = run_script(checkout, of_github("runs")["run"], PROMPTOPS_LOG="")
    assert (done.returncode, done.stdout) == (
        0,
        "no run log to look at: the secret PROMPTOPS_LOG is its address\n",
    )


@pytest.mark.story
def test_old_runs_are_removed_from_a_log(checkout: Repo, tmp_path: Path) -> None:
    config = (checkout.path / "promptops.toml").read_text()
    checkout.write("promptops.toml", f'{config}[log]\nretention = "30d"\n')
    log = str(tmp_path / "runs.db")
    ask = "promptops run ask@production --var question=hello"
    assert run_script(checkout, ask, PROMPTOPS_LOG=log).returncode == 0
    done = run_script(checkout, of_github("runs")["run"], PROMPTOPS_LOG=log)
    assert done.returncode == 0, done.stdout + done.stderr
    assert masked(done.stdout + done.stderr) == snapshot("""\
ask (1.0.0): 1 recent run compared with 0 earlier ones; 0 measures
removed 0 runs and 0 texts from before <time>
  too few runs to compare; 30 with different keys are needed on each side
""")


@pytest.mark.story
def test_gitlabs_job_pushes_with_its_token(checkout: Repo, server: GitServer) -> None:
    server.authorization = basic("oauth2")
    job = GITLAB["promptops-nightly"]
    program = shlex.quote(str(Path(sys.executable).parent))
    script = "\n".join(job["script"]).replace("/tmp/promptops/bin", program)
    done = run_script(
        checkout,
        script,
        ENVIRONMENT=job["variables"]["ENVIRONMENT"],
        MAX_COST=job["variables"]["MAX_COST"],
        CI_SERVER_HOST="gitlab.example.com",
        CI_SERVER_URL=server.url.rpartition("/")[0],
        CI_PROJECT_URL=server.url.removesuffix(".git"),
        PROMPTOPS_PUSH_TOKEN=TOKEN,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(nights(server)) == 1
    assert TOKEN not in done.stdout + done.stderr + (checkout.path / ".git/config").read_text()
