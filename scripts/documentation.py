"""Build the documentation as a site, from docs/ and from the code.

    nox -s documentation               build/documentation/index.html

Sphinx builds the pages, and any warning, such as of a link that leads nowhere, is an error. The
reference is written from the code: verbs from their help pages, scorers from their docstrings,
schemas and the HTTP interface from what the program prints and serves.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

import promptops
from promptops.about import __version__
from promptops.cli import app
from promptops.cli.commands import COMMANDS, GROUPS, SECTIONS
from promptops.evals.scorers.registry import SCORERS
from promptops.server.description import describe_service

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "documentation"
SOURCE = ROOT / "build" / "documentation-source"
ROOT_PAGES = ("ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG", "THIRD_PARTY")
SCHEMAS = ("frontmatter", "evals", "config", "groups")

# Heading -> pages, in the order of the menu.
MENU: dict[str, tuple[str, ...]] = {
    "Begin": ("tutorial", "start", "adopting"),
    "By role": ("wording", "reviewing", "on-call", "exercise", "bill", "readiness"),
    "How to": (
        "prompts",
        "deploying",
        "library",
        "running",
        "models",
        "evals",
        "guards",
        "conversations",
        "safety",
        "runs",
        "telemetry",
        "serve",
        "mcp",
        "site",
        "clients",
        "other-tools",
    ),
    "Set up": ("configuration", "ci", "protection", "approvals", "server", "operations", "access"),
    "Understand": ("why-git", "gate", "trust", "threats", "benchmarks", "ARCHITECTURE"),
    "Reference": (
        "reference/commands",
        "reference/scorers",
        "reference/schemas",
        "reference/http",
        "reference/library",
        "checks",
        "SPEC",
        "glossary",
    ),
    "The project": ("CONTRIBUTING", "SECURITY", "CHANGELOG", "THIRD_PARTY"),
}


def main() -> int:
    """Write the pages, let Sphinx build them, and return its exit code."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.rmtree(BUILD, ignore_errors=True)
    reference = SOURCE / "reference"
    reference.mkdir(parents=True)
    pages = find_pages()
    for name, path in pages.items():
        (SOURCE / f"{name}.md").write_text(
            _relink(path, {file: name for name, file in pages.items()}), "utf-8"
        )
    for name, text in (
        ("commands", write_commands()),
        ("scorers", write_scorers()),
        ("schemas", write_schemas()),
        ("http", write_http()),
        ("library", write_library()),
    ):
        (reference / f"{name}.md").write_text(text, "utf-8")
    (SOURCE / "index.md").write_text(_write_index({*pages}), "utf-8")
    shutil.copy(ROOT / "scripts" / "sphinx" / "conf.py", SOURCE)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run([*command, str(SOURCE), str(BUILD)], check=False)
    if done.returncode == 0:
        print(f"written: {BUILD.relative_to(ROOT)}/index.html")
    return done.returncode


def _write_index(pages: set[str]) -> str:
    """Return the front page, with the menu of all pages. A page that is in no menu is an error."""
    listed = {name for names in MENU.values() for name in names}
    forgotten = sorted(pages - listed)
    if forgotten:
        raise SystemExit(f"not in the menu of scripts/documentation.py: {', '.join(forgotten)}")
    parts = ["# promptops", "", (promptops.__doc__ or "").partition("\n")[0], ""]
    for heading, names in MENU.items():
        known = [one for one in names if one in pages or one.startswith("reference/")]
        known = ["First steps <start>" if one == "start" else one for one in known]
        parts += [f"```{{toctree}}\n:caption: {heading}\n:maxdepth: 1\n", *known, "```", ""]
    return "\n".join(parts)


def find_pages() -> dict[str, Path]:
    """Return the pages that people write, by their names on the site."""
    pages = {path.stem: path for path in (ROOT / "docs").glob("*.md")}
    del pages["README"]
    pages |= {"start": ROOT / "README.md", "benchmarks": ROOT / "benchmarks" / "README.md"}
    return pages | {name: ROOT / f"{name}.md" for name in ROOT_PAGES}


