"""Require encrypted, verified connections to stores, unless the address says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# How the names of sockets on this machine begin.
_SOCKETS = ("/", "@")


def secure_postgres(url: str, environment: Mapping[str, str]) -> str:
    """Return a PostgreSQL address with verification of the server's certificate added.

    By default, the client would accept an unencrypted connection and any certificate. Settings in
    the address or in `PGSSLMODE` are kept. Connections within the machine are not changed.

    Raises psycopg.ProgrammingError if the address is malformed.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    found = conninfo_to_dict(url)
    hosts = str(found.get("host") or found.get("hostaddr") or environment.get("PGHOST") or "")
    is_local = all(_is_local(one) for one in hosts.split(","))
    if is_local or "sslmode" in found or environment.get("PGSSLMODE"):
        return url
    options = {"sslmode": "verify-full"}
    if "sslrootcert" not in found and not environment.get("PGSSLROOTCERT"):
        options["sslrootcert"] = "system"
    made: str = make_conninfo(url, **options)
    return made


def _is_local(host: str) -> bool:
    from ipaddress import ip_address

    if not host or host.startswith(_SOCKETS) or host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        # A name that begins like an address is another machine's.
        return False


def redis_options(url: str) -> dict[str, Any]:
    """Return the client options that verify the server of a `rediss://` address.

    Settings in the address itself are kept.
    """
    if not url.startswith("rediss://"):
        return {}
    return {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
