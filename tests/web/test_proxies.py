"""Which proxy a request goes through, by what the environment says."""

from __future__ import annotations

import pytest

from promptops.web.proxies import choose_proxy, find_proxy


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://h/", {}, None),
        ("http://h/", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("http://h/", {"http_proxy": "p:1", "HTTP_PROXY": "q:1"}, "http://p:1"),
        ("https://h/", {"http_proxy": "p:1"}, None),
        ("https://h/", {"all_proxy": "http://p:1"}, "http://p:1"),
        ("https://h/", {"https_proxy": "p:1", "no_proxy": "*"}, None),
        ("https://a.b.c/", {"https_proxy": "p:1", "no_proxy": "x, .b.c"}, None),
        ("https://b.c/", {"https_proxy": "p:1", "no_proxy": ".b.c"}, None),
        ("https://ab.c/", {"https_proxy": "p:1", "no_proxy": "b.c"}, "http://p:1"),
        ("https://b.c:8/", {"https_proxy": "p:1", "no_proxy": "b.c:9"}, "http://p:1"),
        ("http://h/", {"HTTP_PROXY": "p:1", "REQUEST_METHOD": "GET"}, None),
    ],
)
def test_the_proxy(url: str, environment: dict[str, str], proxy: str | None) -> None:
    assert find_proxy(url, environment) == proxy


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_is_behind_no_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://p:1")
    assert choose_proxy(f"http://{host}:8080/") is None
    assert choose_proxy("http://h/") == "http://p:1"
