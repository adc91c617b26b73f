"""Read the models of a configuration, and translate their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.adoption.formats.header import take_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.repository.adoption.promptfoo.notebook import Notebook

# promptfoo's name of a provider -> LiteLLM's.
_PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure",
    "azureopenai": "azure",
    "google": "gemini",
    "palm": "gemini",
    "vertex": "vertex_ai",
    "bedrock": "bedrock",
    "mistral": "mistral",
    "ollama": "ollama_chat",
    "groq": "groq",
    "openrouter": "openrouter",
    "together": "together_ai",
    "togetherai": "together_ai",
    "deepseek": "deepseek",
    "cohere": "cohere_chat",
    "perplexity": "perplexity",
    "xai": "xai",
    "replicate": "replicate",
    "huggingface": "huggingface",
    "cerebras": "cerebras",
    "fireworks": "fireworks_ai",
    "github": "github",
}
_KINDS = ("chat", "completion", "messages", "responses", "text-generation", "converse")
_ADDRESSES = ("apiBaseUrl", "apiHost", "baseUrl")
_SECRETS = re.compile(r"key|token|secret|password|auth|headers", re.IGNORECASE)
_IGNORED = ("label", "cost", "showThinking", "organization")


class AdoptedModels(NamedTuple):
    """The models to run, and the settings that all of them share."""

    names: tuple[str, ...]
    settings: Mapping[str, Any]


def read_models(value: Any, notebook: Notebook) -> AdoptedModels:  # noqa: ANN401 - any YAML
    """Return the models. Adds a note for anything that cannot be converted."""
    names: dict[str, None] = {}
    settings: list[Mapping[str, Any]] = []
    for identity, config in _list(value):
        name = _translate(identity)
        if name is None:
            notebook.add(f"the provider '{identity}' is not carried over", is_lost=True)
            continue
        names[name] = None
        settings.append(_read_settings(identity, config, notebook))
    if not settings:
        return AdoptedModels((), {})
    common = {
        key: one
        for key, one in settings[0].items()
        if all(key in o and o[key] == one for o in settings)
    }
    for key in dict.fromkeys(key for one in settings for key in one if key not in common):
        notebook.add(
            f"'{key}' is not the same for all models and is not carried over", is_lost=True
        )
    return AdoptedModels(tuple(names), common)


def _list(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:  # noqa: ANN401 - any YAML
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield one, {}
        elif isinstance(one, dict) and isinstance(one.get("id"), str):
            config = one.get("config")
            yield one["id"], config if isinstance(config, dict) else {}
        elif isinstance(one, dict):
            for name, options in one.items():
                config = options.get("config") if isinstance(options, dict) else None
                yield name, config if isinstance(config, dict) else {}


def _translate(identity: str) -> str | None:
    if identity == "echo":
        return "echo/prompt"
    if "://" in identity:
        return None
    provider, _, rest = identity.partition(":")
    if provider == "litellm":
        return rest or None
    known = _PROVIDERS.get(provider)
    kind, separator, model = rest.partition(":")
    if separator and kind in _KINDS:
        rest = model
    elif kind in {
        "embedding",
        "embeddings",
        "image",
        "moderation",
        "assistant",
        "realtime",
        "agents",
    }:
        return None
    if known is None or not rest:
        return None
    return f"{known}/{rest}"


def _read_settings(
    identity: str, config: Mapping[str, Any], notebook: Notebook
) -> Mapping[str, Any]:
    plain = {}
    for key, value in config.items():
        if key in _ADDRESSES:
            notebook.add(f"the address of '{identity}' belongs in the table [models]", is_lost=True)
        elif _SECRETS.search(key) and key != "max_tokens" and "okens" not in key:
            notebook.add(
                f"'{key}' of '{identity}' is not carried over: keys come from the environment"
            )
        elif key not in _IGNORED:
            plain[key] = value
    settings, notes = take_settings(plain)
    for note in notes:
        notebook.add(f"{note.message} ('{identity}')", is_lost=note.is_lost)
    return settings
