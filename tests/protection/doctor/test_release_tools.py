"""The remedies of `version-tools`, run with the tools themselves; they come from an index."""

from __future__ import annotations

import subprocess
import sys
import venv
from typing import TYPE_CHECKING

import pytest

from promptops.protection.doctor.versions import REMEDIES

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
