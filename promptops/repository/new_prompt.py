"""Write a new prompt with its suite, or a copy of one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from promptops.errors import GitError, RefusedError
from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.reference import check_name
from promptops.repository.steps import (
    ScaffoldStep,
    write_new,
)

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

DEFAULT_MODEL = "openai/gpt-4o-mini"
FIRST_PROMPT = "summarize"
FIRST_VERSION = "0.1.0"
UNKNOWN_AUTHOR = "you@example.com"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._+-]*(?:[@/ ][A-Za-z0-9._+/@-]+)+", re.ASCII)


def write_prompt(
    repository: Repository,
    name: str,
    *,
    model: str | None = None,
    source: str | None = None,
    dry_run: bool = False,
) -> list[ScaffoldStep]:
    """Write the prompt `name` and its eval suite; with `source`, as a copy of that prompt.

    `model` is its model; None: the default. With `dry_run`, nothing is written.

    Raises:
        UsageError: the name is invalid.
        RefusedError: the prompt exists, perhaps with other upper and lower case.
        PromptNotFoundError: `source` does not exist.
    """
    refuse_taken(repository, name)
    folder = repository.config.prompts
    if source is None:
        text = _new_prompt(name, find_author(repository), model or DEFAULT_MODEL)
        inputs: list[str] = ["text"]
    else:
        text, inputs = _copy_prompt(repository, source, model)
    suite = f"{repository.config.evals}/{name}.yaml"
    return [
        write_new(repository, f"{folder}/{name}.md", text, dry_run=dry_run),
        write_new(repository, suite, _new_suite(name, inputs), dry_run=dry_run),
    ]


def refuse_taken(repository: Repository, name: str) -> None:
    """Refuse a name that is not valid or taken, perhaps with other upper and lower case.

    Raises:
        UsageError: the name is invalid.
        RefusedError: the prompt exists.
    """
    check_name(name)
    taken = {path.lower(): path for path in repository.working.paths()}
    existing = taken.get(f"{name}.md")
    if existing is not None:
        raise RefusedError(
            f"{repository.config.prompts}/{existing} already exists", hint="choose another name"
        )


def find_author(repository: Repository) -> str:
    """Return the e-mail address in Git's configuration; a placeholder if there is none."""
    from promptops.git.inspection import configuration

    try:
        found = configuration(repository.git)
    except GitError:  # GitPython cannot read SHA-256 repositories
        done = repository.git.run("config", "--get", "user.email", check=False)
        return done.text.strip() or UNKNOWN_AUTHOR
    return found.user_email or UNKNOWN_AUTHOR


def _new_prompt(name: str, author: str, model: str) -> str:
    task = "Summarize the text in one sentence. Say nothing that the text does not say."
    if name != FIRST_PROMPT:
        # Each prompt gets another text, because equal texts are a finding.
        task = (
            f"Say here what the model does with the text for {name}, and in which form it answers."
        )
    return f"""\
---
version: {FIRST_VERSION}
description: {quote_scalar(f"Say what {name} is for.")}
author: {quote_scalar(author)}
model: {quote_scalar(model)}
temperature: 0.2
max_tokens: 300
inputs:
  text: {{type: string, maxLength: 20000, untrusted: true}}
---
{{% system %}}
{task}
{{% endsystem %}}
{{% user %}}
{{{{ text }}}}
{{% enduser %}}
"""


def _copy_prompt(repository: Repository, source: str, model: str | None) -> tuple[str, list[str]]:
    """Return the text of `source` with the initial version, and the names of its inputs."""
    from promptops.repository.repository import find_prompt

    prompt = find_prompt(repository.working, source, where="in the work tree")
    document = prompt.closure.document
    text = document.text.removeprefix("\ufeff")
    values = {"version": FIRST_VERSION} | ({"model": quote_scalar(model)} if model else {})
    for key, value in values.items():
        text = _replace_value(text, document.path, key, value)
    return text, list(prompt.inputs)


def _replace_value(text: str, path: str, key: str, value: str) -> str:
    """Return the text with another value for a frontmatter key and no other change."""
    place = read_document(path, text.encode()).locate([key])
    if place is None or place.line != place.end_line:
        raise RefusedError(f"the {key} of {path} is not on one line")
    lines = text.split("\n")
    line = lines[place.line - 1]
    lines[place.line - 1] = line[: place.column - 1] + value + line[place.end_column - 1 :]
    return "\n".join(lines)


def _new_suite(name: str, inputs: list[str]) -> str:
    values = "".join(f"\n      {name}: The printer on floor 3 is on fire." for name in inputs)
    return f"""\
schema: promptops.suite/v1
prompt: {name}
samples:
  - name: a plain case
    inputs:{values or " {}"}
    expect:
      - contains: printer
"""


def quote_scalar(text: str) -> str:
    """Return a text as a YAML scalar that is always read as this string."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
