"""Encode texts for every database, and decode them.

Text columns: NUL and lone surrogates are escaped with a backslash, since PostgreSQL refuses NUL and
every driver refuses surrogates. Contents: JSON in UTF-8 with surrogates allowed, compressed, and
encrypted if there are keys. The first byte gives the encoding.
"""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from promptops.errors import ConfigurationError, IntegrityError
from promptops.runtime.encoding import make_encoder

if TYPE_CHECKING:
    from types import ModuleType

    from promptops.runtime.log.encryption import Keyring

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPABLE = re.compile("[\x00\ud800-\udfff\\\\]")
_ESCAPED = re.compile(r"\\(\\|u[0-9a-f]{4})")
# Marks a column whose text was escaped.
_MARK = "\\!"
# PostgreSQL's indexes take no more than about 2,700 bytes.
MAX_COLUMN = 512
_COMPRESSED = 1
_SEALED = 2
_COMPACT = (",", ":")
_encode = make_encoder(separators=_COMPACT, default=repr)
_encode_ascii = make_encoder(separators=_COMPACT, is_ascii=True, default=repr)
# `json.dumps` with options would create an encoder for each call.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=_COMPACT)
# Shorter ones gain less than 70 bytes from compression, which takes longer than writing them;
# longer ones use a fast level.
_MIN_COMPRESSED = 256
_MAX_CAREFUL = 1 << 18
_MAX_CANONICAL = 1 << 20


# Cached: names of prompts, models and users repeat.
@lru_cache(maxsize=1024)
def escape(text: str | None) -> str | None:
    """Return a text escaped for a column of any database."""
    if text is None:
        return None
    if len(text) > MAX_COLUMN:
        from hashlib import sha256

        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{text[: MAX_COLUMN - 80]}…{digest}"
    if _UNSTORABLE.search(text) is None and not text.startswith(_MARK):
        return text
    return _MARK + _ESCAPABLE.sub(_escape_one, text)


def unescape(text: str | None) -> str | None:
    """Return the text that was escaped."""
    if text is None or not text.startswith(_MARK):
        return text
    return _ESCAPED.sub(_unescape_one, text[len(_MARK) :])


def _escape_one(match: re.Match[str]) -> str:
    return "\\\\" if match[0] == "\\" else f"\\u{ord(match[0]):04x}"


def _unescape_one(match: re.Match[str]) -> str:
    return "\\" if match[1] == "\\" else chr(int(match[1][1:], 16))


def to_json(value: Any) -> bytes:  # noqa: ANN401 -- any plain data
    """Return data as JSON in UTF-8, with lone surrogates preserved."""
    return _encode(value).encode("utf-8", "surrogatepass")


def from_json(data: bytes) -> Any:  # noqa: ANN401 -- any plain data
    """Return the data from the JSON of `to_json`."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def to_column(value: Any) -> str:  # noqa: ANN401 -- any plain data
    """Return data as ASCII JSON for a column of any database."""
    return _encode_ascii(value)


def pack(data: bytes, keyring: Keyring | None) -> bytes:
    """Return bytes for a database: compressed if that helps, encrypted if there are keys."""
    form, body = 0, data
    if len(data) >= _MIN_COMPRESSED:
        smaller = _deflate(data)
        if len(smaller) < len(data):
            form, body = _COMPRESSED, smaller
    if keyring is not None:
        form, body = form | _SEALED, keyring.seal(body)
    return bytes([form]) + body


def _deflate(data: bytes) -> bytes:
    """Compress bytes, with a window of their size, which takes a quarter of the set-up time."""
    if len(data) <= 1 << 12:
        deflating = zlib.compressobj(6, zlib.DEFLATED, -12, 6)
    elif len(data) <= 1 << 13:
        deflating = zlib.compressobj(6, zlib.DEFLATED, -13, 7)
    else:
        return zlib.compress(data, 6 if len(data) <= _MAX_CAREFUL else 1, -15)
    return deflating.compress(data) + deflating.flush()


def unpack(stored: bytes, keyring: Keyring | None) -> bytes:
    """Return the bytes that were packed."""
    form, body = stored[0], bytes(stored[1:])
    if form & _SEALED:
        if keyring is None:
            raise ConfigurationError(
                "the run log is encrypted, and no key is configured",
                hint="set encryption_key in [log]",
            )
        body = keyring.open(body)
    if not form & _COMPRESSED:
        return body
    try:
        return zlib.decompress(body, -15)
    except zlib.error:
        raise IntegrityError(
            "a text of the run log is damaged", hint="restore the log from a backup"
        ) from None


def is_current(stored: bytes, keyring: Keyring) -> bool:
    """Return whether packed bytes are encrypted with the first key."""
    return bool(stored[0] & _SEALED) and keyring.is_current(bytes(stored[1:]))


def text_hash(data: bytes, secret: bytes) -> bytes:
    """Return a keyed hash of a text; without the secret it reveals nothing about the text."""
    from hashlib import blake2b

    return blake2b(data, key=secret, digest_size=16).digest()


def answer_mac(text: str, secret: bytes) -> bytes:
    """Return a keyed hash of an output, to find its run.

    Surrounding white space, the kind of newlines and the layout of JSON are ignored, since files
    and programs change them.
    """
    text = text.replace("\r\n", "\n").strip()
    if text[:1] in ("{", "[") and len(text) <= _MAX_CANONICAL:
        with contextlib.suppress(ValueError, RecursionError):
            text = _CANONICAL.encode(json.loads(text))
    return _mac(secret, text.encode("utf-8", "surrogatepass"))[:16]


def identity_mac(text: str, secret: bytes) -> str:
    """Return a keyed hash of a user, for the record of an erasure."""
    return _mac(secret, b"user\n" + text.encode("utf-8", "surrogatepass")).hex()


def _mac(secret: bytes, data: bytes) -> bytes:
    made: bytes = _hmac().digest(secret, data, "sha256")
    return made


@cache
def _hmac() -> ModuleType:
    # Imported on use: commands that only read do not need it.
    import hmac

    return hmac


@lru_cache(maxsize=256)
def pack_digest(text: str | None) -> bytes | None:
    """Return a digest or a commit id packed into few bytes."""
    if text is None:
        return None
    kind, _, number = text.rpartition(":")
    if kind in ("", "sha256") and re.fullmatch("(?:[0-9a-f]{40}|[0-9a-f]{64})", number):
        return bytes([1 if kind else 2]) + bytes.fromhex(number)
    return b"\0" + text.encode("utf-8", "surrogatepass")


def unpack_digest(data: bytes | None) -> str | None:
    """Return the digest or commit that was packed."""
    if data is None:
        return None
    body = bytes(data[1:])
    if data[0] == 0:
        return body.decode("utf-8", "surrogatepass")
    return ("sha256:" if data[0] == 1 else "") + body.hex()
