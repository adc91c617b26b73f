"""Read the rules for merging, releasing and deploying at the target branch's tip.

Rules in the change itself apply only after it is merged.
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
        commit: their commit; None: there is none yet, and the defaults apply.
        config: the configuration.
        owners: the CODEOWNERS file, or None.
        owners_path: that file's path, from the top.
        groups: people and teams.
        signers: the bytes of the allowed signers file, or None.
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
        repository: the repository.
        commit: its id; None for a branch without commits, to which the defaults apply.
        dialect: the forge whose CI or server runs this process, if known.

    Raises:
        ConfigurationError: configuration or groups are invalid.
        PromptopsError: the CODEOWNERS file is unusable, so that owners are unknown.
        NotAFileError: one of the files is a link or a submodule.
    """
    if commit is None:
        return Policy(None, Config(), None, None, parse_groups(b""), None)
    tree = repository.tree(commit)
    config = load_config(tree.read)
    found = load_owners(choose_dialect(config.gate.dialect, tree.read, forge=dialect), tree.read)
    if found is not None and found.owners.refusal is not None:
        refusal = found.owners.refusal
        raise PromptopsError(
            f"the owners cannot be read: in {found.path} at {commit[:12]}, {refusal}",
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
    """Return the rules at the default branch's tip, as known here; see `read_policy`."""
    ref = repository.default_branch_ref
    return read_policy(repository, None if ref is None else repository.git.resolve_commit(ref))
