"""Parse lists of paths that git writes: quoted lines, or NUL-separated."""

from __future__ import annotations

_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


def split_paths(data: bytes, *, nul: bool) -> list[str]:
    """Return the paths in a list as `git ls-files` or `git diff --name-only` writes it.

    Args:
        data: the list.
        nul: whether each path ends in NUL and none is quoted, as with `-z`.
    """
    text = data.decode("utf-8", "surrogateescape")
    if nul:
        return [path for path in text.split("\0") if path]
    return [_unquoted(line.removesuffix("\r")) for line in text.split("\n") if line]


def _unquoted(line: str) -> str:
    """Return a path from git's output; unusual ones are quoted with escapes."""
    if len(line) < 2 or not (line.startswith('"') and line.endswith('"')):
        return line
    source = line[1:-1].encode("utf-8", "surrogateescape")
    result = bytearray()
    at = 0
    while at < len(source):
        octal = source[at + 1 : at + 4]
        if source[at : at + 1] != b"\\" or at + 1 == len(source):
            result.append(source[at])
            at += 1
        elif (
            len(octal) == 3 and octal[0] in b"0123" and all(digit in b"01234567" for digit in octal)
        ):
            result.append(int(octal, 8))
            at += 4
        else:
            result.append(_ESCAPES.get(chr(source[at + 1]), source[at + 1]))
            at += 2
    return result.decode("utf-8", "surrogateescape")
