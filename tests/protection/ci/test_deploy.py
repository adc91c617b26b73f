"""The scripts of the workflows that deploy and release, run as written, with harmful inputs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from inline_snapshot import snapshot

from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

pytestmark = pytest.mark.slow

TEMPLATES = Path(__file__).parents[3] / "promptops" / "repository" / "workflows"


def last_step(job: str) -> Any:
    workflow = yaml.safe_load((TEMPLATES / f"promptops-{job}.yml").read_text("utf-8"))
    return workflow["jobs"][job]["steps"][-1]


STEP = last_step("deploy")
RELEASE = last_step("release")


@pytest.fixture
def clone(tmp_path: Path) -> Repo:
    """What the checkout of the default branch leaves: two releases, and a remote to push to."""
    copy_template(build_clone, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_clone(folder: Path) -> None:
    repo = Repo.init(folder / "repo")
    repo.publish(folder / "remote.git")
    for version in ("1.0.0", "1.1.0"):
        repo.commit(
            {"prompts/a.md": prompt_text(version, body=f"Answer {version} {{{{ question }}}}")}
        )
        repo.git("push", "--quiet", "origin", "main")
        repo.git("remote", "set-head", "origin", "main")
        accept(repo, "release", "a", "--push")


@pytest.fixture
def deployed(tmp_path: Path) -> Repo:
    """The same, with the older release live in staging."""
    copy_template(build_deployed, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_deployed(folder: Path) -> None:
    build_clone(folder)
    accept(Repo(folder / "repo"), "promote", "a@1.0.0", "--to", "staging", "--yes")


def deploy(repo: Repo, **inputs: str) -> subprocess.CompletedProcess[str]:
    given = {"version": "", "environment": "staging", "reason": "as asked", **inputs}
    # The step hands over every input by a variable of its name, and nothing else.
    assert STEP["env"] == {name.upper(): f"${{{{ inputs.{name} }}}}" for name in given}
    return start(repo, STEP, {name.upper(): value for name, value in given.items()})


def start(repo: Repo, step: Any, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=repo.path,
        env={
            **os.environ,
            **variables,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTOR": "octocat",
            "GITHUB_ACTOR_ID": "583231",
            "GITHUB_REPOSITORY": "acme/prompts",
            "GITHUB_RUN_ID": "11",
            "GITHUB_SERVER_URL": "https://github.com",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def live(repo: Repo) -> str:
    return accept(repo, "resolve", "a@staging", "--format", "json")


@pytest.mark.story
def test_each_action_does_what_it_says(clone: Repo) -> None:
    def do(**inputs: str) -> None:
        done = deploy(clone, prompt="a", **inputs)
        assert done.returncode == 0, done.stderr

    do(action="promote", version="1.0.0")
    do(action="promote")
    assert masked(live(clone)) == snapshot("""\
{
  "schema": "promptops.resolve/v1",
  "ref": "a@staging",
  "name": "a",
  "version": "1.1.0",
  "digest": "<digest>",
  "commit": "<id>",
  "source": "<folder>/repo",
  "environment": "staging",
  "deployment": {
    "number": 2,
    "commit": "<id>",
    "deployed_at": "2026-01-01T00:00:00Z",
    "deployed_by": "Jane Doe"
  },
  "split": [
    {
      "version": "1.1.0",
      "digest": "<digest>",
      "share": 100
    }
  ],
  "paused": null,
  "yanked": null,
  "authenticated": null,
  "fetched_at": "<time>",
  "stale": false,
  "warnings": [],
  "metadata": {
    "version": "1.1.0",
    "description": "Answer a question.",
    "author": "jane@example.com",
    "model": "openai/gpt-4o-mini",
    "inputs": {
      "question": "string"
    }
  },
  "request": {
    "model": "openai/gpt-4o-mini"
  },
  "files": {
    "a.md": "---\\nversion: 1.1.0\\ndescription: Answer a question.\\nauthor: jane@example.com\\nmodel: openai/gpt-4o-mini\\ninputs: {question: string}\\n---\\nAnswer 1.1.0 {{ question }}\\n"
  }
}
""")
    do(action="rollback")
    assert masked(live(clone)) == snapshot("""\
{
  "schema": "promptops.resolve/v1",
  "ref": "a@staging",
  "name": "a",
  "version": "1.0.0",
  "digest": "<digest>",
  "commit": "<id>",
  "source": "<folder>/repo",
  "environment": "staging",
  "deployment": {
    "number": 3,
    "commit": "<id>",
    "deployed_at": "2026-01-01T00:00:00Z",
    "deployed_by": "Jane Doe"
  },
  "split": [
    {
      "version": "1.0.0",
      "digest": "<digest>",
      "share": 100
    }
  ],
  "paused": null,
  "yanked": null,
  "authenticated": null,
  "fetched_at": "<time>",
  "stale": false,
  "warnings": [],
  "metadata": {
    "version": "1.0.0",
    "description": "Answer a question.",
    "author": "jane@example.com",
    "model": "openai/gpt-4o-mini",
    "inputs": {
      "question": "string"
    }
  },
  "request": {
    "model": "openai/gpt-4o-mini"
  },
  "files": {
    "a.md": "---\\nversion: 1.0.0\\ndescription: Answer a question.\\nauthor: jane@example.com\\nmodel: openai/gpt-4o-mini\\ninputs: {question: string}\\n---\\nAnswer 1.0.0 {{ question }}\\n"
  }
}
""")
    do(action="pause", reason="a bad answer")
    do(action="resume")
    refused = deploy(clone, prompt="a", action="promote", version="1.1.0")
    assert (refused.returncode, refused.stderr) == (
        1,
        snapshot("""\
