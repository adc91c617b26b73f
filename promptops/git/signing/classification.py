"""Classify signatures for readers who may not know the keys.

`history.verify_signature` tells whether an object may be trusted. Reports distinguish more: an
unlisted key is not a fault, a signature that does not match its object always is.
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
    """The levels of trust in a signature."""

    GOOD = "good"
    UNKNOWN = "unknown"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """The result for one signature.

    Attributes:
        trust: how far it can be trusted.
        signer: the signer, by the allowed signers file; None unless good.
        reason: why it is not good, as a clause; None if it is.
    """

    trust: Trust
    signer: str | None
    reason: str | None


def choose_signers(git: Git, given: Path | None) -> Path | None:
    """Return the allowed signers file to use; None if there is none.

    Args:
        git: the repository.
        given: the file that the user named; None: the one in the user's Git configuration.

    Raises:
        UsageError: the file that the user named does not exist.
    """
    if given is not None:
        if not given.is_file():
            message = f"there is no list of allowed signers {given}"
            raise UsageError(message, hint="check its path; ssh-keygen(1) describes the file")
        return given
    done = git.run("config", "--type=path", "--get", "gpg.ssh.allowedSignersFile", check=False)
    configured = git.folder / done.text if done.code == 0 and done.text else None
    return configured if configured is not None and configured.is_file() else None


def classify_signature(
    git: Git, oid: str, kind: str, allowed_signers: Path | None
) -> SignatureVerdict:
    """Classify the signature of a signed commit or tag.

    Args:
        git: the repository.
        oid: the object's id.
        kind: `commit` or `tag`.
        allowed_signers: the file of known keys; None: no key is known.

    Raises:
        GitError: the allowed signers file cannot be read.
        NotFoundError: there is no such object.
    """
    import tempfile

    if allowed_signers is None:
        # Without an allowed signers file Git does not check whether signature and content match.
        with tempfile.NamedTemporaryFile(prefix="promptops-signers-") as nobody:
            return classify_signature(git, oid, kind, Path(nobody.name))
    found = verify_signature(git, oid, kind, allowed_signers)
    if found.good:
        return SignatureVerdict(Trust.GOOD, found.principal, None)
    reason = found.reason or "it cannot be verified"
    if found.key is not None:  # Git prints the key only for a signature that matches
        return SignatureVerdict(Trust.UNKNOWN, None, f"its key {found.key} is unknown")
    if "not signed with an SSH key" in reason or "ssh-keygen" in reason:
        return SignatureVerdict(Trust.UNKNOWN, None, reason)
    return SignatureVerdict(Trust.BAD, None, "the signature does not match the content")
