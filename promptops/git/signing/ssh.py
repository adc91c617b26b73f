"""Make and verify SSH signatures with `ssh-keygen -Y`.

The allowed signers file must come from outside the verified repository; otherwise a change of
the repository could choose the signers. The result is OpenSSH's exit code (ssh-keygen(1)); its
output is not parsed for it. A key's expiry is checked against the current time, since a commit's
date is only the signer's claim.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, UntrustedError, UsageError
from promptops.files import read_file
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
    """The keys to trust.

    Attributes:
        signers: an allowed signers file, as in ssh-keygen(1).
    """

    signers: Path
    _judged: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def authenticate_object(self, what: str, oid: str, data: bytes) -> str:
        """Return the principal who signed a raw commit or tag. Raises UntrustedError if no allowed
        signer did.

        `what` names the object in errors. `oid` is its id, under which the result is cached.
        """
        known = self._judged.get(oid)
        if known is None:
            payload, signature = split_object(data)
            known = self._judged[oid] = self._judge(what, payload, signature, GIT_NAMESPACE)
        return known

    def authenticate_snapshot(self, what: str, data: bytes, signature: bytes | None) -> str:
        """Return the principal who signed a snapshot's bytes; `what` names the snapshot in errors.

        Raises UntrustedError if the signature is missing or not by an allowed signer.
        """
        return self._judge(what, data, signature, SNAPSHOT_NAMESPACE)

    def _judge(self, what: str, payload: bytes, signature: bytes | None, namespace: str) -> str:
        if signature is None:
            raise UntrustedError(
                f"{what} is not signed",
                hint=f"sign it with a key in {self.signers}",
            )
        return verify(what, payload, signature, self.signers, namespace)


def open_trust(signers: Path | str) -> SshTrust:
    """Trust the keys of an allowed signers file. Raises UsageError if the file is missing."""
    path = Path(signers).absolute()
    if not path.is_file():
        raise UsageError(
            f"there is no allowed signers file {signers}",
            hint="write lines such as 'jane@example.com ssh-ed25519 AAAA…' (see ssh-keygen(1), "
            "ALLOWED SIGNERS)",
        )
    return SshTrust(path)


def sign(data: bytes, key: Path, namespace: str, *, program: str = "ssh-keygen") -> bytes:
    """Sign `data`; return the armoured signature.

    `key` is the path of a private key, or of a public key whose private half an agent holds.
    `program` takes ssh-keygen's arguments, as Git's `gpg.ssh.program` does. Raises PromptopsError
    if the program fails.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="promptops-") as folder:
        # As Git does: programs other than ssh-keygen accept only files.
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
            hint="use a private SSH key, or a public one whose private key is in ssh-agent",
        )
    return output


def read_public_key(key: Path) -> bytes:
    """Return the public half of an SSH key in base64, from the key's file or its `.pub` file.

    Raises PromptopsError if reading it needs the key's passphrase.
    """
    for file in (key, key.with_name(f"{key.name}.pub")):
        try:
            parts = read_file(file).split(None, 2)
        except OSError:
            continue
        if len(parts) > 1 and parts[1].startswith(b"AAAA"):
            return parts[1]
    code, output, _ = _run(["-y", "-P", "", "-f", str(key)], b"")
    parts = output.split(None, 2)
    if code != 0 or len(parts) < 2:
        raise PromptopsError(
            f"cannot read the public half of the key {key}",
            hint=f"write it next to the key: ssh-keygen -y -f {key} > {key}.pub",
        )
    return parts[1]


def verify_as(
    principal: str, data: bytes, signature: bytes, signers: bytes, namespace: str
) -> None:
    """Verify, as of now, that `principal` signed `data` for `namespace`.

    Args:
        principal: the expected signer; the file must name it literally, not by a pattern.
        data: what was signed.
        signature: the armoured signature.
        signers: the content of an allowed signers file.
        namespace: the purpose of the signature.

    Raises:
        UntrustedError: the signature is not valid; the message is a clause that says why.
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
    """Return why a signature is not valid, from ssh-keygen's output."""
    return next((why for sign, why in _REASONS if sign in said), _STRANGE_KEY)


_REASONS = (
    ("has expired", "its key has expired"),
    ("not yet valid", "its key is not valid yet"),
    ("not permitted for use", "its key is allowed to sign other things only"),
    ("namespace does not match", "it was signed for another purpose"),
    ("incorrect signature", "the signature does not match the content"),
    ("parse signature", "the signature is malformed"),
)
_STRANGE_KEY = "its key is not among the allowed signers"


def verify(what: str, data: bytes, signature: bytes, signers: Path, namespace: str) -> str:
    """Return the principal in the file `signers` whose key signed `data` for `namespace`.

    Raises UntrustedError if the signer is not allowed, the signature is for another namespace or
    other bytes, or the key has expired. `what` names the signed thing in the error.
    """
    import tempfile

    if not signature.startswith(_OPENING):
        raise UntrustedError(
            f"{what} is not signed with an SSH key",
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
        hint=f"sign it with a key that {signers} lists for {namespace}",
    )


def split_object(data: bytes) -> tuple[bytes, bytes | None]:
    """Split a raw commit or tag into the signed bytes and the signature; None if unsigned.

    As in Git, a commit's signature is a header, possibly one for each hash algorithm; a tag's is at
    the end.
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
    """Run a signing program; return exit code, output and error output.

    Args:
        program: its name, or its path.
        args: its arguments; never a shell.
        data: its input.
        install: the hint if the program is missing.
        unlock: the hint if it waits for a passphrase.

    Raises:
        PromptopsError: it is missing, cannot be started, or did not finish.
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
    except OSError as error:
        raise PromptopsError(
            f"{program} cannot be started: {error.strerror or error}",
            hint="check the permissions of the program, and of the folders on the PATH",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise PromptopsError(
            f"{program} did not finish within {_TIMEOUT_SECONDS:.0f} seconds",
            hint=f"if the key needs a passphrase: {unlock}",
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
