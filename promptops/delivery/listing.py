"""List prompts, and what is live in each environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.errors import PromptopsError
from promptops.prompt.frontmatter.document import read_document
from promptops.repository.repository import list_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from promptops.delivery.environments import Head
    from promptops.delivery.state import Entry
    from promptops.repository.repository import Files, Repository


@dataclass(frozen=True, slots=True)
class Listed:
    """One prompt in a list.

    Attributes:
        name: the prompt.
        version: the version in its frontmatter; None if unreadable.
        status: `draft`, `active` or `deprecated`.
        description: the description on one line; may be empty.
        author: its author.
        model: the model that it is written for.
        tags: its tags.
        live: environment -> what is live.
    """

    name: str
    version: str | None
    status: str
    description: str
    author: str
    model: str
    tags: tuple[str, ...]
    live: Mapping[str, Entry] = field(default_factory=dict)


def list_prompts(
    repository: Repository, files: Files, *, tags: Collection[str] = ()
) -> list[Listed]:
    """Return all prompts in `files`, sorted by name; with `tags`, those that have all of them.

    An invalid file is listed without a version; leaving it out would hide it.
    """
    heads = read_heads(repository)
    wanted = set(tags)
    listed = []
    for name in list_names(files):
        data = _metadata(files, name)
        own = data.get("tags")
        has = tuple(str(tag) for tag in own) if isinstance(own, list) else ()
        if not wanted <= set(has):
            continue
        listed.append(
            Listed(
                name=name,
                version=_text(data, "version") or None,
                status=_text(data, "status") or "active",
                description=_text(data, "description"),
                author=_text(data, "author"),
                model=_text(data, "model"),
                tags=has,
                live=_entries(heads, name),
            )
        )
    return listed


def list_live(repository: Repository) -> dict[str, dict[str, Entry]]:
    """Return prompt -> environment -> entry, for every prompt that is live anywhere."""
    heads = read_heads(repository)
    names = {name for head in heads.values() for name in head.state.entries}
    return {name: _entries(heads, name) for name in sorted(names)}


def list_known_live(repository: Repository) -> dict[str, tuple[str, ...]]:
    """Return the environments in which each prompt is live, as far as this clone knows.

    Empty if an environment is invalid; `verify` reports why.
    """
    try:
        return {name: tuple(entries) for name, entries in list_live(repository).items()}
    except PromptopsError:
        return {}


def read_heads(repository: Repository) -> dict[str, Head]:
    """Return the newest deployment of each environment that has any, in order of promotion."""
    from promptops.delivery.environments import read_head

    heads = {}
    for environment in repository.config.environment_names:
        head = read_head(repository, environment)
        if head is not None:
            heads[environment] = head
    return heads


def _entries(heads: Mapping[str, Head], name: str) -> dict[str, Entry]:
    return {
        environment: head.state.entries[name]
        for environment, head in heads.items()
        if name in head.state.entries
    }


def _metadata(files: Files, name: str) -> Mapping[str, Any]:
    from promptops.errors import NotAFileError

    try:
        data = files.read(f"{name}.md")
    except NotAFileError:
        return {}
    return {} if data is None else read_document(f"{name}.md", data).data


def _text(data: Mapping[str, Any], key: str) -> str:
    """Return a string on one line; empty for another value."""
    value = data.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""
