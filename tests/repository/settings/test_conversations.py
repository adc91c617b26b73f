from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import Config, load_config
from promptops.repository.settings.conversations import ConversationSettings


def read(text: str) -> Config:
    return load_config({"promptops.toml": f"[conversations]\n{text}".encode()}.get)


def test_nothing_configured() -> None:
    assert read("").conversations == ConversationSettings()
    assert load_config(lambda _: None).conversations == ConversationSettings()


def test_a_table_with_everything() -> None:
    config = read("""
        store = "redis://cache.example.com/0"
        tokens = 9
        summary = "support/summary"
        ttl = "30d"
        kilobytes = 64
        encryption_key = "TALK_KEY"
    """)
    assert config.conversations == ConversationSettings(
        "redis://cache.example.com/0", None, 9, "support/summary", 30 * 86_400, 64, "TALK_KEY"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("store = 'mysql://h/d'", "store is not a supported store for conversations"),
        ("store = 'redis://:hidden@h/0'", "store contains a password"),
        ("store = 'postgresql://h/d?password=hidden'", "store contains a password"),
        ("store = 'a'\nstore_variable = 'B'", "store_variable and store are both set"),
        ("encryption_key = 'a key'", "encryption_key is not the name of an environment variable"),
        ("window = 1", "unknown key 'conversations.window'"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        read(text)
    assert "hidden" not in f"{caught.value}{caught.value.hint}"
