"""How long `promptops site` takes: all pages, and again after one prompt has changed.

    python benchmarks/site.py [PROMPTS] [VERSIONS]

The goals are 30 s for 1,000 prompts with 10 versions each, and 2 s after one change. The time of
`promptops status`, which reads the same repository, stands beside them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repositories import Shape, make_promptops, prompt_name


def main(prompts: int = 1000, versions: int = 10) -> None:
    """Make a repository, write its site twice, and print the seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "repository"
        make_promptops(folder, Shape(prompts=prompts, versions=versions))
        subprocess.run(["git", "-C", str(folder), "reset", "--quiet", "--hard"], check=True)
        site = Path(name) / "site"
        status = _time(folder, "status", "--format", "json")
        whole = _time(folder, "site", "-o", str(site))
        file = folder / "prompts" / f"{prompt_name(0)}.md"
        file.write_text(file.read_text("utf-8").replace("You triage", "You sort"), "utf-8")
        again = _time(folder, "site", "-o", str(site))
        size = sum(path.stat().st_size for path in site.rglob("*.html"))
        print(
            f"{prompts:,} prompts, {versions} versions: {whole:.1f} s (goal for 1,000 and 10: 30), "
            f"after one change {again:.2f} s (goal 2); {size / 1e6:.1f} MB; status {status:.2f} s"
        )


def _time(folder: Path, *words: str) -> float:
    begun = time.monotonic()
    command = [sys.executable, "-m", "promptops", "-C", str(folder), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
