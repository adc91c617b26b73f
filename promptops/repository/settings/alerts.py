"""The table `[alerts]`: where to send alerts.

[alerts] service = "checkout"

[alerts.slack] url_variable = "SLACK_WEBHOOK"

[alerts.pagerduty] key = "PAGERDUTY_KEY" kinds = ["ledger", "key"]

[alerts.command] run_variable = "PROMPTOPS_ALERT_COMMAND"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptops.repository.settings.reading import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("guard", "overrun", "ledger", "breaker", "key", "model", "drift", "nightly")
# The keys of each channel besides `kinds`.
CHANNELS: Mapping[str, tuple[str, ...]] = {
    "webhook": ("url", "url_variable"),
    "slack": ("url_variable",),
    "pagerduty": ("key", "base_url"),
    "opsgenie": ("key", "base_url"),
    "command": ("run_variable",),
}
_BASE_URLS = {
    "pagerduty": "https://events.pagerduty.com",
    "opsgenie": "https://api.opsgenie.com",
}


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One alert channel.

    Attributes:
        name: one of `CHANNELS`.
        url: the address; for PagerDuty and Opsgenie the base address.
        variable: the environment variable with the secret: the address, the key, or the command,
            which only the owner of the machine may choose.
        kinds: the kinds of alerts it gets.
    """

    name: str
    url: str | None = None
    variable: str | None = None
    kinds: tuple[str, ...] = KINDS


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """The table `[alerts]`.

    Attributes:
        service: the source in alerts; None: the machine's name.
        channels: the channels.
    """

    service: str | None = None
    channels: tuple[ChannelSettings, ...] = ()


def read_alerts(value: object, path: str) -> AlertSettings:
    """Read the table `[alerts]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "alerts")
    table.check_keys(("service", *CHANNELS))
    return AlertSettings(
        table.optional_text("service"),
        tuple(_read_channel(name, table.table(name)) for name in CHANNELS if name in table),
    )


def _read_channel(name: str, table: Table) -> ChannelSettings:
    keys = CHANNELS[name]
    table.check_keys((*keys, "kinds"))
    secret = next(key for key in keys if key.endswith("variable") or key == "key")
    given = [key for key in ("url", secret) if key in table]
    if len(given) != 1:
        wrong = "and url are both set" if given else "is missing"
        table.fail(secret, wrong, f'write {secret} = "NAME_OF_A_VARIABLE"')
    return ChannelSettings(
        name,
        _read_url(table, "base_url") or _BASE_URLS.get(name) or _read_url(table, "url"),
        table.variable(secret, "NAME_OF_A_VARIABLE"),
        _read_kinds(table),
    )


def _read_kinds(table: Table) -> tuple[str, ...]:
    if "kinds" not in table:
        return KINDS
    kinds = table.texts("kinds")
    if not kinds or not set(kinds) <= set(KINDS):
        table.fail("kinds", "is not a list of kinds", f"choose from: {', '.join(KINDS)}")
    return kinds


def _read_url(table: Table, key: str) -> str | None:
    url = table.optional_text(key)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_url = is_url and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, is_url = None, False
    if parts is None or not is_url or not url.isascii() or not url.isprintable() or " " in url:
        table.fail(key, "is not an http(s) address", 'such as "https://alerts.example.com/in"')
    if parts.username is not None or parts.password is not None:
        table.fail(
            key, "contains a password", "set url_variable, and put the address into that variable"
        )
    return url
