"""Which two states of a prompt a person wants compared, found in the repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.releases import list_versions, load_released, require_release
from promptops.errors import UsageError
from promptops.prompt.closure import collect_closure
from promptops.prompt.diff import diff_prompts
from promptops.prompt.prompt import load_prompt
from promptops.prompt.reference import PromptRef, Selector, check_name, parse_selector
from promptops.repository.repository import list_names, not_found
from promptops.runtime.lookup import resolve_selected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.diff import PromptDiff
    from promptops.prompt.prompt import Prompt
    from promptops.repository.repository import Files, Repository

NOTHING_RELEASED = "nothing released"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two states of one prompt, compared.

    Attributes:
        before: what the old state is, in words: `1.2.0`, `production, deployment 4`, a revision;
            NOTHING_RELEASED when there is no release to compare with.
        after: what the new state is, likewise.
        diff: the comparison.
    """

    before: str
    after: str
    diff: PromptDiff


def compare_refs(repository: Repository, refs: Sequence[str]) -> list[Comparison]:
    """Compare what `NAME[@A[..B]]` mean; all prompts of the work tree when `refs` is empty.

    Without `A` it is the latest release, without `B` the work tree. A prompt that was never
    released is new.
    """
    if not refs:
        return [_compare_working(repository, name, None) for name in list_names(repository.working)]
    return [_compare_ref(repository, ref) for ref in refs]


def _compare_ref(repository: Repository, text: str) -> Comparison:
    name, at, selectors = text.partition("@")
    check_name(name)
    if not at:
        return _compare_working(repository, name, None)
    before_text, dots, after_text = selectors.partition("..")
    if not before_text or (dots and not after_text):
        raise UsageError(f"'{text}' does not say what to compare", hint=f"{name}@1.0.0..1.1.0")
    before = parse_selector(before_text)
    if not dots:
        return _compare_working(repository, name, before)
    old, old_words = _select(repository, name, before)
    new, new_words = _select(repository, name, parse_selector(after_text))
    return Comparison(old_words, new_words, diff_prompts(old, new))


def _select(repository: Repository, name: str, selector: Selector) -> tuple[Prompt, str]:
    """The prompt that the selector means, and what that is in words."""
    resolved = resolve_selected(repository, PromptRef(name, selector))
    placement = resolved.placement
    if placement is not None:
        words = f"{resolved.version} ({placement.environment}, deployment {placement.deployment})"
    else:
        words = "work tree" if resolved.commit is None else resolved.version
    return resolved.prompt, words


def _compare_working(repository: Repository, name: str, before: Selector | None) -> Comparison:
    new = _load(repository.working, name)
    if before is None:
        old, words = _released_before(repository, name, new)
    else:
        old, words = _select(repository, name, before)
    if old is None and new is None:
        raise not_found(name, list_names(repository.working), "in the work tree")
    return Comparison(words, "work tree", diff_prompts(old, new))


def _released_before(
    repository: Repository, name: str, new: Prompt | None
) -> tuple[Prompt | None, str]:
    """The release that the work tree's version follows, as `bump` and `release` see it.

    That is the greatest one not above it, even a yanked one, whose number is taken as well; the
    greatest of all where every release is above.
    """
    versions = list_versions(repository, name)
    if not versions:
        return None, NOTHING_RELEASED
    reached = [version for version in versions if new is None or version <= new.version]
    final = [version for version in reached if not version.is_prerelease]
    release = require_release(repository, name, (final or reached or versions)[-1])
    return load_released(repository, release), str(release.version)


def compare_revisions(
    repository: Repository, before: str, after: str | None, names: Sequence[str]
) -> list[Comparison]:
    """Compare prompts at two Git revisions; `after` None is the work tree, no names are all."""
    old_files = repository.at(before)
    new_files = repository.working if after is None else repository.at(after)
    wanted = [check_name(name) for name in names] or sorted(
        {*list_names(old_files), *list_names(new_files)}
    )
    comparisons = []
    for name in wanted:
        old, new = _load(old_files, name), _load(new_files, name)
        if old is None and new is None:
            raise not_found(name, list_names(new_files), f"at {before} or {after or 'work tree'}")
        comparisons.append(Comparison(before, after or "work tree", diff_prompts(old, new)))
    return comparisons


def _load(files: Files, name: str) -> Prompt | None:
    closure = collect_closure(name, files.read)
    return None if closure is None else load_prompt(closure)
