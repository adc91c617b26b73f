"""Who owns which path, as GitHub's and GitLab's CODEOWNERS files say it: pure and total.

    owners = parse_owners(text, Dialect.GITHUB)
    owners.match("prompts/support/triage.md").owners

A gate reads such files from strangers' changes. So a text of any kind gives an answer, in time that
grows with its size only, and where the forge skips or ignores something, so do we, and say so.
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
    """Find the one CODEOWNERS file that counts.

    Args:
        dialect: whose order of places.
        read: gives the bytes of a file by its path from the repository's top, or None.

    Returns:
        Its path and bytes; None when there is none. Size and content are `parse_owners`' matter:
        a first file that cannot be used does not make the second count.
    """
    for path in OWNERS_PATHS[dialect]:
        data = read(path)
        if data is not None:
            return path, data
    return None


def decode_owners(data: bytes) -> str:
    """Return the text of a CODEOWNERS file. Bytes that are no UTF-8 stay, as they do in Git's
    paths.
    """
    return data.decode("utf-8", "surrogateescape")


@lru_cache(maxsize=2)  # whoever judges a change asks for the same file again
def parse_owners(text: str, dialect: Dialect) -> OwnersFile:
    """Read a CODEOWNERS file; never raises.

    Args:
        text: the file, as `decode_owners` gives it.
        dialect: whose rules to read it by.

    Returns:
        Its rules and problems. When it has a `refusal`, nothing in it counts.
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
                "the file begins with a byte order mark, which may keep the forge from reading "
                "its first line",
                "save the file as UTF-8 without a byte order mark",
            )
        )
    # Only a line feed ends a line: what Unicode calls a line separator must not start a rule.
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
    """Return why nothing in the file can count: check, message, hint."""
    # An escaped byte is one character, and one question mark.
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return (
            "too-large",
            f"the file has {size:,} bytes, and over {MAX_BYTES:,} GitHub does not load it",
            "give folders to owners, not files",
        )
    if "\0" in text:
        return "binary", "the file holds a NUL, so it is no text", "write it as UTF-8 text"
    if text.count("\n") > MAX_LINES:
        return (
            "too-many-lines",
            f"the file has more than {MAX_LINES:,} lines",
            "give folders to owners, not files",
        )
    if len(text) > MAX_LINE_LENGTH and max(map(len, text.split("\n"))) > MAX_LINE_LENGTH:
        return (
            "long-line",
            f"the file has a line of more than {MAX_LINE_LENGTH:,} characters",
            "make a team of the owners",
        )
    return None
