"""Check requests to the preview: only its own pages in the user's browser may send any.

A page of another site must neither read nor run anything. Such a page can make a browser send
requests to this machine (cross-site requests), or make its own host name mean this machine (DNS
rebinding). Other people's programs on the same machine can connect too. So each request needs

* a Host that names this server, which a rebound name does not;
* no other site in Origin and Sec-Fetch-Site, which browsers set;
* the cookie, which only the address with the token sets: `SameSite=Strict`, hidden from scripts;
* for a form: this server as Origin, and the token in the form.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_COOKIE = re.compile(r"(?:^|;)\s*([^=;\s]+)=([^;]*)")
_SAME = frozenset({"same-origin", "none"})


class SiteRefusal(NamedTuple):
    """The refusal of a request.

    Attributes:
        status: the HTTP status.
        text: what is wrong, and what to do.
    """

    status: int
    text: str


class SiteAccess:
    """The access rules of one server."""

    def __init__(self, hosts: frozenset[str], port: int, token: str) -> None:
        """Store the server's host names and port, and the token in its address."""
        self._authorities = frozenset(f"{host}:{port}" for host in hosts)
        self._token = token
        self.cookie_name = f"promptops_site_{port}"
        # Derived from the token, so that neither reveals the other.
        self.cookie = self._derive("cookie")
        self.form_token = self._derive("form")

    def check_origin(self, method: str, headers: Mapping[str, str]) -> SiteRefusal | None:
        """Check method, Host and origin of a request; return the refusal, or None.

        Args:
            method: the HTTP method.
            headers: the headers, with names in lower case.
        """
        host = headers.get("host", "")
        if host.lower() not in self._authorities:
            return SiteRefusal(
                421, "the host name does not belong to this server; open its own address"
            )
        origin = headers.get("origin")
        is_own = origin is not None and origin.lower() == f"http://{host.lower()}"
        if headers.get("sec-fetch-site", "none") not in _SAME or (
            origin is not None and not is_own
        ):
            return SiteRefusal(403, "a cross-site request is refused; open the address directly")
        if method == "POST" and not is_own:
            return SiteRefusal(403, "forms are accepted only from this site's pages")
        return None

    def opens(self, token: str) -> bool:
        """Return whether the token in an address is correct."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def knows(self, cookies: str) -> bool:
        """Return whether a Cookie header contains the right cookie."""
        given = [value for name, value in _COOKIE.findall(cookies) if name == self.cookie_name]
        return any(hmac.compare_digest(one.encode(), self.cookie.encode()) for one in given)

    def takes(self, form_token: str) -> bool:
        """Return whether a form's token is correct."""
        return hmac.compare_digest(form_token.encode(), self.form_token.encode())

    def _derive(self, use: str) -> str:
        return hmac.new(self._token.encode(), use.encode(), hashlib.sha256).hexdigest()
