"""Compute a suite's digest, over its own file and its files of samples."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from promptops.prompt.digest import normalize_newlines
from promptops.prompt.suite.reading import SuiteFiles, read_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def digest_files(files: Mapping[str, bytes]) -> str:
    """Return the digest of a suite's files, by their paths from the repository's top."""
    whole = sha256()
    for path in sorted(files):
        whole.update(f"{path}\0".encode())
        whole.update(sha256(normalize_newlines(files[path])).digest())
    return f"sha256:{whole.hexdigest()}"


def digest_suite(
    path: str, read: Callable[[str], bytes | None], list_paths: Callable[[], Sequence[str]]
) -> str | None:
    """Return the digest of the suite at a path; None if there is no such file.

    Args:
        path: the suite's path, from the repository's top.
        read: reads a file of the evals folder.
        list_paths: lists the files of the evals folder.
    """
    data = read(path)
    if data is None:
        return None
    found: dict[str, bytes] = {path: data}

    def read_one(other: str) -> bytes | None:
        content = read(other)
        if content is not None:
            found[other] = content
        return content

    read_suite(path, data, SuiteFiles(read_one, list_paths))
    return digest_files(found)
