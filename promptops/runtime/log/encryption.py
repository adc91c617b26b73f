"""Encryption of texts at rest: AES-256-GCM with keys from an environment variable.

The variable holds one or more keys, separated by commas: 32 bytes each, in base64 (`openssl rand
-base64 32`). The first one encrypts, and all can decrypt. To rotate, add a new key in front, run
`promptops runs rotate`, then remove the old one. A sealed text is the first four bytes of the
SHA-256 of its key, a nonce of 12 bytes, and the ciphertext.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from promptops.errors import ConfigurationError, IntegrityError, PromptopsError
from promptops.lazy import FORK_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NAME = 4
_NONCE = 12


class Keyring:
    """The keys of one log or other store; `what` is its name in errors."""

    def __init__(
        self,
        keys: list[bytes],
        random: Callable[[int], bytes],
        variable: str,
        what: str = "the run log",
    ) -> None:
        try:
            with FORK_LOCK:
                from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise PromptopsError(
                f"encryption of {what} needs the package cryptography",
                hint="pip install 'git-promptops[encryption]'",
            ) from error
        self._ciphers: dict[bytes, AESGCM] = {}
        for key in keys:
            self._ciphers.setdefault(hashlib.sha256(key).digest()[:_NAME], AESGCM(key))
        self._first = next(iter(self._ciphers))
        self._random = random
        self._variable = variable
        self._what = what

    def seal(self, data: bytes) -> bytes:
        """Return the data encrypted with the first key."""
        nonce = self._random(_NONCE)
        sealed: bytes = self._ciphers[self._first].encrypt(nonce, data, None)
        return self._first + nonce + sealed

    def open(self, sealed: bytes) -> bytes:
        """Decrypt data. Raises ConfigurationError without its key, and IntegrityError if it was
        altered.
        """
        from cryptography.exceptions import InvalidTag

        cipher = self._ciphers.get(sealed[:_NAME])
        if cipher is None:
            raise ConfigurationError(
                f"{self._what} was encrypted with a key that {self._variable} does not contain",
                hint="add the old key after the new one, separated by a comma",
            )
        try:
            nonce, body = sealed[_NAME : _NAME + _NONCE], sealed[_NAME + _NONCE :]
            data: bytes = cipher.decrypt(nonce, body, None)
        except InvalidTag:
            raise IntegrityError(
                f"a text of {self._what} was altered",
                hint="restore it from a backup",
            ) from None
        return data

    def is_current(self, sealed: bytes) -> bool:
        """Return whether data is encrypted with the first key."""
        return sealed[:_NAME] == self._first


def read_keys(
    variable: str,
    text: str | None,
    random: Callable[[int], bytes],
    what: str = "the run log",
) -> Keyring:
    """Return the keys in an environment variable. Raises ConfigurationError if there are none."""
    hint = "create a key with 'openssl rand -base64 32'"
    if not text or not text.strip():
        raise ConfigurationError(f"{variable} contains no key for {what}", hint=hint)
    keys = []
    for one in text.split(","):
        try:
            key = base64.b64decode(one.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            # The value is a secret, so it is not in the message.
            raise ConfigurationError(f"{variable} is not a key of 32 bytes in base64", hint=hint)
        keys.append(key)
    return Keyring(keys, random, variable, what)
