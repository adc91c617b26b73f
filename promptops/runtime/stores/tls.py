"""Connections to stores: encrypted and verified, unless the address says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCAL = ("localhost", "127.", "::1", "/", "@")


def secure_postgres(url: str, environment: Mapping[str, str]) -> str:
    """Return the address of a PostgreSQL with verification of its certificate.

    The client's own default takes an unencrypted connection where the server offers no other, and
    any certificate. What the address or `PGSSLMODE` says about it holds; connections within the
    machine need none.

    Raises psycopg.ProgrammingError where it is no address.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    found = conninfo_to_dict(url)
    hosts = str(found.get("host") or found.get("hostaddr") or environment.get("PGHOST") or "")
    is_local = all(not one or one.startswith(_LOCAL) for one in hosts.split(","))
    if is_local or "sslmode" in found or environment.get("PGSSLMODE"):
        return url
    options = {"sslmode": "verify-full"}
    if "sslrootcert" not in found and not environment.get("PGSSLROOTCERT"):
        options["sslrootcert"] = "system"
    made: str = make_conninfo(url, **options)
    return made


def redis_options(url: str) -> dict[str, Any]:
    """Return what a client of Redis needs to verify the server of a `rediss://` address.

    What the address itself says about it holds.
    """
    if not url.startswith("rediss://"):
        return {}
    return {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
