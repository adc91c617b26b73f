"""Write the files of `init` and `new`.

Nothing is overwritten. An existing file is kept, or lines are appended if that is safe. Every step
reports what it did and what is left to do by hand.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from promptops.errors import count_of
from promptops.forge.places import GITHUB_OWNERS, GITLAB_OWNERS
from promptops.prompt.frontmatter.document import read_document
from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE
from promptops.repository.hook_entry import write_hook
from promptops.repository.new_prompt import (
    FIRST_PROMPT,
    UNKNOWN_AUTHOR,
    find_author,
    write_prompt,
)
from promptops.repository.pipelines import (
    with_advice,
    write_workflows,
)
from promptops.repository.repository import list_names
from promptops.repository.steps import (
    ScaffoldStep,
    StepResult,
    append,
    prepend,
    read_text,
    write_new,
)

if TYPE_CHECKING:
    from promptops.repository.repository import Repository


def set_up(  # noqa: PLR0913 - one for each option of `init`
    repository: Repository,
    *,
    deploys: bool = False,
    releases: bool = False,
    evals: bool = False,
    runs: bool = False,
    operations: bool = False,
    nightly: bool = False,
    owner: str | None = None,
    dry_run: bool = False,
) -> list[ScaffoldStep]:
    """Set up a repository with prompts. Running it again changes nothing.

    Args:
        repository: the repository.
        deploys: also write the workflow that deploys on GitHub.
        releases: also write the workflow by which releases write version numbers.
        evals: also write the workflow that runs evals on GitHub, for the gate, and the prompt that
            drafts samples with a model.
        runs: also add the configuration tables that limit and record runs.
        operations: also write the playbook for incidents.
        nightly: also write the workflow of nightly evals, drift and retention.
        owner: the owner of files without one, in CODEOWNERS' form; None: the author.
        dry_run: report what would be done, and do nothing.
    """
    steps = [_write_config(repository, releases=releases, dry_run=dry_run)]
    if runs:
        steps.append(_add_tables(repository, dry_run=dry_run))
    names = list_names(repository.working)
    if names:
        count = count_of(len(names), "prompt")
        steps.append(
            ScaffoldStep(f"{repository.config.prompts}/", StepResult.KEPT, f"has {count} already")
        )
    else:
        steps += write_prompt(repository, FIRST_PROMPT, dry_run=dry_run)
    is_gitlab = _is_gitlab(repository)
    steps.append(_write_owners(repository, owner, is_gitlab=is_gitlab, dry_run=dry_run))
    steps += with_advice(
        write_workflows(
            repository,
            is_gitlab=is_gitlab,
            workflows=[*(["deploy"] if deploys else []), *(["release"] if releases else [])],
            evals=evals,
            nightly=nightly,
            dry_run=dry_run,
        )
    )
    if evals:
        from promptops.repository.scenario_prompt import write_scenario_prompt

        steps += write_scenario_prompt(repository, dry_run=dry_run)
    if operations:
        from promptops.repository.playbook import PATH, write_playbook

        steps.append(write_new(repository, PATH, write_playbook(repository), dry_run=dry_run))
    steps.append(write_hook(repository, dry_run=dry_run))
    return steps


# Prompts and suites


# Other files


def _write_config(repository: Repository, *, releases: bool, dry_run: bool) -> ScaffoldStep:
    if releases and repository.config.path and repository.config.gate.versions != "release":
        detail = 'set versions = "release" in [gate], for the workflow that releases'
        return ScaffoldStep(repository.config.path, StepResult.LEFT, detail)
    if repository.config.path == PYPROJECT_FILE:
        return ScaffoldStep(PYPROJECT_FILE, StepResult.KEPT, "has [tool.promptops]")
    config = repository.config
    environments = json.dumps(list(config.environment_names))
    text = f"""\
# The keys are explained in promptops' docs/configuration.md;
# `promptops schema config` prints their JSON Schema.
prompts = {json.dumps(config.prompts)}
evals = {json.dumps(config.evals)}

# In order of promotion.
environments = {environments}
default_environment = {json.dumps(config.default_environment)}

[checks]
# check-id = "error" | "warning" | "note" | "off"
"""
    if releases:
        text += '\n[gate]\nversions = "release"        # changes carry no version numbers\n'
    return write_new(repository, CONFIG_FILE, text, dry_run=dry_run)


# Low numbers: a small team notices them before its bill is high.
_TABLES = {
    "guards": """\
# What all runs together may take; `promptops guards show` says what is left. A prompt then needs
# `max_tokens`, and its model a price or `free = true`.
[guards]
spend_per_hour = 5          # US dollars
spend_per_day = 25
calls_per_minute = 120

[guards.per_user]
spend_per_day = 1

[guards.environments.eval]  # evals and replays
spend_per_day = 5
""",
    "log": """\
# Every run is kept; secrets and personal data that the checks know are replaced first.
[log]
content = "redacted"        # or "full", "none"
retention = "90d"
""",
    "models": """\
