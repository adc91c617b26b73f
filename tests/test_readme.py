"""What the README says of the program is what the program says of itself."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from promptops.checks.report import FORMATS
from promptops.cli import app
from promptops.cli.commands import COMMANDS, GROUPS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


def typed_lines(page: str) -> list[list[str]]:
    """The words of each call of promptops in a page's shell blocks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    calls = [one for line in lines for one in re.split("&&|[|;>]", line.removeprefix("$ "))]
    return [
        shlex.split(one, comments=True) for one in calls if one.strip().startswith("promptops ")
    ]


def test_each_check_has_a_section_where_its_table_leads() -> None:
    page = (Path(__file__).parents[1] / "docs/checks.md").read_text(encoding="utf-8")
    sections = set(re.findall("^### (.+)$", page, re.MULTILINE))
    assert set(re.findall(r"\]\(#([a-z-]+)\)", page)) == sections


def test_each_command_and_format_that_it_names_exists() -> None:
    assert set(re.findall(r"promptops ([a-z]+)(?= |`|$)", README, re.MULTILINE)) <= set(COMMANDS)
    assert set(re.findall(r"validate [^`\n|]*--format ([a-z]+)", README)) <= set(FORMATS)


@pytest.mark.parametrize("page", PAGES)
def test_each_option_that_a_page_names_exists(page: str) -> None:
    for _, *words in typed_lines(page):
        command: Any = typer.main.get_command(app)
        path: list[str] = []
        rest = words[2:] if words[0] == "-C" else words
        if rest[0].startswith("-"):
            continue
        while not path or (" ".join(path) in GROUPS and rest and not rest[0].startswith("-")):
            path.append(rest.pop(0))
            command = command.get_command(None, path[-1])
            assert command is not None, f"{page}: there is no verb {' '.join(path)}"
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        given = {word.partition("=")[0] for word in rest if re.match("--?[a-z]", word)}
        assert given <= known | {"--help"}, f"{page}: promptops {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)", text):
        target = (ROOT / page).parent / link if link else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor and target.suffix == ".md":
            headings = re.findall("^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor[1:] in slugs, f"{page}: {link}{anchor}"


def test_the_readme_is_what_a_newcomer_needs() -> None:
    assert README.count("\n") <= 250
    assert "python3 dev.py demo" in README
    assert "python3 dev.py test" in README
