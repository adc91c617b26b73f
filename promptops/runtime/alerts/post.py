"""Send one HTTP request of an alert channel."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from promptops.runtime.alerts.alert import AlertError

if TYPE_CHECKING:
    from collections.abc import Mapping

_RETRIED = frozenset({408, 425, 429})
_SERVER_ERROR = 500
_MAX_ANSWER_BYTES = 1024 * 1024


class Post(NamedTuple):
    """A request: address, headers, and JSON body."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def send_post(post: Post, *, timeout_seconds: float, now: float) -> None:
    """Send a request. Raises AlertError, which names only the host of the (secret) address.

    No redirect is followed, because its target would get the headers with the keys.
    """
    from promptops.web.connection import Connections
    from promptops.web.exchange import NoAnswerError, TooLargeError, WebLimits, exchange
    from promptops.web.proxies import choose_proxy

    host = _find_host(post.url)
    headers = {"Content-Type": "application/json", "User-Agent": "promptops", **post.headers}
    connections = Connections(post.url, headers, choose_proxy(post.url))
    limits = WebLimits(timeout_seconds, _MAX_ANSWER_BYTES)
    try:
        answer = exchange(connections, "POST", post.url, body=post.body, limits=limits)
    except NoAnswerError as error:
        raise AlertError(f"{host} cannot be reached: {error}", is_passing=True) from None
    except TooLargeError:
        raise AlertError(f"the response of {host} is too large", is_passing=False) from None
    finally:
        connections.close()
    if not 200 <= answer.status < 300:
        raise AlertError(
            f"{host} answered {answer.status}",
            is_passing=answer.status in _RETRIED or answer.status >= _SERVER_ERROR,
            retry_after_seconds=_read_wait(answer.headers, now),
            hint="check address and key",
        )


def _find_host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in {"http", "https"}:
        raise AlertError("the address is not a URL", is_passing=False)
    return host


def _read_wait(headers: Mapping[str, str], now: float) -> float | None:
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
