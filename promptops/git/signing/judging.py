"""Judges signatures that are there, for readers who may not know the keys.

`history.verify_signature` asks whether an object may be trusted. Who looks back asks more: a key
that nobody listed is no fault, a signature that does not fit its object always is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import UsageError
from promptops.git.history import verify_signature

if TYPE_CHECKING:
    from promptops.git.process import Git


class Trust(StrEnum):
    """What a signature is worth to this reader."""

    GOOD = "good"
    UNKNOWN = "unknown"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """What is known of one signature.

    Attributes:
        trust: what it is worth.
        signer: who made it, by the list of allowed signers; None unless good.
        reason: why it is not good, as a clause; None when it is.
    """

    trust: Trust
    signer: str | None
    reason: str | None


def choose_signers(git: Git, given: Path | None) -> Path | None:
    """Return the list of allowed signers to judge by, or None where nobody's keys are known.

    Args:
        git: the repository.
        given: the list that the user names; without one, that of the user's Git configuration.

    Raises:
        UsageError: the list that the user names is no file.
    """
    if given is not None:
        if not given.is_file():
            message = f"there is no list of allowed signers {given}"
            raise UsageError(message, hint="ssh-keygen(1) describes the file; check its path")
        return given
    done = git.run("config", "--type=path", "--get", "gpg.ssh.allowedSignersFile", check=False)
    configured = git.folder / done.text if done.code == 0 and done.text else None
    return configured if configured is not None and configured.is_file() else None


def judge_signature(
    git: Git, oid: str, kind: str, allowed_signers: Path | None
) -> SignatureVerdict:
    """Judge the signature of a commit or tag that has one.

    Args:
        git: the repository.
        oid: the object's id.
        kind: `commit` or `tag`.
        allowed_signers: whose keys are known; None: nobody's.

    Raises:
        GitError: the list cannot be read.
        NotFoundError: there is no such object.
    """
    import tempfile

    if allowed_signers is None:
        # Without any list Git would not even look whether signature and content fit.
        with tempfile.NamedTemporaryFile(prefix="promptops-signers-") as nobody:
            return judge_signature(git, oid, kind, Path(nobody.name))
    found = verify_signature(git, oid, kind, allowed_signers)
    if found.good:
        return SignatureVerdict(Trust.GOOD, found.principal, None)
    reason = found.reason or "it cannot be judged"
    if found.key is not None:  # Git names the key only of a signature that fits
        return SignatureVerdict(Trust.UNKNOWN, None, f"its key {found.key} is not known here")
    if "not signed with an SSH key" in reason or "ssh-keygen" in reason:
        return SignatureVerdict(Trust.UNKNOWN, None, reason)
    return SignatureVerdict(Trust.BAD, None, "the signature does not fit the content")
