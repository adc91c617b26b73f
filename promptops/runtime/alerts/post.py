"""One HTTP request that tells somebody something."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from promptops.runtime.alerts.alert import AlertError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message as Headers

_RETRIED = frozenset({408, 425, 429})
_SERVER_ERROR = 500
_MAX_ANSWER = 4096


class Post(NamedTuple):
    """A request: where, further headers, and a JSON body."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect of a POST becomes a GET, and takes the headers, keys included, elsewhere."""

    def redirect_request(self, *_args: object, **_options: object) -> None:
        return None


def send_post(post: Post, *, timeout_seconds: float, now: float) -> None:
    """Send it; AlertError names the host and never the address, which may be a secret."""
    try:
        host = urlsplit(post.url).hostname
    except ValueError:
        raise AlertError("the address is no URL", is_passing=False) from None
    headers = {"Content-Type": "application/json", "User-Agent": "promptops", **post.headers}
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        request = urllib.request.Request(post.url, post.body, headers, method="POST")  # noqa: S310
        with opener.open(request, timeout=timeout_seconds) as answer:
            answer.read(_MAX_ANSWER)
    except urllib.error.HTTPError as error:
        with error:
            raise AlertError(
                f"{host} answered {error.code}",
                is_passing=error.code in _RETRIED or error.code >= _SERVER_ERROR,
                retry_after_seconds=_read_wait(error.headers, now),
                hint="look whether address and key are right",
            ) from None
    except urllib.error.URLError as error:
        raise AlertError(f"{host} cannot be reached: {error.reason}", is_passing=True) from None
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise AlertError(f"{host} cannot be reached: {reason}", is_passing=True) from None
    except ValueError:
        raise AlertError("the address is no URL", is_passing=False) from None


def _read_wait(headers: Headers, now: float) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
