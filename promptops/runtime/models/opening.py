"""Open a model by its name.

echo/anything answers with the last message scripted/FILE answers from rules in a file of the
repository NAME an endpoint of the configuration NAME/model a model at an endpoint of the
configuration openai/gpt-4o a provider that speaks OpenAI's format: our own transport
anthropic/claude-opus-4 any other: LiteLLM
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from promptops.runtime.models.model import Endpoint, ModelError
from promptops.runtime.models.providers import NATIVE, PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.repository.settings.models import ModelSettings
    from promptops.runtime.models.model import Model
    from promptops.runtime.models.openai import Channel


class Target(NamedTuple):
    """The target of a model name.

    Attributes:
        transport: `echo`, `scripted`, `openai` or `litellm`.
        wire_name: the model's name at the endpoint; the file for `scripted`.
        place: the name of the endpoint; models with the same one share connections.
        endpoint: its configuration.
    """

    transport: str
    wire_name: str
    place: str
    endpoint: Endpoint


OFFLINE = frozenset({"echo", "scripted"})
"""Transports without a provider."""


def is_offline(model: str) -> bool:
    """Return whether a model answers without a provider, by rules or by repeating the question."""
    return model.partition("/")[0] in OFFLINE


def find_target(name: str, settings: ModelSettings) -> Target:
    """Return the target of a model's name."""
    family, slash, rest = name.partition("/")
    if family == "echo":
        return Target("echo", rest, "", Endpoint())
    if family == "scripted":
        return Target("scripted", rest, rest, Endpoint())
    exact = settings.endpoints.get(name)
    place, found = (name, exact) if exact is not None and exact.base_url is not None else ("", None)
    if found is None:
        found = settings.endpoints.get(family) if slash else exact
        # An endpoint with a configured model serves no other.
        if found is not None and (found.model is None or not slash):
            place = family if slash else name
        else:
            found = None
    wire_name = rest if slash else name
    if found is None:
        place = family if slash else "openai" if _is_openai(name) else ""
        transport = "openai" if place in PROVIDERS else "litellm"
        if exact is not None and exact.transport is not None:
            transport = exact.transport
        key = exact.key if exact is not None else None
        headers = exact.headers if exact is not None else {}
        endpoint = Endpoint(None, key, headers, None)
        place = place if not key and not headers else name
        return Target(transport, wire_name if transport == "openai" else name, place, endpoint)
    endpoint = Endpoint(found.base_url, found.key, found.headers)
    is_own = found.base_url is not None or family in PROVIDERS
    transport = found.transport or ("openai" if is_own and family not in NATIVE else "litellm")
    if found.model is not None:
        wire_name = found.model
    elif transport == "litellm":
        wire_name = name
    return Target(transport, wire_name, place, endpoint)


def _is_openai(name: str) -> bool:
    return name.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4"))


class Models:
    """The open models of one configuration. Models at one endpoint share its connections.

    Args:
        settings: the table `[models]`.
        root: the repository's top, for `scripted/FILE`, or None.
        environment: the environment variables with keys, addresses and proxies; None: the
            process's.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        root: Path | None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = settings
        self._root = root
        self._environment = os.environ if environment is None else environment
        # Filled by `setdefault`, which is atomic: a lock could be held during a fork.
        self._models: dict[str, Model] = {}
        self._channels: dict[str, Channel] = {}

    def get(self, name: str) -> Model:
        """Return the model `name`. Raises ModelError if it is not available."""
        known = self._models.get(name)
        return known if known is not None else self._models.setdefault(name, self._open(name))

    def _open(self, name: str) -> Model:
        target = find_target(name, self._settings)
        if target.transport == "echo":
            from promptops.runtime.models.echo import EchoModel

            return EchoModel()
        if target.transport == "scripted":
            from promptops.runtime.models.scripted import open_scripted

            return open_scripted(name, self._root)
        if target.transport == "litellm":
            from promptops.runtime.models.litellm import LiteLLMModel

            return LiteLLMModel(target.wire_name, target.endpoint, self._environment)
        from promptops.runtime.models.openai import Channel, OpenAIModel

        if not target.wire_name:
            raise ModelError(
                f"'{name}' is not a model",
                model=name,
                kind="invalid",
                is_sent=False,
                hint=f"write {name.rstrip('/')}/MODEL",
            )
        provider = PROVIDERS.get(target.place.partition("/")[0])
        channel = self._channels.setdefault(
            target.place, Channel(target.endpoint, provider, self._environment)
        )
        return OpenAIModel(target.wire_name, channel)

    def close(self) -> None:
        """Close all connections that no event loop owns."""
        for model in list(self._models.values()):
            model.close()

    async def aclose(self) -> None:
        """Close those connections and the ones of the running event loop."""
        for model in list(self._models.values()):
            await model.aclose()


def open_model(name: str, settings: ModelSettings, *, root: Path | None) -> Model:
    """Return the model `name`, with separate connections. Raises ModelError if it is not
    available.
    """
    return Models(settings, root=root).get(name)
