"""Find an endpoint's address, key, headers and proxy, with values from the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from promptops.runtime.models.model import Endpoint, ModelError
from promptops.web.proxies import find_proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.models.providers import Provider

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Address(NamedTuple):
    """Everything that a transport needs of an endpoint.

    Attributes:
        url: the address of chat completions.
        headers: the headers of every request, the key included.
        secrets: texts that must not appear in errors.
        proxy: the proxy's address, or None.
    """

    url: str
    headers: Mapping[str, str]
    secrets: tuple[str, ...]
    proxy: str | None


def find_address(
    model: str, endpoint: Endpoint, provider: Provider | None, environment: Mapping[str, str]
) -> Address:
    """Return the address of `model`. Raises ModelError if a key or an address is missing."""
    base = endpoint.base_url
    variable = endpoint.key_variable
    needs_key = variable is not None
    if base is None and provider is not None:
        elsewhere = environment.get(provider.base_variable or "", "").strip()
        base = elsewhere or provider.base_url
        if variable is None:
            # A provider's key is sent only to the provider, or to the address in the same
            # environment.
            variable = provider.key_variable
            needs_key = variable is not None and not elsewhere
    if base is None:
        raise ModelError(
            f"{model}: the address of this model is unknown",
            model=model,
            kind="invalid",
            is_sent=False,
            hint=f'set base_url in [models."{model.partition("/")[0]}"]',
        )
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "promptops",
    }
    secrets = []
    key = read_key(model, variable, environment, is_needed=needs_key)
    if key:
        headers["Authorization"] = f"Bearer {key}"
        secrets.append(key)
    more, found = read_headers(model, endpoint.headers, environment)
    for name, value in more.items():
        for known in [one for one in headers if one.lower() == name.lower()]:
            del headers[known]
        headers[name] = value
    secrets += found
    url = _join(base)
    return Address(url, headers, tuple(filter(None, secrets)), find_proxy(url, environment))


def read_headers(
    model: str, headers: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return configured headers with variables replaced, and the secrets among them."""
    filled = {}
    secrets = []
    for name, written in headers.items():
        value = written
        for variable in _REFERENCE.findall(written):
            secret = read_key(model, variable, environment, is_needed=True)
            secrets.append(secret)
            value = value.replace(f"${{{variable}}}", secret)
        filled[name] = value
    return filled, secrets


def read_key(
    model: str, variable: str | None, environment: Mapping[str, str], *, is_needed: bool
) -> str:
    """Return a variable's value. Raises ModelError if it is required and missing, or not a valid
    key.
    """
    key = environment.get(variable, "").strip() if variable else ""
    if not key and is_needed:
        raise ModelError(
            f"{model}: no key: {variable} is not set",
            model=model,
            kind="key",
            is_sent=False,
            hint=f"export {variable}=... where promptops runs",
        )
    if not key.isascii() or not key.isprintable():
        raise ModelError(
            f"{model}: {variable} contains invalid characters",
            model=model,
            kind="key",
            is_sent=False,
            hint="copy the key again, without newlines and typographic quotes",
        )
    return key


def _join(base: str) -> str:
    """Return the address of chat completions below `base`, with or without `/v1`."""
    parts = urlsplit(base)
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path = f"{path or '/v1'}/chat/completions"
    return parts._replace(path=path, fragment="").geturl()
