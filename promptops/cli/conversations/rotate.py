"""`promptops conversations rotate`: encrypt conversations with a new key."""

from __future__ import annotations

from promptops.cli.conversations.opening import StoreOption, open_store, read_keyring
from promptops.cli.session import emit
from promptops.errors import ConfigurationError, count_of


def rotate(store: StoreOption = None) -> None:
    """Encrypt all conversations with the first key that [conversations] encryption_key names.

    To change keys put the new one in front of the old one wherever conversations are used, run
    this, and take the old one out. What was not encrypted before is encrypted, too.
    """
    from promptops.runtime.conversation.bodies import rotate as rotate_store

    keyring = read_keyring()
    if keyring is None:
        raise ConfigurationError(
            "the store of conversations is not encrypted",
            hint="set encryption_key in [conversations]",
        )
    with open_store(store) as opened:
        number = rotate_store(opened, keyring)
    emit(f"encrypted {count_of(number, 'value')} with the first key")
