"""Validate addresses, tokens and paths of requests."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from promptops.errors import UsageError
from promptops.errors import quote as quote_text
from promptops.web.proxies import LOOPBACK

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def check_address(forge: str, url: str) -> str:
    """Return an API's address in canonical form, without a slash at its end.

    Raises:
        UsageError: it is not a URL, or a token must not be sent there.
    """
    hint = "it looks like https://api.github.com or https://gitlab.example.com/api/v4"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not plain or parts.scheme not in _DEFAULT_PORTS or not host or set("?#") & set(url):
        raise UsageError(f"{quote_text(url)} is not an address of {forge}'s API", hint=hint)
    if "@" in parts.netloc:
        raise UsageError(
            f"the address of {forge}'s API contains a user name",
            hint="pass the token in its environment variable instead",
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise UsageError(
            f"{quote_text(url)} is not encrypted: the token would be sent in plain text",
            hint="use an https:// address",
        )
    place = parts.netloc.lower().removesuffix(_DEFAULT_PORTS[parts.scheme])
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/")


def check_token(token: str, *, hint: str) -> str:
    """Return a token, stripped, for a header.

    Raises:
        UsageError: it is not a valid token; the message does not contain it.
    """
    token = token.strip()
    if not token:
        raise UsageError("no token for the forge is set", hint=hint)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("the token contains invalid characters", hint=hint)
    return token


def to_path(*segments: str) -> str:
    """Return a URL path of these segments, with a leading slash.

    Raises:
        UsageError: a segment is empty, `.` or `..`.
    """
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise UsageError(f"{quote_text(segment)} is not a valid name on a forge")
    return "".join("/" + quote(segment, safe="", errors="strict") for segment in segments)
