"""Write docs/checks.md and the table of checks in README.md (--check: compare only)."""

from __future__ import annotations

import sys
from pathlib import Path

from promptops.checks.catalogue import to_markdown, to_table

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Write or compare both files, and return the exit code."""
    page, readme = ROOT / "docs" / "checks.md", ROOT / "README.md"
    head, mark, rest = readme.read_text("utf-8").partition(
        "<!-- written by scripts/catalogue.py -->\n"
    )
    tail = rest[rest.index("<!-- end -->") :]
    new = {page: to_markdown(), readme: f"{head}{mark}\n{to_table()}\n{tail}"}
    stale = [path for path, text in new.items() if path.read_text("utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"out of date: {path.name}; run: nox -s docs", file=sys.stderr)
        else:
            path.write_text(new[path], "utf-8")
            print(f"written: {path.relative_to(ROOT)}")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
