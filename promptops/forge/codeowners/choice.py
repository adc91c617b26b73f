"""Choose whose CODEOWNERS rules hold, and load the one file that counts: pure.

Every verb asks here, so that none of them calls a file owned that another calls unowned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.forge.codeowners import decode_owners, find_owners_file, parse_owners
from promptops.forge.codeowners.file import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.forge.codeowners.file import OwnersFile

    Read = Callable[[str], bytes | None]


class FoundOwners(NamedTuple):
    """The CODEOWNERS file that counts.

    Attributes:
        path: where it is, from the repository's top.
        text: what it says.
        size: its size in bytes.
        owners: its rules; where it has a `refusal`, nothing in it counts.
    """

    path: str
    text: str
    size: int
    owners: OwnersFile


def choose_dialect(configured: str | None, read: Read, *, forge: Dialect | None = None) -> Dialect:
    """Choose whose CODEOWNERS rules hold.

    Args:
        configured: `dialect` of `[gate]`, which decides where it is given.
        read: gives the bytes of a file by its path from the repository's top, or None.
        forge: the forge whose CI or server this runs on, where that is known.

    Returns:
        The configured dialect, else the known forge's. Else the files tell: GitLab for a
        repository with `.gitlab/CODEOWNERS` or `.gitlab-ci.yml`, GitHub where
        `.github/CODEOWNERS` exists, and in doubt. What the owners file says decides nothing: a
        section is a fault to one forge and a rule to the other.
    """
    if configured is not None:
        return Dialect(configured)
    if forge is not None:
        return forge
    if read(".github/CODEOWNERS") is not None:
        return Dialect.GITHUB
    if read(".gitlab/CODEOWNERS") is not None or read(".gitlab-ci.yml") is not None:
        return Dialect.GITLAB
    return Dialect.GITHUB


def load_owners(dialect: Dialect, read: Read) -> FoundOwners | None:
    """Load the CODEOWNERS file that counts; None when there is none.

    Args:
        dialect: whose places to look in, and whose rules to read it by.
        read: gives the bytes of a file by its path from the repository's top, or None.
    """
    found = find_owners_file(dialect, read)
    if found is None:
        return None
    path, data = found
    text = decode_owners(data)
    return FoundOwners(path, text, len(data), parse_owners(text, dialect))
