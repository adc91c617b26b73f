"""Write the licences of the direct dependencies into THIRD_PARTY.md (--check: compare only).

What a package says of itself is read from the environment that runs this.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

ROOT = Path(__file__).resolve().parents[1]
MARK = "<!-- written by scripts/licences.py -->\n"


def main(arguments: list[str]) -> int:
    """Write or compare the table, and return the exit code."""
    path = ROOT / "THIRD_PARTY.md"
    old = path.read_text("utf-8")
    new = old.partition(MARK)[0] + MARK + "\n" + licence_table()
    if "--check" in arguments:
        if new != old:
            print("THIRD_PARTY.md is out of date; run: nox -s docs", file=sys.stderr)
        return int(new != old)
    path.write_text(new, "utf-8")
    return 0


def licence_table() -> str:
    """Return a Markdown table of what the direct dependencies say of themselves."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(text for extra in extras.values() for text in extra)]
    rows = []
    for name in sorted({re.split(r"[^\w.-]", text)[0] for text in needed}, key=str.lower):
        try:
            found = metadata(name)
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed here; run: nox -s docs")
        rows.append(f"| {name} | {licence(found)} | {source(found)} |\n")
    return "| Package | Licence | Source |\n| --- | --- | --- |\n" + "".join(rows)


def licence(found: PackageMetadata) -> str:
    """Return the licence that a package declares: its expression, short text or classifier."""
    declared = field(found, "License-Expression") or field(found, "License")
    if declared and "\n" not in declared:
        return declared
    classifiers = found.get_all("Classifier") or []
    named = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License ::")]
    if not named:
        sys.exit(f"{found['Name']} declares no licence; look it up and write it by hand")
    return " or ".join(named)


def field(found: PackageMetadata, name: str) -> str:
    """Return one field of a package's metadata, empty when it is not given."""
    values: list[str] = found.get_all(name) or [""]
    return values[0]


def source(found: PackageMetadata) -> str:
    """Return the address of a package's source, as the package gives it."""
    links = [text.split(", ", 1) for text in found.get_all("Project-URL") or []]
    addresses = {label.lower(): address for label, address in links}
    labels = ("repository", "source code", "source", "homepage")
    known = [addresses[label] for label in labels if label in addresses]
    return known[0] if known else field(found, "Home-page")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
