from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import Config, load_config
from promptops.repository.settings.log import LogSettings


def read(text: str) -> Config:
    return load_config({"promptops.toml": text.encode()}.get)


def test_nothing_configured_keeps_redacted_texts_for_ever() -> None:
    assert read("").log == LogSettings()
    assert read("[log]\n").log == LogSettings(None, "redacted", None, None)


def test_a_table_with_everything() -> None:
    config = read("""
        [log]
        url = "postgresql://log@db.example.com/promptops"
        content = "full"
        retention = "90d"
        encryption_key = "PROMPTOPS_LOG_KEY"
    """)
    assert config.log == LogSettings(
        "postgresql://log@db.example.com/promptops", "full", 90 * 86_400, "PROMPTOPS_LOG_KEY"
    )


def test_models_are_part_of_the_configuration_too() -> None:
    config = read('[models]\nallow = ["echo/*"]\n[log]\ncontent = "none"\n')
    assert config.models.allow == ("echo/*",)
    assert config.log.content == "none"
    assert read("").models.allow is None


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("urls = 'a'", "unknown key 'log.urls'", "did you mean 'log.url'?"),
        ("url = 3", "log.url is not a text", 'write url = "..."'),
        ("url = 'http://a/b'", "log.url is not a supported store for a log", "use a file's path"),
        ("url = 'postgresql://a:hunter2@h/d'", "log.url contains a password", "set PGPASSWORD"),
        ("url = 'postgresql://h/d?password=hunter2'", "log.url contains a password", "PGPASSFILE"),
        ("content = 'all'", "log.content is 'all'", "choose one of: redacted, full, none"),
        ("retention = 90", "log.retention is not a time span", 'write retention = "90d"'),
        ("retention = '0d'", "log.retention is not a time span", 'write retention = "90d"'),
        ("retention = '1 month'", "log.retention is not a time span", "90d"),
        ("encryption_key = 'a+b/c='", "log.encryption_key is not the name of an", "do not belong"),
    ],
)
def test_what_means_nothing_is_an_error(line: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(f"[log]\n{line}\n")
    assert caught.value.message.startswith(f"promptops.toml: {message}")
    assert hint in str(caught.value.hint)
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


def test_a_table_that_is_none_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="log is not a table"):
        read("log = 'runs.db'\n")
