"""Installs what is compared, each in a virtual environment of its own, from the package index."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OTHERS = {"promptpin": "promptpin==0.1.1", "gto": "gto==1.10.1", "ivault": "instructvault==0.7.1"}


def install_others(cache: Path) -> dict[str, Path]:
    """Install the programs compared with; give each one's path."""
    return {
        name: _install(cache / name, requirement, requirement) / name
        for name, requirement in OTHERS.items()
    }


def install_library(cache: Path, requirement: str) -> Path:
    """Install a library compared with; give the Python that has it."""
    return _install(cache / requirement.partition("=")[0], requirement, requirement) / "python"


def install_promptops(cache: Path, root: Path) -> Path:
    """Install promptops from a checkout as a user gets it, not editable; give its programs' folder.

    What it depends on is installed once for each state of pyproject.toml, itself for each state of
    the package.
    """
    project = _digest([root / "pyproject.toml"])
    folder = _install(cache / "promptops", str(root), project)
    sources = _digest(sorted((root / "promptops").rglob("*.[jp][sy]*")))
    stamp = cache / "promptops" / "package"
    if not stamp.exists() or stamp.read_text("utf-8") != sources:
        _pip(folder, "--force-reinstall", "--no-deps", str(root))
        stamp.write_text(sources, "utf-8")
    return folder


def process_environment(cache: Path) -> dict[str, str]:
    """Give the environment that every measured program runs in: nobody's own settings."""
    home = cache / "home"
    home.mkdir(exist_ok=True)
    settings = home / "gitconfig"
    settings.write_text("[user]\n\tname = Jane Doe\n\temail = jane@example.com\n", "utf-8")
    kept = ("PATH", "LANG", "SYSTEMROOT", "TMPDIR")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
    }


def _install(folder: Path, requirement: str, state: str) -> Path:
    """Install a requirement into its own environment, unless it is there in that state."""
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    stamp = folder / "installed"
    state = f"{state} on {sys.version}"
    if not stamp.exists() or stamp.read_text("utf-8") != state:
        print(f"installing {folder.name}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        _pip(programs, requirement)
        stamp.write_text(state, "utf-8")
    return programs


def _pip(programs: Path, *arguments: str) -> None:
    quiet = ("--quiet", "--quiet", "--disable-pip-version-check")
    subprocess.run([programs / "python", "-m", "pip", "install", *quiet, *arguments], check=True)


def _digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()
