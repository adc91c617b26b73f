"""Download a snapshot: follow redirects, and send credentials only to their own server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from promptops.errors import IntegrityError, SourceUnavailableError, UntrustedError

if TYPE_CHECKING:
    from promptops.web.exchange import WebAnswer

SILENCE_SECONDS = 10.0
TOTAL_SECONDS = 30.0
MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024
_MAX_REDIRECTS = 10
_DEFAULT_PORTS = {"http": 80, "https": 443}


class NotThereError(SourceUnavailableError):
    """The server answered that the file does not exist."""


def download(url: str, etag: str | None) -> tuple[bytes, str | None] | None:
    """Return a file and its ETag from a web server; None if unchanged since `etag`.

    Raises:
        NotThereError: the server has no such file.
        SourceUnavailableError: there is no complete answer, or its status is unexpected.
        UntrustedError: https redirects to http.
        IntegrityError: the file is larger than a snapshot can be.
    """
    from promptops.about import __version__
    from promptops.web.exchange import NoAnswerError, TooLargeError

    headers = {"Accept": "application/json", "User-Agent": f"promptops/{__version__}"}
    if etag is not None:
        headers["If-None-Match"] = etag
    shown = without_credentials(url)
    address, authorization = _split_credentials(url)
    if authorization is not None:
        headers["Authorization"] = authorization
    try:
        answer = _follow(address, headers, shown)
    except TooLargeError as error:
        raise IntegrityError(f"{shown} is too large for a snapshot") from error
    except (NoAnswerError, ValueError) as error:
        raise SourceUnavailableError(
            f"{shown} cannot be reached: {error}", hint="check the connection and the address"
        ) from error
    if answer.status == 304:
        return None
    if not 200 <= answer.status < 300:
        kind = NotThereError if answer.status in {404, 410} else SourceUnavailableError
        raise kind(
            f"{shown} answers {answer.status} {answer.reason}",
            hint="check the address and your access to it",
        )
    return answer.body, answer.headers.get("etag")


def _follow(url: str, headers: dict[str, str], shown: str) -> WebAnswer:
    """Request `url` and follow its redirects, all within one timeout."""
    import time

    from promptops.web.connection import Connections
    from promptops.web.exchange import NoAnswerError, WebLimits, exchange
    from promptops.web.proxies import choose_proxy

    begun = time.monotonic()
    for _ in range(_MAX_REDIRECTS + 1):
        left_seconds = TOTAL_SECONDS - (time.monotonic() - begun)
        limits = WebLimits(max(left_seconds, 0.0), MAX_SNAPSHOT_BYTES)
        connections = Connections(url, headers, choose_proxy(url), silence_seconds=SILENCE_SECONDS)
        try:
            answer = exchange(connections, "GET", url, limits=limits)
        except NoAnswerError as error:
            if time.monotonic() - begun < TOTAL_SECONDS:
                raise
            late = f"there was no complete answer within {TOTAL_SECONDS:g} s"
            raise NoAnswerError(late) from error
        finally:
            connections.close()
        if answer.redirect is None:
            return answer
        target = urljoin(url, answer.redirect)
        if urlsplit(target).scheme not in _DEFAULT_PORTS:
            raise NoAnswerError(f"it redirects to {without_credentials(target)}")
        if url.lower().startswith("https:") and not target.lower().startswith("https:"):
            raise UntrustedError(
                f"{shown} redirects to {without_credentials(target)}, which is not encrypted",
                hint="use an https:// address",
            )
        # Do not send credentials to the target of a redirect.
        headers = {name: value for name, value in headers.items() if name != "Authorization"}
        url = target
    raise NoAnswerError("it redirects too often")


def _split_credentials(url: str) -> tuple[str, str | None]:
    """Return a URL without user name and password, and an `Authorization` header with them."""
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    credentials, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return url, None
    user, _, password = credentials.partition(":")
    said = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return parts._replace(netloc=host).geturl(), f"Basic {said}"


def without_credentials(url: str) -> str:
    """Return a URL for people: without user name, password and query."""
    shown = re.sub(r"(://)[^/@\s]+@", r"\1", url)
    return shown.partition("?")[0] if "://" in shown else shown
