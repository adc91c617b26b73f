from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import load_config
from promptops.repository.settings.cache import CacheSettings


def read(text: str) -> CacheSettings:
    return load_config({"promptops.toml": text.encode()}.get).cache


def test_the_table_alone_caches_for_an_hour_and_no_table_not_at_all() -> None:
    assert read("").ttl_seconds == 0
    assert read("[cache]\n") == CacheSettings(3600, 64, is_for_sampled=False)


def test_a_table_with_everything() -> None:
    settings = read("[cache]\nttl = '10m'\nmegabytes = 1\nsampled = true\n")
    assert settings == CacheSettings(600, 1, is_for_sampled=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ttl = '0s'", "cache.ttl is not a time span"),
        ("megabytes = 0", "cache.megabytes is not a whole number from 1"),
        ("sample = true", "unknown key 'cache.sample'"),
    ],
)
def test_what_means_nothing_is_an_error(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(f"[cache]\n{line}\n")
