"""Compute a digest, which identifies the content of a closure.

The algorithm is short so that any language can implement it; `docs/SPEC.md` has test vectors.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = b"promptops-digest-v1\n"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)


def normalize_newlines(data: bytes) -> bytes:
    """Replace CRLF and CR by LF, so that a checkout on Windows has the same content."""
    if b"\r" not in data:
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def compute_digest(files: Mapping[str, bytes], *, header: bytes = _HEADER) -> str:
    r"""Return the digest of a closure, given as path below the prompts folder -> content.

    The result is `sha256:` and the hexadecimal SHA-256 of `promptops-digest-v1\n` followed, for
    each file in UTF-8 byte order of its path, by the hexadecimal SHA-256 of its content, two
    spaces, its path and a newline. Newlines in contents are normalised first. `header` replaces the
    first line.
    """
    total = sha256(header)
    for path in sorted(files, key=lambda path: path.encode()):
        content = sha256(normalize_newlines(files[path])).hexdigest()
        total.update(f"{content}  {path}\n".encode())
    return f"sha256:{total.hexdigest()}"


def is_object_id(text: str) -> bool:
    """Return whether `text` has the form of a whole object id of Git."""
    return _OBJECT_ID.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Return whether `text` has the form of a digest."""
    return _DIGEST.fullmatch(text) is not None
