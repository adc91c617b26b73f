"""The remedies of `version-tools`, run with the tools themselves; they come from an index."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import venv
from typing import TYPE_CHECKING

import pytest

from promptops.protection.doctor.versions import FORGET_TAGS, FROM_TAG, REMEDIES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

pytestmark = pytest.mark.network

PACKAGES = (
    *("setuptools", "setuptools-scm", "versioningit", "setuptools-git-versioning", "git-cliff"),
    *("hatchling", "hatch-vcs", "pdm-backend"),
)
BUILD = '[build-system]\nrequires = []\nbuild-backend = "{}"\n[project]\nname = "x"\n'
BUILD += 'dynamic = ["version"]\n'
PDM = "import pdm.backend as b, tempfile; print(b.build_wheel(tempfile.mkdtemp()))"
# The tool, its table and how to ask it for the version; the rest of the file.
TOOLS = {
    "setuptools-scm": ("[tool.setuptools_scm]", ("python", "-m", "setuptools_scm"), ""),
    "hatch-vcs": (
        '[tool.hatch.version]\nsource = "vcs"',
        ("hatchling", "version"),
        BUILD.format("hatchling.build"),
    ),
    "versioningit": ("", ("versioningit",), BUILD.format("setuptools.build_meta")),
    "setuptools-git-versioning": (
        "[tool.setuptools-git-versioning]\nenabled = true",
        ("setuptools-git-versioning",),
        BUILD.format("setuptools.build_meta"),
    ),
    "pdm-backend": (
        '[tool.pdm.version]\nsource = "scm"',
        ("python", "-c", PDM),
        BUILD.format("pdm.backend"),
    ),
    "git-cliff": ("", ("git-cliff", "--bumped-version"), ""),
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tools' programs."""
    folder = tmp_path_factory.mktemp("tools")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python.parent


@pytest.mark.parametrize("tool", TOOLS)
def test_a_remedy_lets_the_tool_find_the_applications_version(
    repo: Repo, programs: Path, tool: str
) -> None:
    table, (program, *arguments), head = TOOLS[tool]
    repo.commit({"x.py": ""}, "feat: begin")
    repo.tag("v0.3.0")
    repo.commit({"prompts/a.md": "x"}, "feat: a prompt")
    repo.tag("prompts/support/triage@1.1.0")
    # A person writes a table and its setting on two lines.
    remedy = REMEDIES[tool].replace("] ", "]\n", 1) if not table else REMEDIES[tool]
    repo.commit({"pyproject.toml": f"{head}{table}\n{remedy}\n"}, "fix: the application")
    done = subprocess.run(
        [programs / program, *arguments], cwd=repo.path, capture_output=True, text=True, check=False
    )
    # git-cliff names the next version, the others how far the last one is behind.
    assert ("0.4." if tool == "git-cliff" else "0.3.") in done.stdout, done.stderr
    assert "triage" not in done.stdout


NODE_PACKAGES = ("lerna", "release-it", "changelogen", "standard-version", "@changesets/cli")
ADDRESS = "https://github.com/example/app"
MANIFEST = {
    "name": "app",
    "version": "0.3.0",
    "private": True,
    "workspaces": ["packages/*"],
    "repository": ADDRESS,
}
LERNA_SETTINGS = {"version": "0.3.0", "packages": ["packages/*"]}
LERNA_RUN = (
    *("lerna", "version", "--yes", "--conventional-commits"),
    *("--no-push", "--no-git-tag-version"),
)


@pytest.fixture(scope="module")
def node_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs that npm installs."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text("{}")
    install = [npm, "install", "--no-audit", "--no-fund", *NODE_PACKAGES]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    return folder / "node_modules" / ".bin"


@pytest.fixture
def workspace(repo: Repo, tmp_path: Path) -> Repo:
    """Two packages of 0.3.0; one changed before a prompt's release, the other after it."""
    files = {"package.json": json.dumps(MANIFEST), "lerna.json": json.dumps(LERNA_SETTINGS)}
    for name in ("one", "two"):
        manifest = json.dumps({"name": name, "version": "0.3.0"})
        files[f"packages/{name}/package.json"] = manifest
    repo.commit(files, "feat: begin")
    repo.tag("v0.3.0")
    repo.commit({"packages/one/x.js": "1"}, "fix: the first")
    repo.tag("prompts/support/triage@1.1.0")
    repo.commit({"packages/two/x.js": "1"}, "fix: the second")
    repo.publish(tmp_path / "bare.git")
    repo.git("fetch", "--quiet", "origin")
    repo.git("branch", "--quiet", "--set-upstream-to", "origin/main")
    # Tools of npm want an address that they know; it is never asked.
    repo.git("config", f"url.{tmp_path / 'bare.git'}.insteadOf", ADDRESS)
    repo.git("remote", "set-url", "origin", ADDRESS)
    return repo


def run_node(repo: Repo, programs: Path, *command: str) -> str:
    done = subprocess.run(
        [str(programs / command[0]), *command[1:]],
        cwd=repo.path,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_lerna_sees_all_changes_without_the_prompts_tags(
    workspace: Repo, node_programs: Path
) -> None:
    told = run_node(workspace, node_programs, *LERNA_RUN)
    assert "one: 0.3.0" not in told, "lerna sees the application's tags by itself now"
    workspace.git("checkout", "--quiet", ".")
    subprocess.run(FORGET_TAGS, shell=True, cwd=workspace.path, check=True)
    told = run_node(workspace, node_programs, *LERNA_RUN)
    assert "one: 0.3.0 => 0.3.1" in told
    assert "two: 0.3.0 => 0.3.1" in told


def test_lerna_can_publish_all_packages(workspace: Repo, node_programs: Path) -> None:
    settings = {**LERNA_SETTINGS, "command": {"version": {"forcePublish": True}}}
    workspace.commit({"lerna.json": json.dumps(settings)}, "chore: all")
    assert "one: 0.3.0 => 0.3.1" in run_node(workspace, node_programs, *LERNA_RUN)


def test_release_it_reads_the_tags_that_match(workspace: Repo, node_programs: Path) -> None:
    told = ""
    for remedy in ("", REMEDIES["release-it"]):
        settings = f'{{{remedy}{", " if remedy else ""}"npm": false}}'
        workspace.commit({".release-it.json": settings}, "chore: release-it")
        workspace.git("push", "--quiet", "origin", "main")
        told = run_node(workspace, node_programs, "release-it", "--ci", "--dry-run")
        assert ("at prompts/support/triage@1.1.0" in told) == (not remedy), told
    assert "tag --annotate --message Release 0.3.1" in told


def test_changelogen_begins_where_it_is_told(workspace: Repo, node_programs: Path) -> None:
    assert "The first" not in run_node(workspace, node_programs, "changelogen")
    command = f"{shlex.quote(str(node_programs / 'changelogen'))} {FROM_TAG}"
    done = subprocess.run(
        command, shell=True, cwd=workspace.path, capture_output=True, text=True, check=True
    )
    assert "The first" in done.stdout
    assert "The second" in done.stdout


def test_tools_that_know_their_own_tags_are_not_misled(
    workspace: Repo, node_programs: Path
) -> None:
    told = run_node(workspace, node_programs, "standard-version", "--dry-run")
    assert "from 0.3.0 to 0.3.1" in told
    assert "the first" in told
    workspace.write(".changeset/config.json", '{"baseBranch": "main"}')
    workspace.write(".changeset/x.md", '---\n"one": minor\n---\n\nMore.\n')
    run_node(workspace, node_programs, "changeset", "version")
    assert '"0.4.0"' in (workspace.path / "packages/one/package.json").read_text()
