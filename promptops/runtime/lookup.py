"""Find the prompt for a command, paused ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.reference import PromptRef, SelectorKind, parse_selector

if TYPE_CHECKING:
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import ResolvedPrompt


def resolve_selected(
    repository: Repository, ref: PromptRef, version: str | None = None
) -> ResolvedPrompt:
    """Return the prompt of `ref`; the default selector is `working`.

    `version` chooses among the versions that share an environment's traffic.

    A paused prompt is returned too. A work tree prompt may be untrusted, so its template is
    rendered in a process with limits.
    """
    from promptops.runtime.resolution import RepositoryView

    if ref.selector is None:
        ref = PromptRef(ref.name, parse_selector("working"))
    resolved = RepositoryView(repository, source=str(repository.git.folder)).resolve(ref, version)
    if ref.selector is None or ref.selector.kind is not SelectorKind.WORKING:
        return resolved
    from promptops.runtime.confinement.confinement import confine

    return confine(resolved)
