"""Pack and unpack the bodies of conversation rows, encrypted if there are keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.errors import ConfigurationError
from promptops.runtime.log.content import from_json, is_current, pack, to_json, unpack

if TYPE_CHECKING:
    from promptops.runtime.conversation.entries import ConversationStore
    from promptops.runtime.log.encryption import Keyring

_SEALED = 2


def seal_body(value: object, keyring: Keyring | None) -> bytes:
    """Return a row's body from its content: packed, and encrypted if there are keys."""
    return pack(to_json(value), keyring)


def open_body(body: bytes, keyring: Keyring | None) -> Any:  # noqa: ANN401 - each kind of row has its own
    """Return a row's content from its body.

    Raises:
        ConfigurationError: it is encrypted, and its key is missing.
        IntegrityError: it was altered.
    """
    _require_key(body, keyring)
    return from_json(unpack(body, keyring))


def rotate(store: ConversationStore, keyring: Keyring) -> int:
    """Encrypt all bodies in a store with the first key; return the number of changed rows.

    Raises:
        ConfigurationError: a row's key is missing. Earlier rows are changed already.
    """

    def change(body: bytes) -> bytes | None:
        return None if is_current(body, keyring) else pack(unpack(body, keyring), keyring)

    return store.reseal(change)


def _require_key(body: bytes, keyring: Keyring | None) -> None:
    if keyring is None and body[0] & _SEALED:
        raise ConfigurationError(
            "the store of conversations is encrypted, and no key is configured",
            hint="set encryption_key in [conversations]",
        )
