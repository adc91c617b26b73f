"""Addresses and tokens: what is sent where, and what is sent nowhere."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.errors import UsageError
from promptops.forge.address import check_address, to_path
from promptops.forge.github import GitHub

# --- addresses and tokens


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://github.example.com/api/v3", "not encrypted"),
        ("ftp://github.example.com", "not an address"),
        ("github.example.com", "not an address"),
        ("https://", "not an address"),
        ("", "not an address"),
        ("https://[::1", "not an address"),
        ("https://api.github.com/?x=y", "not an address"),
        ("https://api.github.com/#x", "not an address"),
        ("https://api.github.com\\.example.com", "not an address"),
        ("https://api.github.com\n", "not an address"),
        ("https://me:secret@api.github.com", "contains a user name"),
    ],
)
def test_addresses_that_get_no_token(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        GitHub("acme/prompts", token="good", url=url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("token", ["", " \n", "sec ret", "sec\nret", "sécret", "sec\x7fret"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(UsageError) as raised:
        GitHub("acme/prompts", token=token)
    assert raised.value.hint == snapshot("give one in PROMPTOPS_GITHUB_TOKEN or GITHUB_TOKEN")
    assert not token.strip() or token not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://api.github.com", "https://api.github.com"),
        ("https://API.GitHub.com:443/", "https://api.github.com"),
        ("https://git.example.com:8443/api/v3/", "https://git.example.com:8443/api/v3"),
        ("https://git.example.com/API", "https://git.example.com/API"),
        ("http://127.0.0.1:80/api", "http://127.0.0.1/api"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_an_address_has_one_form(url: str, address: str) -> None:
    assert check_address("GitHub", url) == address


def test_names_are_no_more_than_names_in_a_path() -> None:
    assert to_path("repos", "acme", "a/b?c#d%2e") == "/repos/acme/a%2Fb%3Fc%23d%252e"
    for climbing in ("", ".", ".."):
        with pytest.raises(UsageError, match="is not a valid name on a forge"):
            to_path("repos", climbing)