error: a@1.1.0 was rolled back in staging by deployment 3: as asked (https://github.com/acme/prompts/actions/runs/11)
 hint: promote a version with the fix, or use --again to promote this one anyway
"""),
    )
    do(action="promote again", version="1.1.0")
    do(action="rollback", version="1.0.0")
    assert masked(live(clone)) == snapshot("""\
{
  "schema": "promptops.resolve/v1",
  "ref": "a@staging",
  "name": "a",
  "version": "1.0.0",
  "digest": "<digest>",
  "commit": "<id>",
  "source": "<folder>/repo",
  "environment": "staging",
  "deployment": {
    "number": 7,
    "commit": "<id>",
    "deployed_at": "2026-01-01T00:00:00Z",
    "deployed_by": "Jane Doe"
  },
  "split": [
    {
      "version": "1.0.0",
      "digest": "<digest>",
      "share": 100
    }
  ],
  "paused": null,
  "yanked": null,
  "authenticated": null,
  "fetched_at": "<time>",
  "stale": false,
  "warnings": [],
  "metadata": {
    "version": "1.0.0",
    "description": "Answer a question.",
    "author": "jane@example.com",
    "model": "openai/gpt-4o-mini",
    "inputs": {
      "question": "string"
    }
  },
  "request": {
    "model": "openai/gpt-4o-mini"
  },
  "files": {
    "a.md": "---\\nversion: 1.0.0\\ndescription: Answer a question.\\nauthor: jane@example.com\\nmodel: openai/gpt-4o-mini\\ninputs: {question: string}\\n---\\nAnswer 1.0.0 {{ question }}\\n"
  }
}
""")
    do(action="retire")
    history = accept(clone, "history", "--env", "staging")
    assert "as asked (https://github.com/acme/prompts/actions/runs/11)" in history
    # It was pushed, not only written here.
    assert clone.git("ls-remote", "origin", "refs/heads/promptops/staging")


@pytest.mark.story
@pytest.mark.parametrize(
    "inputs",
    [
        {"action": "pause", "prompt": "--all"},
        {"action": "promote", "prompt": "--all", "version": ""},
        {"action": "rollback", "prompt": "a", "version": "1.0.0 --local"},
        {"action": "promote", "prompt": "a", "version": "$(touch owned)"},
        {"action": "promote", "prompt": "a; touch owned"},
        {"action": "promote", "prompt": "a", "environment": "production; touch owned"},
        {"action": "touch owned", "prompt": "a"},
        {"action": "release", "prompt": "a"},
    ],
)
def test_no_input_is_more_than_an_input(deployed: Repo, inputs: dict[str, str]) -> None:
    before = deployed.git("ls-remote", "origin")
    assert "refs/heads/promptops/staging" in before
    done = deploy(deployed, **inputs)
    assert done.returncode in {1, 2}, done.stdout
    assert deployed.git("ls-remote", "origin") == before
    assert not (deployed.path / "owned").exists()


@pytest.mark.story
def test_the_workflow_that_releases_writes_all_numbers(clone: Repo) -> None:
    clone.commit({"promptops.toml": '[gate]\nversions = "release"\n'})
    for words in ("Say {{ question }}", "Tell {{ question }}"):
        clone.commit({"prompts/a.md": prompt_text("1.1.0", words)})
    clone.git("push", "--quiet", "origin", "main")
    done = start(clone, RELEASE, {"STEP": "auto", "PROMPTS": ""})
    assert done.returncode == 0, done.stderr
    assert masked(done.stderr) == snapshot("""\
pushed to origin
main <id> writes 1 version number and nothing else
""")
    assert "1.2.0" in clone.git("ls-remote", "origin", "refs/tags/prompts/a@1.2.0")
    before = clone.git("ls-remote", "origin")
    for step, prompts in (("auto", "--all"), ("x; touch owned", "a"), ("auto", "$(touch owned)")):
        done = start(clone, RELEASE, {"STEP": step, "PROMPTS": prompts})
        assert done.returncode in {1, 2}, done.stdout
    assert clone.git("ls-remote", "origin") == before
    assert not (clone.path / "owned").exists()
