"""The hook for the pre-commit framework, run by the real one from a clone of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prompts import prompt_text
from tests.repositories import Repo

HERE = Path(__file__).parents[1]
PRE_COMMIT = [sys.executable, "-m", "pre_commit"]
CONFIG = """\
repos:
  - repo: {url}
    rev: {commit}
    hooks:
      - id: promptops-validate
"""


@pytest.fixture(scope="session")
def outside() -> dict[str, str]:
    """The environment before tests are shut off from it: packages come from the network."""
    return dict(os.environ)


@pytest.mark.slow
def test_the_manifest_is_one_that_pre_commit_takes() -> None:
    manifest = str(HERE / ".pre-commit-hooks.yaml")
    done = subprocess.run(
        [*PRE_COMMIT, "validate-manifest", manifest], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.network
def test_a_commit_is_stopped_by_a_staged_fault(
    outside: dict[str, str], repo: Repo, tmp_path: Path
) -> None:
    origin = tmp_path / "promptops"
    subprocess.run(["git", "clone", "--quiet", str(HERE), str(origin)], check=True)
    clone = Repo(origin)
    # What is not committed yet counts, too.
    for name in (".pre-commit-hooks.yaml", "pyproject.toml"):
        clone.write(name, (HERE / name).read_bytes())
    commit = clone.commit(message="as it is")
    environment = {
        **outside,
        **{name: value for name, value in os.environ.items() if name.startswith("GIT_")},
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
    }
    repo.commit({"prompts/a.md": prompt_text(), "README.txt": "x"})
    repo.write(".pre-commit-config.yaml", CONFIG.format(url=clone.path, commit=commit))

    def pre_commit(*args: str) -> tuple[int, str]:
        done = subprocess.run(
            [*PRE_COMMIT, *args],
            cwd=repo.path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    repo.git("add", "--all")
    code, said = pre_commit("install", "--install-hooks")
    if code and any(word in said for word in ("No matching distribution", "ConnectionError")):
        pytest.skip("the packages that promptops needs are out of reach")
    assert code == 0, said
    repo.write("prompts/a.md", prompt_text(body="{{ nothing }}"))
    repo.git("add", "--all")
    repo.write("prompts/a.md", prompt_text())
    code, said = pre_commit("run")
    assert code == 1, said
    assert "prompts/a.md:8:4: error: 'nothing' is not a declared input" in said
    done = repo.run("commit", "-m", "x", env=environment)
    assert done.returncode == 1
    repo.git("add", "--all")
    code, said = pre_commit("run", "--all-files")
    assert code == 0, said
    assert "Passed" in said
