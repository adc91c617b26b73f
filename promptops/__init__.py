"""Prompts as code: release, deploy, roll back and trace them, with Git as the registry.

    import promptops

    registry = promptops.open()
    prompt = registry.get("support/triage@production")
    messages = prompt.render(ticket=text)

Importing this is cheap: everything else is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.about import __version__

if TYPE_CHECKING:
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
    from promptops.runtime.registry import Registry
    from promptops.runtime.registry import open_registry as open  # noqa: A004 - promptops.open
    from promptops.runtime.resolution import LivePrompt, ResolvedPrompt, Share
    from promptops.runtime.run.result import Run

__all__ = [
    "EnvironmentNotFoundError",
    "GitError",
    "InputError",
    "IntegrityError",
    "InvalidPromptError",
    "LivePrompt",
    "NotARepositoryError",
    "NotDeployedError",
    "NotFoundError",
    "PausedError",
    "PromptNotFoundError",
    "PromptopsError",
    "Registry",
    "ResolvedPrompt",
    "Run",
    "Share",
    "SourceUnavailableError",
    "TemplateError",
    "UntrustedError",
    "UsageError",
    "VersionNotFoundError",
    "__version__",
    "open",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in __all__:
        message = f"module 'promptops' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    if name == "open":
        value: object = import_module("promptops.runtime.registry").open_registry
    elif name == "Run":
        value = import_module("promptops.runtime.run.result").Run
    elif name == "Registry":
        value = import_module("promptops.runtime.registry").Registry
    elif name in {"LivePrompt", "ResolvedPrompt", "Share"}:
        value = getattr(import_module("promptops.runtime.resolution"), name)
    else:
        value = getattr(import_module("promptops.errors"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
