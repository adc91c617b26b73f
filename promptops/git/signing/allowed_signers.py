"""Parse an allowed signers file, as in ssh-keygen(1).

OpenSSH matches principals against patterns. For approvals that is too permissive: with
`*@example.com KEY` the holder of that key could sign in any colleague's name. So a person is
identified only by a principal that a line names literally. Patterns are accepted only for
certificates, which contain their own principals.

`list_keys` and `permits` serve only advice by `doctor`; ssh-keygen decides whether a signature is
valid.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The principals field, in double quotes or up to white space; then the rest of the line.
_LINE = re.compile(rb'[ \t]*(?:"([^"\r\n]*)"|([^ \t"#\r\n][^ \t"\r\n]*))[ \t]+(\S.*)')
_NAMESPACES = re.compile(r'namespaces="([^"]*)"', re.IGNORECASE)
_AUTHORITY = re.compile(rb"(?:^|,)cert-authority(?:,|$)", re.IGNORECASE)
_KEY_TYPE = re.compile(rb"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+", re.IGNORECASE)
# What OpenSSH skips as a unit: `\"`, a quoted part, or the rest after an unclosed quote.
_SKIPPED = rb'\\"|"(?:\\"|[^"])*+(?:"|\Z)'
_QUOTED = re.compile(_SKIPPED)
_TOKEN = re.compile(rb'(?:%b|[^ \t"])++' % _SKIPPED)


def lines_for(signers: bytes, principal: str) -> bytes:
    """Return the lines of an allowed signers file that apply to `principal`; empty if none does."""
    name = principal.encode("utf-8", "surrogateescape")
    if not name or re.search(rb"[\s*?!,\"#]", name):
        return b""
    kept = [
        line
        for line, principals, rest in _read(signers)
        if name in principals or _is_authority(rest)
    ]
    return b"".join(line + b"\n" for line in kept)


def principals_of(signers: bytes, key: bytes) -> list[str]:
    """Return the principals listed for a public key (its base64 part), literally and in order."""
    found = [
        principal.decode("utf-8", "surrogateescape")
        for _, principals, rest in _read(signers)
        if key in _TOKEN.findall(rest) and not _is_authority(rest)
        for principal in principals
        if not re.search(rb"[*?!]", principal)
    ]
    return list(dict.fromkeys(found))


def is_key_type(word: str) -> bool:
    """Return whether a word is a public key's type, such as `ssh-ed25519`."""
    return word.startswith(("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"))


def permits(options: str, namespace: str) -> bool:
    """Return whether a line's options allow its key to sign for a namespace. Without options they
    do.
    """
    found = _NAMESPACES.search(options)
    if found is None:
        return True
    patterns = found[1].split(",")
    if any(fnmatchcase(namespace, one[1:]) for one in patterns if one.startswith("!")):
        return False
    return any(fnmatchcase(namespace, one) for one in patterns)


def list_keys(text: str) -> dict[tuple[str, str], list[str]]:
    """Return the keys of an allowed signers file, each with its line's options."""
    keys: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        # A line has principals, perhaps options, then type and key. Options may contain quoted
        # blanks, so search for the type.
        for at, word in enumerate(words[1:-1], start=1):
            if is_key_type(word):
                keys.setdefault((word, words[at + 1]), []).append(" ".join(words[1:at]))
                break
    return keys


def _read(signers: bytes) -> Iterator[tuple[bytes, list[bytes], bytes]]:
    """Yield each line with a signer: the line, its principals, and the rest after them."""
    for line in signers.split(b"\n"):
        match = _LINE.match(line)
        if match:
            field = match[1] if match[1] is not None else match[2]
            yield line, [one for one in field.split(b",") if one], match[3]


def _is_authority(rest: bytes) -> bool:
    """Return whether the options make the key one of a certificate authority."""
    first = _TOKEN.match(rest)
    if first is None or _KEY_TYPE.fullmatch(first[0]):
        return False
    return _AUTHORITY.search(_QUOTED.sub(b"", first[0])) is not None
