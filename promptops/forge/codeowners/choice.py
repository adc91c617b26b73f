"""Choose the CODEOWNERS dialect and load the file that applies.

Every command uses this module, so that all agree on the owners of a file.
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
    """The CODEOWNERS file that applies.

    Attributes:
        path: where it is, from the repository's top.
        text: its text.
        size: its size in bytes.
        owners: its rules; with a `refusal`, no rule counts.
    """

    path: str
    text: str
    size: int
    owners: OwnersFile


def choose_dialect(configured: str | None, read: Read, *, forge: Dialect | None = None) -> Dialect:
    """Choose the CODEOWNERS dialect.

    Args:
        configured: `dialect` of `[gate]`; decides if it is set.
        read: gives the bytes of a file by its path from the repository's top, or None.
        forge: the forge whose CI or server runs this process, if known.

    Returns:
        The configured dialect, else the known forge's. Otherwise files decide: GitLab for
            `.gitlab/CODEOWNERS` or `.gitlab-ci.yml`, GitHub for `.github/CODEOWNERS` and in doubt.
            The content of the owners file does not decide: a section heading is a fault to GitHub
            and a rule to GitLab.
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
    """Load the CODEOWNERS file that applies; None if there is none.

    Args:
        dialect: the forge whose places and syntax apply.
        read: gives the bytes of a file by its path from the repository's top, or None.
    """
    found = find_owners_file(dialect, read)
    if found is None:
        return None
    path, data = found
    text = decode_owners(data)
    return FoundOwners(path, text, len(data), parse_owners(text, dialect))
