"""Make and verify OpenPGP signatures with GnuPG, against a given list of keys only.

A key's user ids are not verified. So a person is identified by `openpgp:` and the fingerprint of
the primary key; the groups file maps it to a person. The result is read from GnuPG's status lines
for programs (doc/DETAILS), since its exit code is 0 even for an expired key.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, UntrustedError
from promptops.git.signing.ssh import run_signer

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "openpgp:"
OPENING = b"-----BEGIN PGP SIGNATURE-----\n"
_STATUS = "[GNUPG:] "


def sign(data: bytes, key: str, *, program: str = "gpg") -> bytes:
    """Sign with the user's secret key; return the armoured, detached signature.

    Raises PromptopsError if GnuPG fails.
    """
    args = ("--status-fd=2", "--batch", "--detach-sign", "--armor", "--local-user", key)
    code, output, said = _run(program, args, data)
    if code != 0 or f"\n{_STATUS}SIG_CREATED " not in f"\n{said}":
        words = [line for line in said.splitlines() if not line.startswith(_STATUS)]
        raise PromptopsError(
            f"GnuPG cannot sign as {key}: {words[-1] if words else 'it gives no reason'}",
            hint="check user.signingKey, or sign with an SSH key: git config gpg.format ssh",
        )
    return output


def find_fingerprint(key: str, *, program: str = "gpg") -> str:
    """Return the fingerprint of the primary key of the secret key that `key` names.

    Raises PromptopsError if there is no such key, or more than one.
    """
    args = ("--batch", "--with-colons", "--list-secret-keys", "--", key)
    code, output, _ = _run(program, args, b"")
    lines = [line.split(":") for line in output.decode("utf-8", "replace").splitlines()]
    primary = [
        following[9]
        for line, following in pairwise(lines)
        if line[0] == "sec" and following[0] == "fpr"
    ]
    if code != 0 or len(primary) != 1:
        number = "more than one secret key" if primary else "no secret key"
        raise PromptopsError(
            f"GnuPG has {number} for {key}",
            hint="name it by its fingerprint: git config user.signingKey FINGERPRINT",
        )
    return primary[0]


def verify(data: bytes, signature: bytes, keys: bytes, *, program: str = "gpg") -> str:
    """Verify a signature as of now; return the fingerprint of the primary key, one of `keys`.

    Args:
        data: what was signed.
        signature: the armoured signature.
        keys: the trusted public keys, as `gpg --export` writes them.
        program: the GnuPG program.

    Raises:
        UntrustedError: the signature is not valid; the message is a clause that says why.
        PromptopsError: GnuPG is missing, or cannot read the keys.
    """
    import tempfile
    from pathlib import Path

    if not signature.startswith(OPENING):
        raise UntrustedError("it is not signed with an OpenPGP key")
    with tempfile.TemporaryDirectory(prefix="promptops-gpg-") as folder:
        home = ("--homedir", folder, "--batch", "--no-autostart", "--no-options")
        code, _, said = _run(program, (*home, "--status-fd=2", "--import"), keys)
        if f"\n{_STATUS}IMPORT_OK " not in f"\n{said}":
            raise PromptopsError(
                f"GnuPG cannot read the list of allowed keys (exit code {code})",
                hint="write it with: gpg --armor --export FINGERPRINT...",
            )
        file = Path(folder, "signature")
        file.write_bytes(signature)
        # Keys in the list are trusted; GnuPG need not decide that.
        args = ("--trust-model", "always", "--status-fd=1", "--verify", str(file), "-")
        code, output, _ = _run(program, (*home, *args), data)
    return _judge(code, output.decode("utf-8", "replace"))


def _judge(code: int, status: str) -> str:
    lines = [line.removeprefix(_STATUS).split(" ") for line in status.splitlines()]
    words = [line[0] for line in lines]
    for word, reason in _REASONS.items():
        if word in words:
            raise UntrustedError(reason)
    valid = [line[-1] for line in lines if line[0] == "VALIDSIG"]
    is_good = code == 0 and words.count("GOODSIG") == len(valid) == words.count("NEWSIG") == 1
    if not is_good or not re.fullmatch(r"[0-9A-F]{40,64}", valid[0]):
        raise UntrustedError("the signature cannot be verified")
    return valid[0]


_REASONS = {
    "BADSIG": "the signature does not match the content",
    "EXPSIG": "the signature has expired",
    "EXPKEYSIG": "its key has expired",
    "REVKEYSIG": "its key was revoked",
    "NO_PUBKEY": "its key is not among the allowed keys",
    "NODATA": "the signature is malformed",
}


def _run(program: str, args: Sequence[str], data: bytes) -> tuple[int, bytes, str]:
    return run_signer(
        program,
        args,
        data,
        install="install GnuPG, or sign with an SSH key: git config gpg.format ssh",
        unlock="add it to gpg-agent first",
    )
