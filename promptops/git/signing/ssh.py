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
from promptops.git.signing.allowed_signers import lines_for

if TYPE_CHECKING:
    from collections.abc import Sequence

SNAPSHOT_NAMESPACE = "promptops-snapshot@v1"
GIT_NAMESPACE = "git"
_OPENING = b"-----BEGIN SSH SIGNATURE-----\n"
_CLOSING = b"-----END SSH SIGNATURE-----\n"
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SshTrust:
    """Whom to believe.

    Attributes:
        signers: an allowed signers file, as ssh-keygen(1) describes it.
    """

    signers: Path
    _judged: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def authenticate_object(self, what: str, oid: str, data: bytes) -> str:
        """Return the principal who signed a raw commit or tag; UntrustedError when nobody allowed
        did.

        `oid` names the object, so that it is judged once.
        """
        known = self._judged.get(oid)
        if known is None:
            payload, signature = split_object(data)
            known = self._judged[oid] = self._judge(what, payload, signature, GIT_NAMESPACE)
        return known

    def authenticate_snapshot(self, what: str, data: bytes, signature: bytes | None) -> str:
        """Return the principal who signed a snapshot's bytes; UntrustedError when nobody allowed
        did.
        """
        return self._judge(what, data, signature, SNAPSHOT_NAMESPACE)

    def _judge(self, what: str, payload: bytes, signature: bytes | None, namespace: str) -> str:
        if signature is None:
            raise UntrustedError(
                f"{what} is not signed",
                hint=f"only what a key in {self.signers} signed is used here",
            )
        return verify(what, payload, signature, self.signers, namespace)


def open_trust(signers: Path | str) -> SshTrust:
    """Trust the keys in an allowed signers file; UsageError when there is no such file."""
    path = Path(signers).absolute()
    if not path.is_file():
        raise UsageError(
            f"there is no allowed signers file {signers}",
            hint="lines such as 'jane@example.com ssh-ed25519 AAAA…', as in ssh-keygen(1)",
        )
    return SshTrust(path)