def _relink(path: Path, names: Mapping[Path, str]) -> str:
    """Return a page whose links lead to pages of the site, or to copies of files."""

    def change(match: re.Match[str]) -> str:
        target, mark, anchor = match[1].partition("#")
        if "://" in target or not target or target.startswith("mailto:"):
            return match[0]
        file = (path.parent / target).resolve()
        if file in names:
            return f"]({names[file]}.md{mark}{anchor})"
        if file.is_dir() or file == ROOT / "docs" / "README.md":
            name = names.get(file / "README.md", "index")
            return f"]({name}.md)"
        if not file.exists():
            raise SystemExit(f"{path.relative_to(ROOT)} links to {target}, which is not there")
        copy = SOURCE / "files" / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        return f"](files/{file.relative_to(ROOT)})"

    # Pygments knows no CSV.
    text = path.read_text("utf-8").replace("```csv", "```text")
    return re.sub(r"\]\(([^)\s]+)\)", change, text)


def write_commands() -> str:
    """Return the help page of every verb."""
    # The help pages fold their lines at the terminal's width.
    os.environ.update({"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"})
    parts = ["# Commands", "", "What `promptops VERB --help` prints.", ""]
    sections = {**SECTIONS, "": "For programs"}
    for key, heading in sections.items():
        parts += [f"## {heading}", ""]
        for verb, command in COMMANDS.items():
            if command.section != key:
                continue
            parts += _write_verb((verb,), 3)
            for name in GROUPS.get(verb, ()):
                parts += _write_verb((verb, name), 4)
    return "\n".join(parts)


def _write_verb(words: tuple[str, ...], level: int) -> list[str]:
    shown = CliRunner().invoke(app, [*words, "--help"], prog_name="promptops")
    if shown.exit_code != 0:
        raise SystemExit(f"{' '.join(words)} --help: {shown.output}")
    return [f"{'#' * level} {' '.join(words)}", "", "```text", shown.stdout.rstrip(), "```", ""]


def write_scorers() -> str:
    """Return what each scorer does, as its module says."""
    parts = ["# Scorers", "", "The checks that a suite may name ([evals](../evals.md)).", ""]
    for name, module in sorted(SCORERS.items()):
        text = inspect.cleandoc(module.__doc__ or "")
        parts += [f"## {name}", "", _fence(text), ""]
    return "\n".join(parts)


def _fence(text: str) -> str:
    """Return a docstring with its indented examples as blocks of YAML."""
    lines: list[str] = []
    is_inside = False
    for line in [*text.split("\n"), ""]:
        is_example = line.startswith("    ")
        if is_example and not is_inside:
            lines.append("```yaml")
        if not is_example and is_inside and line:
            lines.append("```\n")
        is_inside = is_example or (is_inside and not line)
        lines.append(line.removeprefix("    "))
    return "\n".join([*lines, "```"] if is_inside else lines)


def write_schemas() -> str:
    """Return the JSON Schemas of the files that people write."""
    parts = ["# Schemas", "", "What `promptops schema NAME` prints, for editors and tools.", ""]
    for name in SCHEMAS:
        shown = CliRunner().invoke(app, ["schema", name])
        if shown.exit_code != 0:
            raise SystemExit(f"schema {name}: {shown.output}")
        parts += [f"## {name}", "", "```json", shown.stdout.rstrip(), "```", ""]
    return "\n".join(parts)


def write_http() -> str:
    """Return the routes of the service, as its description has them."""
    served = describe_service([], environment="production", version=__version__)
    parts = [
        "# HTTP",
        "",
        "What `promptops serve` answers ([serve](../serve.md)), without the operations that each",
        "live prompt adds. A running service describes itself at `/openapi.json`.",
        "",
        "| | Route | |",
        "| --- | --- | --- |",
    ]
    for path, methods in served["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                summary = operation.get("summary", "")
                parts.append(f"| {method.upper()} | `{path}` | {summary} |")
    parts += ["", "```json", json.dumps(served, indent=2), "```", ""]
    return "\n".join(parts)


def write_library() -> str:
    """Return a page on which autodoc describes the public names of the package."""
    parts = ["# Library", "", "Everything that `import promptops` offers.", ""]
    for name in sorted(promptops.__all__):
        found = getattr(promptops, name)
        if inspect.isclass(found):
            kind, options = "autoclass", ":members:\n"
        elif inspect.isroutine(found):
            kind, options = "autofunction", ""
        else:
            continue
        where = f"{found.__module__}.{found.__qualname__}"
        parts += [f"## {name}", "", f"```{{eval-rst}}\n.. {kind}:: {where}"]
        parts += [f"   {options}" if options else "", "```", ""]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
