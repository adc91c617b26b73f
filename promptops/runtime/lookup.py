"""Find the prompt that a command means, paused ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.reference import PromptRef, parse_selector

if TYPE_CHECKING:
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import ResolvedPrompt


def resolve_selected(repository: Repository, ref: PromptRef) -> ResolvedPrompt:
    """Return the prompt that `ref` means; without a selector, the one in the work tree.

    A paused prompt is found as well: looking at it is not using it.
    """
    from promptops.runtime.resolution import RepositoryView

    if ref.selector is None:
        ref = PromptRef(ref.name, parse_selector("working"))
    return RepositoryView(repository, source=str(repository.git.folder)).resolve(ref)
