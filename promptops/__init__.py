"""Prompts as code: release, deploy, roll back and trace them, with Git as the registry.

    import promptops

    registry = promptops.open()
    prompt = registry.get("support/triage@production")
    messages = prompt.render(ticket=text)

Importing this is cheap: everything else is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.about import __version__
    from promptops.errors import (
        EnvironmentNotFoundError,
        GitError,
        InputError,
        IntegrityError,
        InvalidPromptError,
        NotARepositoryError,
        NotDeployedError,
        NotFoundError,
        PausedError,
        PromptNotFoundError,
        PromptopsError,
        SourceUnavailableError,
        TemplateError,
        UntrustedError,
        UsageError,
        VersionNotFoundError,
    )
    from promptops.runtime.conversation.conversation import Conversation
    from promptops.runtime.conversation.hand_over import HandOver
    from promptops.runtime.guards.breaker import BreakerOpenError
    from promptops.runtime.guards.refusal import GuardError
    from promptops.runtime.live import LivePrompt, Share
    from promptops.runtime.models.model import ModelError
    from promptops.runtime.registry import Registry
    from promptops.runtime.registry import open_registry as open  # noqa: A004 - promptops.open
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.output import OutputError
    from promptops.runtime.run.result import Run
    from promptops.runtime.safety.error import SafetyError

__all__ = [
    "BreakerOpenError",
    "Conversation",
    "EnvironmentNotFoundError",
    "GitError",
    "GuardError",
    "HandOver",
    "InputError",
    "IntegrityError",
    "InvalidPromptError",
    "LivePrompt",
    "ModelError",
    "NotARepositoryError",
    "NotDeployedError",
    "NotFoundError",
    "OutputError",
    "PausedError",
    "PromptNotFoundError",
    "PromptopsError",
    "Registry",
    "ResolvedPrompt",
    "Run",
    "SafetyError",
    "Share",
    "SourceUnavailableError",
    "TemplateError",
    "UntrustedError",
    "UsageError",
    "VersionNotFoundError",
    "__version__",
    "open",
]


_HOMES = {
    "BreakerOpenError": "promptops.runtime.guards.breaker",
    "Conversation": "promptops.runtime.conversation.conversation",
    "GuardError": "promptops.runtime.guards.refusal",
    "HandOver": "promptops.runtime.conversation.hand_over",
    "LivePrompt": "promptops.runtime.live",
    "ModelError": "promptops.runtime.models.model",
    "OutputError": "promptops.runtime.run.output",
    "Registry": "promptops.runtime.registry",
    "ResolvedPrompt": "promptops.runtime.resolution",
    "Run": "promptops.runtime.run.result",
    "SafetyError": "promptops.runtime.safety.error",
    "Share": "promptops.runtime.live",
    "__version__": "promptops.about",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    if name not in __all__:
        message = f"module 'promptops' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    if name == "open":
        value: object = import_module("promptops.runtime.registry").open_registry
    else:
        value = getattr(import_module(_HOMES.get(name, "promptops.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
