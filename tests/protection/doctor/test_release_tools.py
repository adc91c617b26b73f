"""The remedies of `version-tools`, run with the tools themselves; they come from an index.

GoReleaser comes from none: the Git commands that its source has (August 2026, `internal/pipe/git`) are run.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shlex
import shutil
import subprocess
import sys
import venv
from typing import TYPE_CHECKING, Any

import pytest

from promptops.protection.doctor.versions import FORGET_TAGS, FROM_TAG, IGNORED_TAGS, REMEDIES
from tests.forge.server import Clock, Request, Response, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.repositories import Repo

network = pytest.mark.network

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


@network
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


NODE_PACKAGES = (
    "lerna",
    "release-it",
    "changelogen",
    "standard-version",
    "@changesets/cli",
    "release-please@17",
)

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


@network
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


@network
def test_lerna_can_publish_all_packages(workspace: Repo, node_programs: Path) -> None:
    settings = {**LERNA_SETTINGS, "command": {"version": {"forcePublish": True}}}
    workspace.commit({"lerna.json": json.dumps(settings)}, "chore: all")
    assert "one: 0.3.0 => 0.3.1" in run_node(workspace, node_programs, *LERNA_RUN)


@network
def test_release_it_reads_the_tags_that_match(workspace: Repo, node_programs: Path) -> None:
    told = ""
    for remedy in ("", REMEDIES["release-it"]):
        settings = f'{{{remedy}{", " if remedy else ""}"npm": false}}'
        workspace.commit({".release-it.json": settings}, "chore: release-it")
        workspace.git("push", "--quiet", "origin", "main")
        told = run_node(workspace, node_programs, "release-it", "--ci", "--dry-run")
        assert ("at prompts/support/triage@1.1.0" in told) == (not remedy), told
    assert "tag --annotate --message Release 0.3.1" in told


@network
def test_changelogen_begins_where_it_is_told(workspace: Repo, node_programs: Path) -> None:
    assert "The first" not in run_node(workspace, node_programs, "changelogen")
    command = f"{shlex.quote(str(node_programs / 'changelogen'))} {FROM_TAG}"
    done = subprocess.run(
        command, shell=True, cwd=workspace.path, capture_output=True, text=True, check=True
    )
    assert "The first" in done.stdout
    assert "The second" in done.stdout


@network
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


class FakeReleases:
    """As much of GitHub as release-please asks for, answered from a repository."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self._server = Server(self._respond, Clock())

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        with self._server.running():
            yield self._server.url

    def _respond(self, request: Request) -> Response:
        if request.path == "/graphql":
            return self._query(json.loads(request.body)["query"])
        _, _, _, _, *path = request.path.split("/")
        git = self._repo.git
        match path:
            case []:
                return Response.of({"default_branch": "main"})
            case ["tags"]:
                return Response.of(self._tags("name", "commit", "sha"))
            case ["commits", sha]:
                files = git("show", "--format=", "--name-only", sha).split()
                return Response.of({"files": [{"filename": name} for name in files]})
            case ["pulls"]:
                return Response.of([])
            case ["git", "trees", ref]:
                lines = git("ls-tree", ref).splitlines()
                words = [line.replace("\t", " ").split(" ") for line in lines]
                tree = [
                    {"path": name, "mode": mode, "type": kind, "sha": sha}
                    for mode, kind, sha, name in words
                ]
                return Response.of({"sha": ref, "tree": tree, "truncated": False})
            case ["git", "blobs", sha]:
                content = base64.b64encode(git("cat-file", "blob", sha).encode()).decode()
                return Response.of({"sha": sha, "content": content, "encoding": "base64"})
            case _:
                return Response.of({"message": "Not Found"}, 404)

    def _query(self, query: str) -> Response:
        page = {"pageInfo": {"hasNextPage": False, "endCursor": None}}
        found: dict[str, object] = {"pullRequests": {"nodes": [], **page}}
        if query.startswith("query releases"):
            nodes = [{**one, "isDraft": False} for one in self._tags("tag", "tagCommit", "oid")]
            for one in nodes:
                one["tag"] = {"name": one["tag"]}
            found = {"releases": {"nodes": nodes, **page}}
        elif query.startswith("query pullRequestsSince"):
            log = self._repo.git("log", "--format=%H %s", "main").splitlines()
            commits = [
                {
                    "sha": line[:40],
                    "message": line[41:],
                    "author": {"name": "J", "email": "j@example.com", "user": None},
                    "associatedPullRequests": {"nodes": []},
                }
                for line in log
            ]
            found = {"ref": {"target": {"history": {"nodes": commits, **page}}}}
        return Response.of({"data": {"repository": found}})

    def _tags(self, name: str, commit: str, sha: str) -> list[dict[str, Any]]:
        """Return the tags, the newest first."""
        lines = self._repo.git("for-each-ref", "--format=%(refname:short)", "refs/tags").split()
        return [
            {name: tag, commit: {sha: self._repo.git("rev-parse", f"{tag}^{{commit}}").strip()}}
            for tag in sorted(lines, key=lambda one: "prompts/" in one, reverse=True)
        ]


