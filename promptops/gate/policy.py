"""What the target branch says about who may merge, release and deploy: read at its tip alone.

A change may bring other rules along. They hold once it is merged, not for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError
from promptops.forge.codeowners import Dialect, decode_owners, find_owners_file, parse_owners
from promptops.gate.rules.people import Groups, parse_groups
from promptops.repository.config import Config, load_config

if TYPE_CHECKING:
    from promptops.forge.codeowners import OwnersFile
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
    repository: Repository, commit: str | None, *, dialect: Dialect = Dialect.GITHUB
) -> Policy:
    """Read the rules at a commit.

    Args:
        repository: where it is.
        commit: its id; None for a branch without commits, where the defaults hold.
        dialect: whose CODEOWNERS rules hold where the configuration does not say.

    Raises:
        ConfigurationError: configuration or groups cannot be understood.
        PromptopsError: the CODEOWNERS file cannot be used, so that nobody knows who owns what.
        NotAFileError: a link or a submodule is in the place of one of the files.
    """
    if commit is None:
        return Policy(None, Config(), None, None, parse_groups(b""), None)
    tree = repository.tree(commit)
    config = load_config(tree.read)
    rules = Dialect(config.gate.dialect) if config.gate.dialect else dialect
    found = find_owners_file(rules, tree.read)
    owners = None if found is None else parse_owners(decode_owners(found[1]), rules)
    if found is not None and owners is not None and owners.refusal is not None:
        raise PromptopsError(
            f"nobody can tell who owns what: in {found[0]} at {commit[:12]}, {owners.refusal}",
            hint="mend the file on the target branch first",
        )
    return Policy(
        commit,
        config,
        owners,
        None if found is None else found[0],
        parse_groups(tree.read(config.gate.groups) or b"", config.gate.groups),
        tree.read(config.gate.signers),
    )


def read_default_policy(repository: Repository) -> Policy:
    """The rules at the tip of the default branch, as far as it is known here; see `read_policy`."""
    ref = repository.default_branch_ref
    return read_policy(repository, None if ref is None else repository.git.resolve_commit(ref))
