"""What the target branch says about who may merge, release and deploy: read at its tip alone.

A change may bring other rules along. They hold once it is merged, not for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError
from promptops.forge.codeowners.choice import choose_dialect, load_owners
from promptops.gate.rules.people import Groups, parse_groups
from promptops.repository.config import Config, load_config

if TYPE_CHECKING:
    from promptops.forge.codeowners import Dialect, OwnersFile
    from promptops.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one commit.

    Attributes:
        commit: the commit they were read at; None: there is none yet, and the defaults hold.
        config: the configuration.
        owners: the CODEOWNERS file; None where there is none.
        owners_path: where that file is, from the top.
        groups: people and teams.
        signers: the bytes of the allowed signers file; None where there is none.
    """

    commit: str | None
    config: Config
    owners: OwnersFile | None
    owners_path: str | None
    groups: Groups
    signers: bytes | None


def read_policy(
    repository: Repository, commit: str | None, *, dialect: Dialect | None = None
) -> Policy:
    """Read the rules at a commit.

    Args:
        repository: where it is.
        commit: its id; None for a branch without commits, where the defaults hold.
        dialect: the forge whose CI or server this runs on, where that is known.

    Raises:
        ConfigurationError: configuration or groups cannot be understood.
        PromptopsError: the CODEOWNERS file cannot be used, so that nobody knows who owns what.
        NotAFileError: a link or a submodule is in the place of one of the files.
    """
    if commit is None:
        return Policy(None, Config(), None, None, parse_groups(b""), None)
    tree = repository.tree(commit)
    config = load_config(tree.read)
    found = load_owners(choose_dialect(config.gate.dialect, tree.read, forge=dialect), tree.read)
    if found is not None and found.owners.refusal is not None:
        refusal = found.owners.refusal
        raise PromptopsError(
            f"nobody can tell who owns what: in {found.path} at {commit[:12]}, {refusal}",
            hint="fix the file on the target branch first",
        )
    return Policy(
        commit,
        config,
        None if found is None else found.owners,
        None if found is None else found.path,
        parse_groups(tree.read(config.gate.groups) or b"", config.gate.groups),
        tree.read(config.gate.signers),
    )


def read_default_policy(repository: Repository) -> Policy:
    """Return the rules at the tip of the default branch, as far as it is known here; see
    `read_policy`.
    """
    ref = repository.default_branch_ref
    return read_policy(repository, None if ref is None else repository.git.resolve_commit(ref))
