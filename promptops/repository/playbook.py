"""The playbook for incidents, with a repository's own names and commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

PATH = "docs/incidents.md"


def write_playbook(repository: Repository) -> str:
    """Return the playbook as Markdown, with gaps for what only the team knows."""
    config = repository.config
    environment = config.default_environment
    names = ", ".join(f"`{name}`" for name in config.environment_names)
    deployers = config.environment(environment).deployers
    who = ", ".join(deployers) if deployers else "everyone with push access to it"
    text = Path(__file__).with_suffix(".md").read_text("utf-8")
    return text.format(
        environment=environment,
        environments=names,
        remote=config.remote,
        deployers=who,
        prompts=config.prompts,
        evals=config.evals,
    )
