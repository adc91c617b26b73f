"""The compiler of TypeScript, as a fixture of pytest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TYPESCRIPT = ("typescript@5.9.3", "@types/node@24.10.1")
INSTALL_SECONDS = 180.0


@pytest.fixture(scope="session")
def typescript(request: pytest.FixtureRequest) -> Path:
    """Give a folder with the TypeScript compiler, installed once into pytest's cache."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed, so no TypeScript can be tried")
    cache = getattr(request.config, "cache", None)
    if cache is None:
        pytest.skip("pytest's cache is off, so there is no place for the TypeScript compiler")
    folder: Path = cache.mkdir("typescript")
    name = re.sub("[^a-z0-9.-]+", "-", "-".join(TYPESCRIPT))
    place = folder / name
    if not place.exists():
        # Installed aside and then renamed: another worker may be doing the same.
        aside = folder / f"{name}-{os.getpid()}"
        aside.mkdir()
        command = [npm, "install", "--prefix", str(aside), "--cache", str(aside / "npm")]
        command += ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", *TYPESCRIPT]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
        )
        shutil.rmtree(aside / "npm", ignore_errors=True)
        if done.returncode == 0 and not place.exists():
            aside.rename(place)
        else:
            shutil.rmtree(aside)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install the TypeScript compiler: {done.stderr.strip()[-200:]}")
    return place
