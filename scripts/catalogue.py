"""Write docs/checks.md (--check: compare only)."""

from __future__ import annotations

import sys
from pathlib import Path

from promptops.checks.catalogue import to_markdown

PAGE = Path(__file__).resolve().parents[1] / "docs" / "checks.md"


def main(arguments: list[str]) -> int:
    """Write or compare the page, and return the exit code."""
    text = to_markdown()
    if PAGE.read_text("utf-8") == text:
        return 0
    if "--check" in arguments:
        print(f"out of date: {PAGE.name}; run: nox -s docs", file=sys.stderr)
        return 1
    PAGE.write_text(text, "utf-8")
    print(f"written: docs/{PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
