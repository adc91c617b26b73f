"""Shared parts of blocking and asynchronous connections: proxy logins, TLS, error texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult


class ConnectError(OSError):
    """The connection failed."""


def authorize(proxy: SplitResult) -> dict[str, str]:
    """Return the header with a proxy's user name and password; {} if its address has none."""
    if proxy.username is None:
        return {}
    import base64
    from urllib.parse import unquote

    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def describe(error: Exception) -> str:
    """Return why the connection failed, without the system's error numbers."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


_contexts: list[ssl.SSLContext] = []


def encryption() -> ssl.SSLContext:
    """Return the TLS settings with the system's certificates, created once."""
    if not _contexts:
        import ssl

        _contexts.append(ssl.create_default_context())
    return _contexts[0]