def sign(data: bytes, key: Path, namespace: str, *, program: str = "ssh-keygen") -> bytes:
    """Sign `data` with the private key at `key` (or a public one that an agent holds).

    `program` takes ssh-keygen's arguments, as Git's `gpg.ssh.program` does.

    Returns the armoured signature. PromptopsError when the program will not sign.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="promptops-") as folder:
        # As Git does it: other programs than ssh-keygen know files alone.
        file = Path(folder, "data")
        file.write_bytes(data)
        place = ["-f", str(key.absolute()), str(file)]
        code, _, said = _run(["-Y", "sign", "-n", namespace, *place], b"", program=program)
        signed = file.with_name("data.sig")
        output = signed.read_bytes() if code == 0 and signed.is_file() else b""
    if not output.startswith(_OPENING):
        words = [line for line in said.splitlines() if not line.startswith("Signing file ")]
        raise PromptopsError(
            f"cannot sign with {key}: {words[0] if words else f'{program} refused'}",
            hint="give a private SSH key, or a public one whose private key is in ssh-agent",
        )
    return output


def read_public_key(key: Path) -> bytes:
    """Return the public half of an SSH key in base64, from the key's file or the `.pub` file beside
    it.

    PromptopsError when it cannot be read without the key's passphrase.
    """
    for file in (key, key.with_name(f"{key.name}.pub")):
        try:
            parts = file.read_bytes().split(None, 2)
        except OSError:
            continue
        if len(parts) > 1 and parts[1].startswith(b"AAAA"):
            return parts[1]
    code, output, _ = _run(["-y", "-P", "", "-f", str(key)], b"")
    parts = output.split(None, 2)
    if code != 0 or len(parts) < 2:
        raise PromptopsError(
            f"cannot read the public half of the key {key}",
            hint=f"put it beside the key: ssh-keygen -y -f {key} > {key}.pub",
        )
    return parts[1]


def verify_as(
    principal: str, data: bytes, signature: bytes, signers: bytes, namespace: str
) -> None:
    """Make sure that `principal` signed `data` for `namespace`, judged now.

    Args:
        principal: who is said to have signed; has to stand in the list as it is (see `signers`).
        data: what was signed.
        signature: the armoured signature.
        signers: the content of an allowed signers file.
        namespace: what for.

    Raises:
        UntrustedError: it is not so; the message is a clause that says why.
    """
    import tempfile

    if not signature.startswith(_OPENING):
        raise UntrustedError("it is not signed with an SSH key")
    lines = lines_for(signers, principal)
    if not lines:
        raise UntrustedError(f"{principal} is not among the allowed signers")
    with tempfile.TemporaryDirectory(prefix="promptops-") as folder:
        signed, allowed = Path(folder, "signature"), Path(folder, "allowed_signers")
        signed.write_bytes(signature)
        allowed.write_bytes(lines)
        place = ["-s", str(signed), "-f", str(allowed)]
        code, _, said = _run(["-Y", "verify", *place, "-I", principal, "-n", namespace], data)
    if code != 0:
        raise UntrustedError(_reason(said))


def _reason(said: str) -> str:
    """Return why a signature does not count, by what ssh-keygen said of it."""
    return next((why for sign, why in _REASONS if sign in said), _STRANGE_KEY)


_REASONS = (
    ("has expired", "its key has expired"),
    ("not yet valid", "its key is not valid yet"),
    ("not permitted for use", "its key is allowed to sign other things only"),
    ("namespace does not match", "it was signed for another purpose"),
    ("incorrect signature", "the signature does not fit the content"),
    ("parse signature", "the signature is malformed"),
)
_STRANGE_KEY = "its key is not among the allowed signers"


def verify(what: str, data: bytes, signature: bytes, signers: Path, namespace: str) -> str:
    """Return the principal in the file `signers` whose key signed `data` for `namespace`.

    UntrustedError when the signature is not by an allowed signer, is for another namespace or other
    bytes, or the key has expired. `what` names the thing for that error.
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
        code, output, said = _run(["-Y", "find-principals", *place], b"")
        principals = output.decode("utf-8", "replace").split("\n")[0].split(",")
        principal = principals[0].strip()
        if code == 0 and principal:
            code, _, said = _run(["-Y", "verify", *place, "-I", principal, "-n", namespace], data)
            if code == 0:
                return principal
    raise UntrustedError(
        f"{what} is not signed by an allowed signer: {_reason(said)}",
        hint=f"it takes a signature by a key that {signers} lists for {namespace}",
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


def run_signer(
    program: str, args: Sequence[str], data: bytes, *, install: str, unlock: str
) -> tuple[int, bytes, str]:
    """Run a program that signs or verifies; give exit code, output and what it said.

    Args:
        program: its name, or its path.
        args: its arguments; never a shell.
        data: what it reads.
        install: what to do where there is no such program.
        unlock: what to do where it waits for a passphrase.

    Raises:
        PromptopsError: it is not there, or did not finish.
    """
    import subprocess

    try:
        done = subprocess.run(
            [program, *args],
            input=data,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        raise PromptopsError(
            f"{program} is not installed, or not on the PATH", hint=install
        ) from error
    except subprocess.TimeoutExpired as error:
        raise PromptopsError(
            f"{program} did not finish within {_TIMEOUT_SECONDS:.0f} seconds",
            hint=f"does the key ask for a passphrase? {unlock}",
        ) from error
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip()


def _run(
    args: Sequence[str], data: bytes, *, program: str = "ssh-keygen"
) -> tuple[int, bytes, str]:
    return run_signer(
        program,
        args,
        data,
        install="install OpenSSH 8.2 or newer: it signs and verifies",
        unlock="add it to ssh-agent first",
    )
