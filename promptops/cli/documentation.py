"""Read the documentation pages in the package, as text for a terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import NotFoundError
from promptops.files import read_file
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGE = Path(__file__).parents[1]
# In an installed package, and in a checkout.
_FOLDERS = (_PACKAGE / "documentation", _PACKAGE.parent / "docs")
_HEADING = re.compile(r"(#+) (.+)")
_FENCE = re.compile(r"(`{3,})")


def list_pages() -> str:
    """Return a line with name and title for each page."""
    titles = {f"docs/{file.name}": _read(file).partition("\n")[0] for file in _find_files()}
    width = max(map(len, titles), default=0)
    return "\n".join(f"{name:{width}}  {title.lstrip('# ')}" for name, title in titles.items())


def read_page(name: str) -> str:
    """Return a page, or the section whose anchor follows `#` in `name`.

    Raises:
        NotFoundError: there is no such page or section.
    """
    path, _, anchor = name.partition("#")
    files = {f"docs/{file.name}": file for file in _find_files()}
    if path not in files:
        raise NotFoundError(
            f"there is no page {path}", hint=_suggest(path, files, "promptops help docs lists them")
        )
    text = _strip_comments(_read(files[path]))
    if not anchor:
        return text
    sections = split_sections(text)
    if anchor not in sections:
        raise NotFoundError(
            f"{path} has no section {anchor}",
            hint=_suggest(anchor, sections, f"promptops help {path} shows all of it"),
        )
    return sections[anchor]


def _suggest(word: str, known: Iterable[str], otherwise: str) -> str:
    found = nearest(word, known)
    return f"did you mean {found}?" if found else otherwise


def split_sections(text: str) -> dict[str, str]:
    """Return anchor -> section, including its subsections."""
    lines = text.splitlines()
    starts = []
    fence = ""
    for number, line in enumerate(lines):
        if found := _FENCE.match(line):
            fence = "" if line == fence else fence or found[1]
        elif not fence and (heading := _HEADING.fullmatch(line)):
            starts.append((number, len(heading[1]), make_anchor(heading[2])))
    return {
        anchor: "\n".join(lines[number : _find_end(starts[at + 1 :], level, len(lines))]).strip()
        for at, (number, level, anchor) in enumerate(starts)
    }


def _find_end(later: list[tuple[int, int, str]], level: int, end: int) -> int:
    return next((number for number, other, _ in later if other <= level), end)


def make_anchor(heading: str) -> str:
    """Return a heading's anchor, as forges and the documentation's generator make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _strip_comments(text: str) -> str:
    return re.sub(r"(?m)^<!-- .* -->\n", "", text)


def _find_files() -> list[Path]:
    folder = next((one for one in _FOLDERS if one.is_dir()), None)
    return sorted(folder.glob("*.md")) if folder else []


def _read(file: Path) -> str:
    return read_file(file).decode("utf-8")
