"""Find the two states of a prompt to compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.delivery.environments import read_state
from promptops.delivery.release import load_released
from promptops.delivery.releases import list_versions, require_release
from promptops.delivery.state import release_folder
from promptops.errors import UsageError
from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import load_prompt
from promptops.prompt.reference import PromptRef, Selector, check_name, parse_selector
from promptops.repository.repository import list_names, not_found
from promptops.runtime.lookup import resolve_selected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.diff import PromptDiff
    from promptops.prompt.prompt import Prompt
    from promptops.repository.repository import Files, Repository
    from promptops.runtime.resolution import ResolvedPrompt

NOTHING_RELEASED = "nothing released"


@dataclass(frozen=True, slots=True)
class TextComparison:
    """Two states of one prompt, compared.

    Attributes:
        before: the old state's description: `1.2.0`, `production, deployment 4`, a revision;
            NOTHING_RELEASED if there is no release.
        after: the new state's description.
        diff: the comparison.
    """

    before: str
    after: str
    diff: PromptDiff


def _diff(before: Prompt | None, after: Prompt | None) -> PromptDiff:
    # Imported on use: most callers only need `describe_state`.
    from promptops.prompt.diff import diff_prompts

    return diff_prompts(before, after)


def compare_refs(repository: Repository, refs: Sequence[str]) -> list[TextComparison]:
    """Compare prompts by refs `NAME[@A[..B]]`; all prompts of the work tree if `refs` is empty.

    The default of `A` is the latest release, of `B` the work tree. Two refs of one prompt, `x@1`
    and `x@2`, are the two sides. A prompt that was never released is new.
    """
    if not refs:
        return [_compare_working(repository, name, None) for name in list_names(repository.working)]
    names = {ref.partition("@")[0] for ref in refs}
    sides = [ref.partition("@")[2] for ref in refs]
    if len(refs) == 2 and len(names) == 1 and all(side and ".." not in side for side in sides):
        return [_compare_ref(repository, f"{refs[0]}..{sides[1]}")]
    return [_compare_ref(repository, ref) for ref in refs]


def _compare_ref(repository: Repository, text: str) -> TextComparison:
    name, at, selectors = text.partition("@")
    check_name(name)
    if not at:
        return _compare_working(repository, name, None)
    before_text, dots, after_text = selectors.partition("..")
    if not before_text or (dots and not after_text):
        raise UsageError(f"'{text}' is not a comparison", hint=f"{name}@1.0.0..1.1.0")
    before = parse_selector(before_text)
    if not dots:
        return _compare_working(repository, name, before)
    old, old_words = _select(repository, name, before)
    new, new_words = _select(repository, name, parse_selector(after_text))
    return TextComparison(old_words, new_words, _diff(old, new))


def _select(repository: Repository, name: str, selector: Selector) -> tuple[Prompt, str]:
    """Return the prompt of a selector, and its description."""
    resolved = resolve_selected(repository, PromptRef(name, selector))
    return resolved.prompt, describe_state(resolved)


def describe_difference(old: Prompt, new: Prompt) -> dict[str, Any]:
    """Return what changed between two states as `promptops.diff/v1`."""
    from promptops.prompt.diff import diff_to_json

    return diff_to_json(_diff(old, new))


def split_comparison(text: str) -> tuple[str, str]:
    """Return the two refs in `NAME@FROM..TO`. Raises UsageError if it is malformed."""
    name, _, selectors = text.partition("@")
    before, dots, after = selectors.partition("..")
    if not (before and dots and after):
        raise UsageError("a comparison needs two versions", hint="write NAME@1.0.0..1.1.0")
    return f"{name}@{before}", f"{name}@{after}"


def describe_state(resolved: ResolvedPrompt) -> str:
    """Describe a prompt's state: `1.2.0`, `1.2.0 (staging, deployment 7)`."""
    placement = resolved.placement
    if placement is not None:
        return f"{resolved.version} ({placement.environment}, deployment {placement.deployment})"
    return "work tree" if resolved.commit is None else resolved.version


def _compare_working(repository: Repository, name: str, before: Selector | None) -> TextComparison:
    new = _Side(repository.working).load(name)
    if before is None:
        old, words = _released_before(repository, name, new)
    else:
        old, words = _select(repository, name, before)
    if old is None and new is None:
        raise not_found(name, list_names(repository.working), "in the work tree")
    return TextComparison(words, "work tree", _diff(old, new))


def _released_before(
    repository: Repository, name: str, new: Prompt | None
) -> tuple[Prompt | None, str]:
    """Return the release that precedes the work tree's version, as for `bump` and `release`.

    It is the greatest release that is not above it, yanked ones included, since their numbers are
    used too; or the greatest of all if every release is above.
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
) -> list[TextComparison]:
    """Compare prompts at two Git revisions; all prompts if `names` is empty.

    If `after` is None, it is the work tree. If `after` is None, it is the work tree. At a
    deployment, such as the tip of an environment's branch, the prompts are the live ones.
    """
    old = _read_revision(repository, before)
    new = _Side(repository.working) if after is None else _read_revision(repository, after)
    wanted = [check_name(name) for name in names] or sorted({*old.list_names(), *new.list_names()})
    comparisons = []
    for name in wanted:
        was, now = old.load(name), new.load(name)
        if was is None and now is None:
            raise not_found(name, new.list_names(), f"at {before} or {after or 'work tree'}")
        comparisons.append(TextComparison(before, after or "work tree", _diff(was, now)))
    return comparisons


class _Side:
    """The prompts of one prompts folder."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def list_names(self) -> list[str]:
        return list_names(self._files)

    def load(self, name: str) -> Prompt | None:
        closure = collect_closure(name, self._files.read)
        return None if closure is None else load_prompt(closure)


class _Deployed(_Side):
    """The live prompts of one deployment; of split traffic, the version with the greatest share."""

    def __init__(self, repository: Repository, commit: str) -> None:
        super().__init__(repository.tree(commit))
        self._folders = {
            name: release_folder(name, max(entry.live, key=lambda one: one.share).version)
            for name, entry in read_state(repository, commit).entries.items()
        }

    def list_names(self) -> list[str]:
        return sorted(self._folders)

    def load(self, name: str) -> Prompt | None:
        folder = self._folders.get(name)
        if folder is None:
            return None
        closure = collect_closure(name, lambda path: self._files.read(f"{folder}/{path}"))
        return None if closure is None else load_prompt(closure)


def _read_revision(repository: Repository, revision: str) -> _Side:
    if repository.at_deployment(revision):
        return _Deployed(repository, repository.resolve(revision))
    return _Side(repository.at(revision))
