"""Signatures by people one already trusts: made and judged by `ssh-keygen -Y`, nothing else.

Who may sign is said by an allowed signers file that comes from *outside* what is judged; a file
inside a repository would let whoever changes the repository choose. OpenSSH's exit codes are the
verdict (ssh-keygen(1)), never its words. Expiry of a key is judged when verifying: the date inside
a commit is the signer's own claim.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, UntrustedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

SNAPSHOT_NAMESPACE = "promptops-snapshot@v1"
GIT_NAMESPACE = "git"
_OPENING = b"-----BEGIN SSH SIGNATURE-----\n"
_CLOSING = b"-----END SSH SIGNATURE-----\n"
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe.

    Attributes:
        signers: an allowed signers file, as ssh-keygen(1) describes it.
    """

    signers: Path
    _judged: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def authenticate_object(self, what: str, oid: str, data: bytes) -> str:
        """The principal who signed a raw commit or tag; UntrustedError when nobody allowed did.

        `oid` names the object, so that it is judged once.
        """
        known = self._judged.get(oid)
        if known is None:
            payload, signature = split_object(data)
            known = self._judged[oid] = self._judge(what, payload, signature, GIT_NAMESPACE)
        return known

    def authenticate_snapshot(self, what: str, data: bytes, signature: bytes | None) -> str:
        """The principal who signed a snapshot's bytes; UntrustedError when nobody allowed did."""
        return self._judge(what, data, signature, SNAPSHOT_NAMESPACE)

    def _judge(self, what: str, payload: bytes, signature: bytes | None, namespace: str) -> str:
        if signature is None:
            raise UntrustedError(
                f"{what} is not signed",
                hint=f"only what a key in {self.signers} signed is used here",
            )
        return verify(what, payload, signature, self.signers, namespace)


def open_trust(signers: Path | str) -> Trust:
    """Trust the keys in an allowed signers file; UsageError when there is no such file."""
    path = Path(signers).absolute()
    if not path.is_file():
        raise UsageError(
            f"there is no allowed signers file {signers}",
            hint="lines such as 'jane@example.com ssh-ed25519 AAAA…', as in ssh-keygen(1)",
        )
    return Trust(path)


def sign(data: bytes, key: Path, namespace: str) -> bytes:
    """Sign `data` with the private key at `key` (or a public one that an agent holds).

    Returns the armoured signature. PromptopsError when ssh-keygen will not sign.
    """
    code, output, said = _run(
        ["-Y", "sign", "-q", "-f", str(key.absolute()), "-n", namespace], data
    )
    if code != 0 or not output.startswith(_OPENING):
        raise PromptopsError(
            f"cannot sign with {key}: {said or 'ssh-keygen refused'}",
            hint="give a private SSH key, or a public one whose private key is in ssh-agent",
        )
    return output


def verify(what: str, data: bytes, signature: bytes, signers: Path, namespace: str) -> str:
    """The principal in the file `signers` whose key signed `data` for `namespace`.

    UntrustedError when the signature is not by an allowed signer, is for another namespace or
    other bytes, or the key has expired. `what` names the thing for that error.
    """
    import tempfile

    if not signature.startswith(_OPENING):
        raise UntrustedError(
            f"{what} carries a signature that is not by an SSH key",
            hint="sign with SSH keys: git config gpg.format ssh",
        )
    with tempfile.TemporaryDirectory(prefix="promptops-") as folder:
        file = Path(folder, "signature")
        file.write_bytes(signature)
        place = ["-s", str(file), "-f", str(signers)]
        code, output, _ = _run(["-Y", "find-principals", *place], b"")
        principals = output.decode("utf-8", "replace").split("\n")[0].split(",")
        principal = principals[0].strip()
        if code == 0 and principal:
            code, _, _ = _run(["-Y", "verify", *place, "-I", principal, "-n", namespace], data)
            if code == 0:
                return principal
    raise UntrustedError(
        f"{what} is not signed by an allowed signer",
        hint="the signature does not fit the content, or its key is not (or no longer) in "
        f"{signers}",
    )


def split_object(data: bytes) -> tuple[bytes, bytes | None]:
    """Split a raw commit or tag into what was signed and the signature; None when unsigned.

    As Git does it: a commit's signature is a header, of which there may be one for each hash; a
    tag's stands at the very end.
    """
    head, separator, body = data.partition(b"\n\n")
    if not head.startswith(b"tree "):
        start = data.rfind(b"\n" + _OPENING)
        if start < 0 or not data.endswith(b"\n" + _CLOSING):
            return data, None
        return data[: start + 1], data[start + 1 :]
    kept: list[bytes] = []
    signature: list[bytes] = []
    current = kept
    for line in head.split(b"\n"):
        if line.startswith(b"gpgsig"):
            current = signature if not signature else []
            current.append(line.partition(b" ")[2])
        elif line.startswith(b" ") and current is not kept:
            current.append(line[1:])
        else:
            current = kept
            kept.append(line)
    if not signature:
        return data, None
    return b"\n".join(kept) + separator + body, b"\n".join(signature) + b"\n"


def _run(args: Sequence[str], data: bytes) -> tuple[int, bytes, str]:
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - an argument list, never a shell
            ["ssh-keygen", *args],  # noqa: S607 - looked up on PATH, as git does
            input=data,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        raise PromptopsError(
            "ssh-keygen is not installed, or not on the PATH",
            hint="install OpenSSH 8.2 or newer: it signs and verifies",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise PromptopsError(
            f"ssh-keygen did not finish within {_TIMEOUT_SECONDS:.0f} seconds",
            hint="does the key ask for a passphrase? add it to ssh-agent first",
        ) from error
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return done.returncode, done.stdout, lines[0] if lines else ""
