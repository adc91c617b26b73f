"""A download follows redirects, and gives credentials to nobody but their own server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import IntegrityError, SourceUnavailableError, UntrustedError
from promptops.runtime.sources.download import NotThereError, download, without_credentials
from promptops.web.exchange import NoAnswerError, TooLargeError, WebAnswer

if TYPE_CHECKING:
    from promptops.errors import PromptopsError

URL = "https://prompts.example.com/a.json"


class Web:
    """The web: what each address answers, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, WebAnswer | Exception] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def answer(self, url: str, status: int = 200, body: bytes = b"", **headers: str) -> None:
        self.answers[url] = WebAnswer(status, "Reason", headers, body)

    def connect(self, url: str, headers: dict[str, str], *_: object, **__: object) -> Any:
        self.asked.append((url, headers))
        return self

    def close(self) -> None:
        """Nothing to close."""

    def exchange(self, _connections: object, _method: str, url: str, **_: object) -> WebAnswer:
        found = self.answers[url]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    web = Web()
    monkeypatch.setattr("promptops.web.connection.Connections", web.connect)
    monkeypatch.setattr("promptops.web.exchange.exchange", web.exchange)
    return web


def test_a_file_comes_with_its_etag_and_not_again_until_it_changes(web: Web) -> None:
    web.answer(URL, body=b"{}", etag='"1"')
    assert download(URL, None) == (b"{}", '"1"')
    web.answer(URL, 304)
    assert download(URL, '"1"') is None
    assert [headers.get("If-None-Match") for _, headers in web.asked] == [None, '"1"']


def test_a_server_need_not_have_etags(web: Web) -> None:
    web.answer(URL, body=b"{}")
    assert download(URL, None) == (b"{}", None)


def test_credentials_are_sent_to_their_own_server_alone(web: Web) -> None:
    web.answer(URL, 302, location="https://cdn.example.com/b")
    web.answer("https://cdn.example.com/b", 307, location="../c.json")
    web.answer("https://cdn.example.com/c.json", body=b"{}")
    assert download(URL.replace("://", "://jane:s%40cret@"), None) == (b"{}", None)
    assert [(url, headers.get("Authorization")) for url, headers in web.asked] == [
        (URL, "Basic amFuZTpzQGNyZXQ="),
        ("https://cdn.example.com/b", None),
        ("https://cdn.example.com/c.json", None),
    ]


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ("http://prompts.example.com/a.json", UntrustedError, "which is not encrypted"),
        ("file:///etc/passwd", SourceUnavailableError, "redirects to file:///etc/passwd"),
        (URL, SourceUnavailableError, "redirects too often"),
    ],
    ids=["not encrypted", "not the web", "a circle"],
)
def test_a_redirect_that_is_not_followed(
    web: Web, target: str, error: type[PromptopsError], message: str
) -> None:
    web.answer(URL, 301, location=target)
    with pytest.raises(error, match=message):
        download(URL, None)
    assert {url for url, _ in web.asked} == {URL}


def test_a_server_without_encryption_may_redirect_to_one_with_it(web: Web) -> None:
    plain = URL.replace("https:", "http:")
    web.answer(plain, 301, location=URL)
    web.answer(URL, body=b"{}")
    assert download(plain, None) == (b"{}", None)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (404, NotThereError),
        (410, NotThereError),
        (403, SourceUnavailableError),
        (500, SourceUnavailableError),
        (NoAnswerError("refused"), SourceUnavailableError),
        (TooLargeError(), IntegrityError),
    ],
    ids=repr,
)
def test_what_is_no_file_is_an_error_without_credentials(
    web: Web, answer: int | Exception, error: type[PromptopsError]
) -> None:
    if isinstance(answer, int):
        web.answer(URL, answer)
    else:
        web.answers[URL] = answer
    with pytest.raises(error) as caught:
        download(URL.replace("://", "://jane:hunter2@"), None)
    assert type(caught.value) is error
    assert "prompts.example.com" in caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://jane:hunter2@host/a.json", "https://host/a.json"),
        ("https://token@host:8443/a.json?sig=hunter2#x", "https://host:8443/a.json"),
        ("https://host/a@b.json", "https://host/a@b.json"),
        ("prompts?.json", "prompts?.json"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
