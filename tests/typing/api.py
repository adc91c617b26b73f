"""What a user writes, for mypy to check; nothing here runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

import promptops


def use() -> None:
    """Every public name, with the types a user relies on."""
    registry = promptops.open()
    assert_type(registry, promptops.Registry)
    prompt = registry.get("support/triage@production")
    assert_type(prompt, promptops.ResolvedPrompt)
    assert_type(prompt.name, str)
    assert_type(prompt.version, str)
    assert_type(prompt.digest, str)
    assert_type(prompt.commit, str | None)
    assert_type(prompt.environment, str | None)
    assert_type(prompt.deployment, int | None)
    assert_type(prompt.deployed_at, datetime | None)
    assert_type(prompt.fetched_at, datetime | None)
    assert_type(prompt.is_stale, bool)
    assert_type(prompt.authenticated, str | None)
    assert_type(prompt.split, tuple[promptops.Share, ...])
    assert_type(prompt.warnings, tuple[str, ...])
    assert_type(prompt.render(ticket="text"), list[dict[str, Any]])
    assert_type(prompt.render({"class": 1}), list[dict[str, Any]])
    assert_type(prompt.request(ticket="text"), dict[str, Any])
    assert_type(registry.list("production"), tuple[promptops.LivePrompt, ...])
    registry.refresh()
    registry.close()


def open_anything() -> None:
    """Every option, and closing by leaving."""
    with promptops.open(
        Path("clone"),
        refresh=5,
        max_stale=60.0,
        trust="allowed_signers",
        cache=Path("cache"),
        environment="staging",
    ) as registry:
        registry.list()


async def wait() -> None:
    """Asynchronous use."""
    prompt = await promptops.open("https://example.com/prompts.git").get_async("support/triage")
    assert_type(prompt, promptops.ResolvedPrompt)


def handle() -> str | None:
    """Errors are classes with a hint."""
    try:
        promptops.open().get("support/triage")
    except promptops.PausedError as error:
        return error.hint
    except promptops.NotFoundError as error:
        return error.message
    return None
