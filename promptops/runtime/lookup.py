"""Find the prompt that a command means, paused ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.reference import PromptRef, SelectorKind, parse_selector

if TYPE_CHECKING:
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import ResolvedPrompt


def resolve_selected(repository: Repository, ref: PromptRef) -> ResolvedPrompt:
    """Return the prompt that `ref` means; without a selector, the one in the work tree.

    A paused prompt is found as well: looking at it is not using it. What is in the work tree, which
    may be anybody's, is rendered in a process with limits.
    """
    from promptops.runtime.resolution import RepositoryView

    if ref.selector is None:
        ref = PromptRef(ref.name, parse_selector("working"))
    resolved = RepositoryView(repository, source=str(repository.git.folder)).resolve(ref)
    if ref.selector is None or ref.selector.kind is not SelectorKind.WORKING:
        return resolved
    from promptops.runtime.confinement import confine

    return confine(resolved)
