"""Find the owners of paths by GitHub's and GitLab's CODEOWNERS files.

    owners = parse_owners(text, Dialect.GITHUB)
    owners.match("prompts/support/triage.md").owners

The gate reads these files from untrusted changes. So any text gives a result, in time linear in its
size. What the forge skips or ignores is skipped here too, and reported.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from promptops.forge.codeowners.file import (
    MAX_BYTES,
    MAX_LINE_LENGTH,
    MAX_LINES,
    OWNERS_PATHS,
    Dialect,
    OwnersFile,
    Ownership,
    OwnersProblem,
    OwnersRule,
    OwnersState,
    owner_key,
)
from promptops.forge.codeowners.github import read_github
from promptops.forge.codeowners.gitlab import read_gitlab
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MAX_BYTES",
    "OWNERS_PATHS",
    "Dialect",
    "OwnersFile",
    "OwnersProblem",
    "OwnersRule",
    "OwnersState",
    "Ownership",
    "decode_owners",
    "find_owners_file",
    "owner_key",
    "parse_owners",
]


def find_owners_file(
    dialect: Dialect, read: Callable[[str], bytes | None]
) -> tuple[str, bytes] | None:
    """Find the CODEOWNERS file that the forge uses.

    Args:
        dialect: the forge, which decides the order of places.
        read: gives the bytes of a file by its path from the repository's top, or None.

    Returns:
        Its path and bytes; None if there is none. Size and content are not checked: if the first
            file is unusable, the forge does not use the second.
    """
    for path in OWNERS_PATHS[dialect]:
        data = read(path)
        if data is not None:
            return path, data
    return None


def decode_owners(data: bytes) -> str:
    """Return the text of a CODEOWNERS file. Bytes that are not UTF-8 become surrogates, as in Git's
    paths.
    """
    return data.decode("utf-8", "surrogateescape")


@lru_cache(maxsize=2)  # checking a change parses the same file several times
def parse_owners(text: str, dialect: Dialect) -> OwnersFile:
    """Parse a CODEOWNERS file. Never raises.

    Args:
        text: the file, as `decode_owners` returns it.
        dialect: the forge whose syntax applies.

    Returns:
        Its rules and problems. With a `refusal`, no rule counts.
    """
    refusal = _refusal(text)
    if refusal is not None:
        return _refused(dialect, *refusal)
    problems = []
    if text.startswith("\ufeff"):
        text = text[1:]
        problems.append(
            OwnersProblem(
                "byte-order-mark",
                Severity.ERROR,
                "the file begins with a byte order mark: the forge may ignore its first line",
                "save the file as UTF-8 without a byte order mark",
            )
        )
    # Only LF ends a line: Unicode's line separators must not start a rule.
    lines = enumerate(text.split("\n"), start=1)
    if dialect is Dialect.GITHUB:
        rules, found = read_github(lines)
        sections = [rules]
    else:
        sections, found = read_gitlab(lines)
    problems += found
    return OwnersFile(dialect, sections, problems)


def _refused(dialect: Dialect, check: str, message: str, hint: str) -> OwnersFile:
    problem = OwnersProblem(check, Severity.ERROR, message, hint)
    return OwnersFile(dialect, (), (problem,), refusal=message)


def _refusal(text: str) -> tuple[str, str, str] | None:
    """Return why the forge ignores the whole file: check, message, hint; else None."""
    # A surrogate is one character and encodes to one question mark.
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return (
            "too-large",
            f"the file has {size:,} bytes; GitHub ignores files over {MAX_BYTES:,}",
            "assign owners to folders instead of files",
        )
    if "\0" in text:
        return "binary", "the file contains a NUL byte", "write it as UTF-8 text"
    if text.count("\n") > MAX_LINES:
        return (
            "too-many-lines",
            f"the file has more than {MAX_LINES:,} lines",
            "assign owners to folders instead of files",
        )
    if len(text) > MAX_LINE_LENGTH and max(map(len, text.split("\n"))) > MAX_LINE_LENGTH:
        return (
            "long-line",
            f"the file has a line of more than {MAX_LINE_LENGTH:,} characters",
            "put the owners into a team",
        )
    return None
