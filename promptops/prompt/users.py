"""Find the prompts that use a file: by include, output schema or tool, directly or indirectly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import NotAFileError
from promptops.prompt.closure import collect_closure
from promptops.prompt.reference import is_prompt, name_fault, name_from_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

# A backslash, or two quotes with only white space between them.
_ODDLY_SPELT = re.compile(rb"""\\|["'][\x00-\x20\x80-\xff]*["']""")


def find_users(paths: Collection[str], read: Callable[[str], bytes | None], path: str) -> list[str]:
    """Return the names of the prompts whose closure has the file at `path`, or one below it.

    Args:
        paths: all files below the prompts folder.
        read: reads one of them.
        path: a file or a folder below the prompts folder.

    Returns:
        the names, sorted.
    """

    def is_meant(one: str) -> bool:
        return one == path or one.startswith(f"{path}/")

    needed = {one for one in paths if is_meant(one)}
    texts = {one: (_read_text(read, one),) for one in paths}
    found = []
    for name in sorted(find_candidates(texts, needed)):
        closure = collect_closure(name, read)
        if closure is not None and any(map(is_meant, closure.files)):
            found.append(name)
    return found


def find_candidates(texts: Mapping[str, Iterable[bytes]], needed: Iterable[str]) -> set[str]:
    """Return the names of all prompts that may use one of the files, and of a few others.

    A text that uses a file contains the longest word of its name. YAML may spell the word with
    escapes, and a template as adjacent literals; texts with such syntax always count.

    Args:
        texts: path below the prompts folder -> all versions of the file's content.
        needed: the paths of the files.
    """
    pending = set(needed)
    names: set[str] = set()
    seen: set[str] = set()
    while pending:
        words = [_find_word(path) for path in pending]
        seen |= pending
        pending = set()
        for path, versions in texts.items():
            if path in seen or not any(
                _ODDLY_SPELT.search(data) or any(word in data for word in words)
                for data in versions
            ):
                continue
            if is_prompt(path):
                if name_fault(name_from_path(path)) is None:
                    names.add(name_from_path(path))
            else:
                pending.add(path)
    return names


def _find_word(path: str) -> bytes:
    """Return the longest word of a file's name. Every text that names the file contains it, since
    YAML may break a name only at spaces.
    """
    parts = path.rpartition("/")[2].split(" ")
    return max(parts, key=len).encode(errors="surrogateescape")


def _read_text(read: Callable[[str], bytes | None], path: str) -> bytes:
    try:
        return read(path) or b""
    except NotAFileError:
        return b""
