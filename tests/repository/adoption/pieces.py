"""A file of another tool in a repository: adopted, and what it sends then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.checks.engine import validate
from promptops.prompt.finding import Severity
from promptops.prompt.template import CompiledTemplate
from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import accept

if TYPE_CHECKING:
    from tests.repositories import Repo

SYSTEM, USER = "system", "user"


def render(body: str, **values: Any) -> str:
    """The one user message of a body, without the white space at its ends."""
    (message,) = CompiledTemplate("a.md", body, {}).render(values)
    return str(message["content"])


def adopt(repo: Repo, path: str, text: str, *options: str) -> dict[str, Any]:
    """Adopt one file; the plan as it was shown. What is written holds no error."""
    repo.write(path, text)
    repo.git("add", "--all")
    plan: dict[str, Any] = json.loads(
        accept(repo, "adopt", path, "--write", "--format", "json", *options)
    )
    repository = open_repository(repo.path)
    found = validate(repository.working, repository.config).findings
    assert [one for one in found if one.severity is Severity.ERROR] == []
    return plan


def messages(repo: Repo, title: str, **values: Any) -> list[tuple[str, str]]:
    """What an adopted prompt sends."""
    prompt = find_prompt(open_repository(repo.path).working, title, where="here")
    return [(one["role"], one["content"]) for one in prompt.render(values)]


def notes(plan: dict[str, Any]) -> list[str]:
    return [note["message"] for one in plan["prompts"] for note in one["notes"]]


def differences(plan: dict[str, Any]) -> list[str]:
    return [note["message"] for one in plan["prompts"] for note in one["notes"] if note["differs"]]


CODE = '''\
"""You are documentation, and nobody should take you for a prompt."""
SYSTEM_PROMPT = """You are a helper for {product} that answers with {{}}.
Be brief."""
SHORT = "You are here"


def ask(client, user):
    text = f"Translate this text for {user.name} into {user}: {{braces}}"
    return client.chat.completions.create(messages=[text], model="x")
'''
