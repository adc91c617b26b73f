"""Looks at each of the proposals that a merge queue merges together, as it was proposed.

What the queue makes of them may be merges, squashed commits or rebased ones; who had a hand in a
proposal, and what it changes, its own commits say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.gate.approvals.content import bring_commit
from promptops.gate.proposal import read_hands
from promptops.gate.rules import ApprovalEntry, Proposal
from promptops.git.changes import list_tree_changes
from promptops.git.history import merge_base

if TYPE_CHECKING:
    from promptops.gate.rules import Change
    from promptops.repository.repository import Repository


def read_proposal(
    repository: Repository, change: Change, name: str, commit: str, *, fetch: bool
) -> Proposal:
    """Read what one of several proposals does by itself, as far as the change is about that.

    Args:
        repository: where the change is.
        change: what merging all of them does.
        name: what the proposal is called.
        commit: the commit that is proposed.
        fetch: whether to ask the remote for a commit that is not here: of squashed or rebased
            proposals, no branch of the queue has it.

    Returns:
        The proposal; without contents and people where its commit cannot be had, or has nothing
        in common with the target branch here.

    Raises:
        GitError: a commit of it is not in this clone.
    """
    began = None
    if bring_commit(repository, commit, fetch=fetch):
        began = merge_base(repository.git, change.base, commit)
    if began is None:
        return Proposal(name, commit)
    governed = {path.path for path in change.paths}
    contents = {
        one.path: None if one.after is None else ApprovalEntry(*one.after)
        for one in list_tree_changes(repository.git, began, commit)
        if one.path in governed
    }
    hands = read_hands(repository, change.base, commit)
    return Proposal(name, commit, contents, hands.authors, hands.committers, hands.merges)
