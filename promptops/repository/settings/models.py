"""The table `[models]`: which models prompts may use, and their endpoints.

    [models]
    allow = ["openai/*", "local"]

    [models."prompts/legal"]          # a folder or a glob of prompt files
    allow = ["openai/gpt-4o"]

    [models.local]                    # a prompt says `model: local`
    base_url = "http://127.0.0.1:8000/v1"
    model = "qwen3-8b"
    free = true

    [models.gateway]                  # a prompt says `model: gateway/gpt-4o`
    base_url = "https://llm.example.com/v1"
    key = "GATEWAY_KEY"

A name configures an endpoint and never replaces one model by another: the prompt names its model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptops.repository.settings.reading import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TRANSPORTS = ("openai", "litellm")
KEYS = (
    "base_url",
    "key",
    "model",
    "transport",
    "headers",
    "input_price",
    "output_price",
    "cached_price",
    "free",
    "context",
    "output",
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
# "Portkey" is a product's name: its headers for provider and configuration are not keys.
_SECRET_HEADER = re.compile(r"auth|(?<!port)key|token|secret|cookie|password", re.IGNORECASE)
_SCHEME = re.compile(r"(?:basic|bearer|token|key)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """The settings of one model, or of all models below a name.

    Attributes:
        name: the name in prompts: an endpoint's, a provider's, or PROVIDER/MODEL.
        base_url: its address; None: the provider's default.
        key: the environment variable with the API key.
        model: the model name to send; None: the part after the endpoint's name in the prompt.
        transport: one of `TRANSPORTS`; None: chosen by the name.
        headers: further headers of every request; `${NAME}` is replaced by an environment variable.
        input_price: micro-dollars for a million input tokens; None if not configured.
        output_price: micro-dollars for a million output tokens; None if unknown.
        cached_price: micro-dollars for a million input tokens that the provider had cached; None if
            unknown.
        is_free: whether it costs nothing.
        context: the maximum number of input tokens.
        output: the maximum number of output tokens.
    """

    name: str
    base_url: str | None = None
    key: str | None = None
    model: str | None = None
    transport: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    input_price: int | None = None
    output_price: int | None = None
    cached_price: int | None = None
    is_free: bool = False
    context: int | None = None
    output: int | None = None


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The table `[models]`.

    Attributes:
        allow: patterns of the models that prompts may use; None: all.
        path_allow: pairs of a folder or glob and such a list for its files; the last match applies
            instead of `allow`.
        endpoints: name -> settings.
    """

    allow: tuple[str, ...] | None = None
    path_allow: tuple[tuple[str, tuple[str, ...]], ...] = ()
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)

    def allowed(self, path: str) -> tuple[str, ...] | None:
        """Return the allowed patterns for the prompt file at `path`, from the top; None: all
        models.
        """
        patterns = self.allow
        for place, allow in self.path_allow:
            if fnmatchcase(path, place) or path.startswith(f"{place.rstrip('/')}/"):
                patterns = allow
        return patterns

    def allows(self, model: str, path: str) -> bool:
        """Return whether the prompt file at `path` may use `model`."""
        patterns = self.allowed(path)
        return patterns is None or any(fnmatchcase(model, pattern) for pattern in patterns)

    def list_endpoints(self, model: str) -> Iterator[EndpointSettings]:
        """Yield the settings under a model's own name, then those under its provider's."""
        exact = self.endpoints.get(model)
        if exact is not None:
            yield exact
        family, slash, _ = model.partition("/")
        found = self.endpoints.get(family) if slash else None
        # An endpoint with a configured model serves no other.
        if found is not None and found.model is None:
            yield found


def read_models(value: object, path: str) -> ModelSettings:
    """Read the table `[models]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "models")
    allow = table.texts("allow") if "allow" in table else None
    path_allow = []
    endpoints = {}
    for key in table:
        if key == "allow":
            continue
        if not isinstance(table.raw(key), dict):
            table.fail(
                key, "is not a table", f"write [models.{key}] for a model, or models.allow for all"
            )
    for name, inner in table.tables():
        if "allow" in inner:
            inner.check_keys(("allow",))
            path_allow.append((name, inner.texts("allow")))
        else:
            endpoints[name] = _read_endpoint(name, inner)
    return ModelSettings(allow, tuple(path_allow), endpoints)


def _read_endpoint(name: str, table: Table) -> EndpointSettings:
    table.check_keys(KEYS)
    if not name or name != name.strip() or "*" in name:
        table.fail(
            "", "is not the name of a model", 'write [models.local] or [models."openai/gpt-4o"]'
        )
    base_url = _read_base_url(table)
    model = table.optional_text("model")
    if model is not None and base_url is None:
        table.fail(
            "model",
            "has no base_url, which the name of an endpoint needs",
            f"add {table.key('base_url')}, or write the other model into the prompt",
        )
    transport = table.choice("transport", TRANSPORTS, "openai") if "transport" in table else None
    prices = {key: _read_price(table, key) for key in KEYS if key.endswith("_price")}
    is_free = table.flag("free", default=False)
    if is_free and any(price is not None for price in prices.values()):
        table.fail("free", "is true although a price is set", "remove one of them")
    if (prices["input_price"] is None) != (prices["output_price"] is None):
        missing = "input_price" if prices["input_price"] is None else "output_price"
        table.fail(missing, "is missing", "a price needs both, in US dollars for a million tokens")
    if prices["cached_price"] is not None and prices["input_price"] is None:
        table.fail("input_price", "is missing", "a price for cached tokens needs the others too")
    return EndpointSettings(
        name=name,
        base_url=base_url,
        key=table.variable("key", "PROVIDER_API_KEY"),
        model=model,
        transport=transport,
        headers=_read_headers(table),
        is_free=is_free,
        context=table.whole("context", None, least=1),
        output=table.whole("output", None, least=1),
        **prices,
    )


def _read_base_url(table: Table) -> str | None:
    address = table.optional_text("base_url")
    if address is None:
        return None
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_address = is_address and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, is_address = None, False
    if parts is None or not is_address or not address.isascii() or not address.isprintable():
        table.fail(
            "base_url", "is not an http(s) address", 'such as base_url = "http://127.0.0.1:8000/v1"'
        )
    if parts.username is not None or parts.password is not None:
        table.fail("base_url", "contains a password", "name the variable with the key in `key`")
    if re.search(r"(?:^|&)[^=]*(?:key|token|secret)[^=]*=", parts.query, re.IGNORECASE):
        table.fail("base_url", "contains a key", "name the variable with the key in `key`")
    return address


def _read_headers(table: Table) -> dict[str, str]:
    headers = {}
    inner = table.table("headers")
    for name in inner:
        value = inner.text(name, "")
        if _HEADER.fullmatch(name) is None or not value.isascii() or not value.isprintable():
            inner.fail(name, "is not a header", 'such as headers = {X-Team = "support"}')
        if name.lower() in {"content-length", "content-type", "host", "transfer-encoding"}:
            inner.fail(name, "is set by the transport", "leave it out")
        rest = _REFERENCE.sub("", value)
        if _SECRET_HEADER.search(name) and not (
            rest != value and _SCHEME.fullmatch(rest) is not None
        ):
            inner.fail(
                name, "contains a key in plain text", f'write {name} = "${{NAME_OF_A_VARIABLE}}"'
            )
        headers[name] = value
    return headers


def _read_price(table: Table, key: str) -> int | None:
    price = table.micros(key)
    if price == 0:
        table.fail(key, "is 0", "write free = true for a model that costs nothing")
    return price
