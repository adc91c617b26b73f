"""Sign statements as configured in Git, under the name that the target branch lists."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, RefusedError, UntrustedError
from promptops.gate.approvals.signed import Keys, verify_statement
from promptops.gate.approvals.statement import (
    NAMESPACE,
    Statement,
    parse_statement,
    write_statement,
)
from promptops.gate.approvals.store import StoredStatement
from promptops.git.history import identity
from promptops.git.signing import openpgp
from promptops.git.signing import ssh as signatures
from promptops.git.signing.allowed_signers import principals_of
from promptops.git.signing.settings import SigningSettings, signing_settings
from promptops.prompt.times import format_time
from promptops.repository.config import OPENPGP_KEYS_FILE

if TYPE_CHECKING:
    from promptops.gate.policy import Policy
    from promptops.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class Signer:
    """The signing user.

    Attributes:
        approver: the key's name on the target branch.
        time: the current time in UTC, in the format of statements.
        settings: Git's signing settings.
        keys: the keys that the target branch lists.
    """

    approver: str
    time: str
    settings: SigningSettings
    keys: Keys

    def seal(self, statement: Statement) -> StoredStatement:
        """Sign a statement, and verify that the signature will count.

        Raises:
            RefusedError: the key may not sign approvals.
            PromptopsError: the key cannot be used.
        """
        payload = write_statement(statement)
        sealed = StoredStatement(
            "", parse_statement(payload), payload, _sign(self.settings, payload)
        )
        try:
            verify_statement(sealed, self.keys)
        except UntrustedError as error:
            raise RefusedError(
                f"your approval as {self.approver} would not count: {error.message}",
                hint="correct your line in the allowed signers on the target branch",
            ) from error
        return sealed


def find_signer(repository: Repository, policy: Policy, keys: Keys, where: str) -> Signer:
    """Find the signing user: the name of the user's key on the target branch.

    Args:
        repository: the user's clone.
        policy: the rules at the target branch's tip.
        keys: the keys listed there.
        where: the target branch, for messages.

    Raises:
        UsageError: no signing key is configured.
        RefusedError: the target branch does not list the key.
    """
    settings = signing_settings(repository.git)
    who = identity(repository.git)
    approver = _name_key(settings, keys, who.email)
    if approver is None:
        if settings.is_ssh:
            line = f'{who.email} namespaces="{NAMESPACE}" {_describe_key(settings)}'
            remedy = f"have this line added to {policy.config.gate.signers} on {where}: {line}"
        else:
            remedy = f"have your public key added to {OPENPGP_KEYS_FILE} on {where}"
        raise RefusedError(
            f"{where} does not list your key, so your approval would not count", hint=remedy
        )
    return Signer(approver, format_time(who.time_seconds), settings, keys)


def find_principal(repository: Repository, keys: Keys) -> str | None:
    """Return the name of the user's signing key in a list of keys; None if it is not listed.

    Raises as `find_signer`.
    """
    git = repository.git
    return _name_key(signing_settings(git), keys, identity(git).email)


def _name_key(settings: SigningSettings, keys: Keys, email: str) -> str | None:
    if settings.is_ssh:
        names = principals_of(keys.signers or b"", _public_half(settings))
        # If a key has several names, prefer the address of the user's commits.
        return email if email in names else next(iter(names), None)
    if keys.openpgp is None:
        return None
    key = openpgp.find_fingerprint(settings.key or "", program=settings.program)
    return openpgp.PREFIX + key


def _public_half(settings: SigningSettings) -> bytes:
    if settings.path is not None:
        return signatures.read_public_key(settings.path)
    parts = (settings.key or "").split()
    return parts[1].encode() if len(parts) > 1 else b""


def _describe_key(settings: SigningSettings) -> str:
    key = _public_half(settings).decode("ascii", "replace")
    if settings.key is not None:
        return f"{settings.key.split()[0]} {key}"
    # The type is the first field of the key itself: a length of four bytes, then the name.
    import base64
    import binascii

    try:
        raw = base64.b64decode(key)
        kind = raw[4 : 4 + int.from_bytes(raw[:4], "big")].decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise PromptopsError(
            f"{settings.path} contains no SSH key", hint="check user.signingKey"
        ) from error
    return f"{kind} {key}"


def _sign(settings: SigningSettings, payload: bytes) -> bytes:
    if not settings.is_ssh:
        return openpgp.sign(payload, settings.key or "", program=settings.program)
    if settings.path is not None:
        return signatures.sign(payload, settings.path, NAMESPACE, program=settings.program)
    with tempfile.TemporaryDirectory(prefix="promptops-") as folder:
        file = Path(folder, "key.pub")
        file.write_text(f"{settings.key}\n")
        return signatures.sign(payload, file, NAMESPACE, program=settings.program)
