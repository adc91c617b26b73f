"""The table of providers: where a key may be sent."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from promptops.runtime.models.providers import NATIVE, PROVIDERS


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_key_is_sent_encrypted_and_nothing_else_leaves_the_machine(name: str) -> None:
    one = PROVIDERS[name]
    parts = urlsplit(one.base_url)
    if one.key_variable is not None:
        assert parts.scheme == "https"
    else:
        assert parts.hostname == "127.0.0.1"
    # The paths of embeddings and of chat completions are put after it.
    assert not parts.path.endswith(("/", "/chat/completions"))


def test_no_provider_has_two_formats() -> None:
    assert NATIVE.isdisjoint(PROVIDERS)


def test_providers_do_not_share_variables() -> None:
    names = [
        name
        for one in PROVIDERS.values()
        for name in (one.key_variable, one.base_variable)
        if name is not None
    ]
    assert len(names) == len(set(names))
