"""Read each proposal of a merge queue from its own commits.

The queue may merge, squash or rebase them, so only the proposal's own commits tell its contributors
and changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.gate.approvals.content import bring_commit
from promptops.gate.proposal import read_contributors
from promptops.gate.rules import ApprovalEntry, Proposal
from promptops.git.changes import list_tree_changes
from promptops.git.history import merge_base

if TYPE_CHECKING:
    from promptops.gate.rules import Change
    from promptops.repository.repository import Repository


def read_proposal(
    repository: Repository, change: Change, name: str, commit: str, *, fetch: bool
) -> Proposal:
    """Read one of several proposals: its contributors, and its contents at the change's paths.

    Args:
        repository: the repository with the change.
        change: the merge of all of them.
        name: the proposal's name.
        commit: the proposed commit.
        fetch: whether to fetch a missing commit: after a squash or rebase, no branch of the queue
            has it.

    Returns:
        The proposal; without contents and people if its commit is not available or has no common
            ancestor with the target branch here.

    Raises:
        GitError: this clone lacks one of its commits.
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
    contributors = read_contributors(repository, change.base, commit)
    return Proposal(
        name, commit, contents, contributors.authors, contributors.committers, contributors.merges
    )