# An endpoint of your own: a prompt says `model: local`.
# [models.local]
# base_url = "http://127.0.0.1:8000/v1"
# model = "qwen3-8b"
# free = true
""",
}


def _add_tables(repository: Repository, *, dry_run: bool) -> ScaffoldStep:
    """Add the runtime tables that the configuration lacks."""
    config = repository.config
    missing = [text for name, text in _TABLES.items() if name not in config.tables]
    if not missing or not {"guards", "log"} - set(config.tables):
        return ScaffoldStep(
            config.path or CONFIG_FILE, StepResult.KEPT, "has the tables for limits and the log"
        )
    lines = "\n" + "\n".join(missing).rstrip()
    if config.path == PYPROJECT_FILE:
        lines = lines.replace("\n[", "\n[tool.promptops.")
        return ScaffoldStep(PYPROJECT_FILE, StepResult.LEFT, f"add these tables:{lines}")
    unbounded = _list_unbounded(repository)
    detail = "limits and a run log"
    if unbounded:
        detail += f"; give {', '.join(unbounded)} a max_tokens, or runs are refused"
    if dry_run and config.path is None:
        return ScaffoldStep(CONFIG_FILE, StepResult.EXTENDED, detail)
    text = read_text(repository.require_work_tree() / CONFIG_FILE) or ""
    return append(repository, CONFIG_FILE, text, lines, detail, dry_run=dry_run)


def _list_unbounded(repository: Repository) -> list[str]:
    """Return the prompts without a limit for the length of answers. Unreadable ones are skipped."""
    found = []
    for name in list_names(repository.working):
        data = repository.working.read(f"{name}.md")
        document = None if data is None else read_document(f"{name}.md", data)
        if document is None or document.faults:
            continue
        parameters = document.data.get("parameters")
        limits = {"max_tokens", "max_completion_tokens"}
        given = {*document.data, *(parameters if isinstance(parameters, dict) else ())}
        if not limits & given:
            found.append(name)
    return found


def _is_gitlab(repository: Repository) -> bool:
    from promptops.git.remote import remote_url

    top = repository.require_work_tree()
    url = remote_url(repository.git, repository.config.remote)
    if url is not None:
        return "gitlab" in url.lower()
    return (top / ".gitlab-ci.yml").exists() and not (top / ".github").exists()


def _write_owners(
    repository: Repository, owner: str | None, *, is_gitlab: bool, dry_run: bool
) -> ScaffoldStep:
    """Add CODEOWNERS rules for files that no existing rule covers."""
    from promptops.forge.codeowners import Dialect, parse_owners
    from promptops.forge.codeowners.file import OwnersState

    places = GITLAB_OWNERS if is_gitlab else GITHUB_OWNERS
    top = repository.require_work_tree()
    path = next((place for place in places if os.path.lexists(top / place)), places[0])
    author = find_author(repository)
    comment = ""
    if owner is None:
        owner = author
        if author == UNKNOWN_AUTHOR:
            owner, comment = "@your-org/your-team", "# "
    config = repository.config
    patterns = [f"/{config.prompts}/", f"/{config.evals}/", f"/{CONFIG_FILE}"]
    # Anyone who may change these files may change who must approve.
    patterns.append("/.gitlab-ci.yml" if is_gitlab else "/.github/")
    if not path.startswith(".github/"):
        patterns.append(f"/{path}")
    text = read_text(top / path) or ""
    owned = {line.split()[0] for line in text.split("\n") if line.split()}
    owned |= {line.lstrip("# ").split()[0] for line in text.split("\n") if line.strip("# ")}
    # The last matching rule decides: an appended line could take files from their owners.
    rules = parse_owners(text, Dialect.GITLAB if is_gitlab else Dialect.GITHUB)
    missing = [
        pattern
        for pattern in patterns
        if pattern not in owned
        and rules.match(f"{pattern.strip('/')}/x" if pattern.endswith("/") else pattern[1:]).state
        is not OwnersState.OWNED
    ]
    if not missing:
        return ScaffoldStep(path, StepResult.KEPT, "has owners for the prompts")
    lines = [f"{comment}{pattern.replace(' ', chr(92) + ' ')} {owner}" for pattern in missing]
    if is_gitlab and re.search(r"^\^?\[", text, re.MULTILINE):
        lines.insert(0, "[Prompts]")
    if (top / path).is_symlink():
        return ScaffoldStep(
            path, StepResult.LEFT, "\n".join(["it is a link; add these lines:", *lines])
        )
    detail = "put your team in" if comment else f"owner: {owner}"
    if not comment and owner == author:
        detail += "; the owner's own changes cannot be approved: pass a team with --owner"
    if rules.rules and lines[0] != "[Prompts]":
        return prepend(repository, path, text, lines, detail, dry_run=dry_run)
    return append(repository, path, text, "\n".join(lines), detail, dry_run=dry_run)


# Writing
