"""Tell whether a model's key is set, without calling it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.models.opening import OFFLINE, find_target
from promptops.runtime.models.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.repository.settings.models import ModelSettings

# The variables of LiteLLM's providers with a key elsewhere than in NAME_API_KEY.
_PREFIXES = {
    "bedrock": "AWS_",
    "sagemaker": "AWS_",
    "vertex_ai": "GOOGLE_",
    "gemini": "G",
    "azure": "AZURE_",
}


def has_key(model: str, settings: ModelSettings, environment: Mapping[str, str]) -> bool:
    """Return whether a model's key is set; true for models that need none."""
    target = find_target(model, settings)
    if target.transport in OFFLINE:
        return True
    variable = target.endpoint.key_variable
    if variable is not None:
        return bool(environment.get(variable))
    family = target.place.partition("/")[0] or model.partition("/")[0]
    if target.transport == "openai":
        provider = PROVIDERS.get(family)
        if provider is None or provider.key_variable is None:
            return True
        return bool(environment.get(provider.key_variable))
    prefix = _PREFIXES.get(family, f"{family.upper()}_")
    return any(name.startswith(prefix) and value for name, value in environment.items())
