"""OpenPGP signatures, with a real GnuPG: who signed, and everything that is not good enough."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import PromptopsError, UntrustedError
from promptops.git.signing.openpgp import find_fingerprint, sign, verify
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")

LONG_AGO = ("--faked-system-time", "20200101T000000")
# The faked clock goes on, so that a slow machine makes the key a second or two later.
SOON_AFTER = ("--faked-system-time", "20200101T060000")


class Keyring:
    """A GnuPG home of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def gpg(self, *args: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(
            ["gpg", "--homedir", str(self.folder), "--batch", "--no-tty", "--yes", *args],
            input=stdin,
            capture_output=True,
            check=True,
        ).stdout

    def make(self, name: str, *args: str, expires: str = "never") -> str:
        """Make a key without a passphrase; give its fingerprint."""
        options = ("--pinentry-mode", "loopback", "--passphrase", "")
        self.gpg(*args, *options, "--quick-generate-key", name, "ed25519", "sign", expires)
        listed = self.gpg("--with-colons", "--list-keys", name).decode().splitlines()
        return next(line.split(":")[9] for line in listed if line.startswith("fpr"))

    def export(self, *names: str) -> bytes:
        return self.gpg("--armor", "--export", *names)

    def sign(self, data: bytes, name: str, *args: str) -> bytes:
        return self.gpg(*args, "--detach-sign", "--armor", "--local-user", name, stdin=data)

    def revoke(self, fingerprint: str) -> None:
        file = self.folder / "openpgp-revocs.d" / f"{fingerprint}.rev"
        certificate = file.read_text().replace(":-----BEGIN", "-----BEGIN")
        self.gpg("--import", stdin=certificate.encode())


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyring]:
    # Sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        monkeypatch.setenv("GNUPGHOME", folder)
        yield Keyring(Path(folder))
        subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], check=False)


@pytest.mark.slow
def test_a_signature_names_the_fingerprint_of_the_key(keyring: Keyring) -> None:
    jane, bob = keyring.make("jane"), keyring.make("bob")
    assert find_fingerprint("jane") == find_fingerprint(f"{jane}!") == jane
    signature = sign(b"data", "jane")
    assert verify(b"data", signature, keyring.export("jane", "bob")) == jane
    assert verify(b"data", sign(b"data", "bob"), keyring.export("jane", "bob")) == bob


@pytest.mark.slow
def test_other_bytes_strangers_and_garbage_are_refused(keyring: Keyring) -> None:
    keyring.make("jane")
    keyring.make("bob")
    signature = sign(b"data", "jane")
    keys = keyring.export("jane")
    head, _, tail = signature.partition(b"\n\n")
    for data, armour, allowed, words in [
        (b"other", signature, keys, "does not match the content"),
        (b"data", signature, keyring.export("bob"), "not among the allowed keys"),
        (b"data", head + b"\n\n" + tail[20:], keys, "."),
        (b"data", head, keys, "."),
        (b"data", b"", keys, "not signed with an OpenPGP key"),
    ]:
        with pytest.raises(UntrustedError, match=words):
            verify(data, armour, allowed)


@pytest.mark.slow
def test_a_key_is_judged_now(keyring: Keyring) -> None:
    keyring.make("old", *LONG_AGO, expires="1d")
    signature = keyring.sign(b"data", "old", *SOON_AFTER)
    with pytest.raises(UntrustedError, match="expired"):
        verify(b"data", signature, keyring.export("old"))
    lost = keyring.make("lost")
    signature = sign(b"data", "lost")
    assert verify(b"data", signature, keyring.export("lost")) == lost
    keyring.revoke(lost)
    with pytest.raises(UntrustedError, match="revoked"):
        verify(b"data", signature, keyring.export("lost"))


@pytest.mark.slow
def test_two_signatures_in_one_are_not_one(keyring: Keyring) -> None:
    keyring.make("jane")
    keyring.make("bob")
    options = ("--local-user", "bob", "--detach-sign", "--armor")
    both = keyring.gpg("--local-user", "jane", *options, stdin=b"data")
    with pytest.raises(UntrustedError):
        verify(b"data", both, keyring.export("jane", "bob"))


@pytest.mark.slow
def test_the_user_s_own_keys_and_trust_do_not_count(keyring: Keyring) -> None:
    keyring.make("jane")
    keyring.make("bob")
    with pytest.raises(UntrustedError, match="not among"):
        verify(b"data", sign(b"data", "jane"), keyring.export("bob"))


@pytest.mark.slow
def test_what_cannot_be_done_is_said(keyring: Keyring) -> None:
    keyring.make("jane")
    with pytest.raises(PromptopsError, match="no secret key for nobody"):
        find_fingerprint("nobody")
    with pytest.raises(PromptopsError, match="cannot sign as nobody"):
        sign(b"data", "nobody")
    with pytest.raises(PromptopsError, match="cannot read the list of allowed keys"):
        verify(b"data", sign(b"data", "jane"), b"nonsense")
    with pytest.raises(PromptopsError, match="not installed"):
        find_fingerprint("jane", program="no-such-gpg")


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    program = tmp_path / "gpg"
    program.write_text("#!/bin/sh\n")
    with pytest.raises(PromptopsError) as caught:
        find_fingerprint("jane", program=str(program))
    assert masked(str(caught.value)) == snapshot(
        "<folder>/gpg cannot be started: Permission denied"
    )
    assert caught.value.hint == snapshot(
        "check the permissions of the program, and of the folders on the PATH"
    )