@network
@pytest.mark.parametrize("by_component", [True, False])
def test_release_please_knows_its_own_tags(
    workspace: Repo, node_programs: Path, *, by_component: bool
) -> None:
    settings = {
        "include-component-in-tag": by_component,
        "packages": {".": {"release-type": "node", "package-name": "app"}},
    }
    workspace.commit(
        {
            "release-please-config.json": json.dumps(settings),
            ".release-please-manifest.json": '{".": "0.3.0"}',
        },
        "chore: release-please",
    )
    if by_component:
        workspace.tag("app-v0.3.0", target="v0.3.0^{commit}")
    fake = FakeReleases(workspace)
    with fake.running() as url:
        told = run_node(
            workspace,
            node_programs,
            *("release-please", "release-pr", "--dry-run", "--token", "x", "--repo-url", ADDRESS),
            *("--api-url", url, "--graphql-url", url),
        )
    # With a manifest it names a tag that is no release of a package, and goes on.
    assert f"release {'app ' if by_component else ''}0.3.1" in told, told
    assert "* the first" in told
    assert "triage@" not in told


def goreleaser_tags(repo: Repo, *ignored: str) -> tuple[str, str]:
    """Return what GoReleaser takes for the current and the previous tag.

    Without the Pro version, `ignore_tags` leaves out of the tags of one commit only those that are
    written in full.
    """
    excluding = [f"--exclude={pattern}" for pattern in ignored]

    def newest(place: str) -> str:
        tags = repo.git("tag", "--points-at", place, "--sort", "-version:refname").split()
        return next((tag for tag in tags if tag not in ignored), "")

    def nearest(place: str) -> str:
        return repo.git("describe", "--tags", "--abbrev=0", place, *excluding).strip()

    current = newest("HEAD") or nearest("HEAD")
    before = repo.git("rev-list", "-n1", nearest(f"tags/{current}^")).strip()
    return current, newest(before)


@pytest.mark.slow
def test_goreleaser_takes_the_applications_tags(repo: Repo) -> None:
    repo.commit({"main.go": ""}, "feat: begin")
    repo.tag("v0.3.0")
    repo.tag("prompts/a@1.0.0")
    repo.commit({"prompts/a.md": "x"}, "feat: a prompt")
    repo.tag("prompts/a@1.1.0")
    repo.commit({"main.go": "x"}, "fix: the application")
    assert goreleaser_tags(repo)[0] == "prompts/a@1.1.0"
    repo.tag("v0.4.0")
    repo.tag("prompts/a@1.2.0")
    assert goreleaser_tags(repo) == ("v0.4.0", "prompts/a@1.1.0")
    assert goreleaser_tags(repo, IGNORED_TAGS) == ("v0.4.0", "v0.3.0")
    subprocess.run(FORGET_TAGS, shell=True, cwd=repo.path, check=True, capture_output=True)
    assert goreleaser_tags(repo) == ("v0.4.0", "v0.3.0")
