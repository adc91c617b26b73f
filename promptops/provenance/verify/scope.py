"""The scope of a verification: tags, environments and prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.environments import read_head, require_head
from promptops.delivery.releases import require_release, select_release
from promptops.errors import PromptopsError, UsageError
from promptops.git.refs import list_refs
from promptops.prompt.reference import SelectorKind, parse_ref, parse_release_tag, release_tag
from promptops.provenance.integrity import list_environments
from promptops.repository.repository import not_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.reference import PromptRef
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository

    Key = tuple[str, Version]


@dataclass(frozen=True, slots=True)
class VerifyScope:
    """The scope of a verification; None means all.

    `releases` are the tags to read, `names` the prompts to verify in environments.
    """

    releases: frozenset[Key] | None
    names: frozenset[str] | None
    environments: frozenset[str] | None

    @property
    def is_everything(self) -> bool:
        """Whether the scope is everything."""
        return self.releases is None and self.environments is None


def read_scope(repository: Repository, refs: Sequence[str]) -> VerifyScope:
    """Return the scope that `refs` select; without any, everything. Raises the same errors as
    `verify_repository`.
    """
    if not refs:
        return VerifyScope(None, None, None)
    known = list_environments(repository)
    tags = list_release_tags(repository, None)
    parts = [_read_ref_scope(repository, text, known, tags) for text in refs]

    def union(sets: list[frozenset[str] | None]) -> frozenset[str] | None:
        given = [one for one in sets if one is not None]
        return frozenset().union(*given) if len(given) == len(sets) else None

    return VerifyScope(
        frozenset().union(*(part.releases or () for part in parts)),
        union([part.names for part in parts]),
        union([part.environments for part in parts]),
    )


def _read_ref_scope(
    repository: Repository, text: str, environments: list[str], tags: dict[Key, str]
) -> VerifyScope:
    ref = parse_ref(text)
    released = frozenset(key for key in tags if key[0] == ref.name)
    live = {
        environment: _live_keys(repository, environment, ref.name) for environment in environments
    }
    if ref.selector is None:
        if released or any(live.values()):
            return VerifyScope(released, frozenset({ref.name}), None)
        if ref.name in environments:
            return VerifyScope(
                _live_keys(repository, ref.name, None) & tags.keys(), None, frozenset({ref.name})
            )
        raise not_found(ref.name, {key[0] for key in tags}, "among the releases and environments")
    return _read_selected(repository, ref, live, tags)


def _read_selected(
    repository: Repository, ref: PromptRef, live: dict[str, frozenset[Key]], tags: dict[Key, str]
) -> VerifyScope:
    selector, names = ref.selector, frozenset({ref.name})
    assert selector is not None  # noqa: S101 - the caller has looked
    if selector.kind is SelectorKind.WORKING:
        raise UsageError(
            "the work tree is not a release",
            hint=f"promptops validate {ref.name} checks it; promptops diff {ref.name} compares it",
        )
    if selector.kind is SelectorKind.ENVIRONMENT:
        if selector.text not in live:
            repository.config.environment(selector.text)
        if not live.get(selector.text):
            require_head(repository, selector.text).state.require(ref.name, selector.text)
        return VerifyScope(live[selector.text] & tags.keys(), names, frozenset({selector.text}))
    if selector.kind is SelectorKind.VERSION and selector.version is not None:
        key = (ref.name, selector.version)
        if key not in tags and not any(key in keys for keys in live.values()):
            require_release(repository, *key)
        return VerifyScope(frozenset({key} & tags.keys()), names, None)
    chosen = select_release(repository, ref.name, selector)
    return VerifyScope(frozenset({(ref.name, chosen.version)}), names, None)


def _live_keys(repository: Repository, environment: str, name: str | None) -> frozenset[Key]:
    """Return the live versions of one prompt, or of all; empty if the environment is unreadable."""
    try:
        head = read_head(repository, environment)
    except PromptopsError:
        return frozenset()  # the verification of the environment reports it
    entries = head.state.entries if head else {}
    return frozenset(
        (one, live.version)
        for one, entry in entries.items()
        if name is None or one == name
        for live in entry.live
    )


def list_release_tags(repository: Repository, strays: list[str] | None) -> dict[Key, str]:
    """Return all release tags, sorted; add other tag names to `strays`."""
    tags: dict[Key, str] = {}
    for ref in list_refs(repository.git, "refs/tags/prompts/", peel=False):
        key = parse_release_tag(ref.name)
        if key is not None and release_tag(*key) == ref.name:
            tags[key] = ref.oid
        elif strays is not None:
            strays.append(ref.name)
    return tags
