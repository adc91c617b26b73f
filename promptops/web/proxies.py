"""Choose the proxy for a request."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

# Servers on this machine need no proxy.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def choose_proxy(url: str) -> str | None:
    """Return the URL of this machine's proxy for `url`; None for a direct connection.

    The environment decides; without its variables, the settings of Windows or macOS.
    """
    host = urlsplit(url).hostname
    if host in LOOPBACK:
        return None
    proxy = find_proxy(url, os.environ)
    if proxy is None and sys.platform in {"win32", "darwin"}:
        from urllib.request import getproxies, proxy_bypass

        if not proxy_bypass(host or ""):
            proxy = getproxies().get(urlsplit(url).scheme)
    return proxy


def find_proxy(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy that the environment names for `url`; None for a direct
    connection.

    As curl does: `https_proxy`, `http_proxy` and `all_proxy` in either case, and `no_proxy` with
    hosts, domains and `*`. `HTTP_PROXY` in capitals is ignored in a CGI script, whose client could
    set it.
    """
    parts = urlsplit(url)
    names = [f"{parts.scheme}_proxy", f"{parts.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"]
    if "REQUEST_METHOD" in environment:
        names.remove("HTTP_PROXY") if "HTTP_PROXY" in names else None
    proxy = next((environment[name] for name in names if environment.get(name)), None)
    if proxy is None or _is_direct(parts, environment):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_direct(parts: SplitResult, environment: Mapping[str, str]) -> bool:
    host = (parts.hostname or "").rstrip(".")
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    for one in listed.lower().split(","):
        name, _, port = one.strip().partition(":")
        name = name.removeprefix("*").removeprefix(".")
        if one.strip() == "*":
            return True
        if port and port != str(parts.port):
            continue
        if name and (host == name or host.endswith(f".{name}")):
            return True
    return False
