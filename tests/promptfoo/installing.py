"""Install promptfoo, to be run beside this product."""

from __future__ import annotations

import subprocess
from pathlib import Path

BUILD = Path(__file__).parents[2] / "build"
VERSION = "0.123.1"


def install_promptfoo() -> list[str]:
    """Install promptfoo and the Node.js that it needs, and return its command."""
    folder = BUILD / "promptfoo"
    modules = folder / "node_modules"
    if not modules.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        packages = (f"promptfoo@{VERSION}", "node@22")
        subprocess.run(["npm", "install", "--no-audit", *packages], cwd=folder, check=True)
    return [str(modules / ".bin/node"), str(modules / "promptfoo/dist/src/main.js")]
