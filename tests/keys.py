"""Keys for tests, made once a run: SSH keys by name, and the lines that allow them."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

_FOLDER = tempfile.TemporaryDirectory(prefix="promptops-keys-")


@cache
def ssh_key(name: str) -> Path:
    """Give the private key of that name; its public half lies beside it."""
    key = Path(_FOLDER.name, name)
    arguments = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
    subprocess.run(["ssh-keygen", *arguments], check=True)
    return key


def public(name: str) -> str:
    """Give type and base64 of a key's public half."""
    return " ".join(ssh_key(name).with_suffix(".pub").read_text().split()[:2])


def allow(*names: str, options: str = "") -> str:
    """Give an allowed signers file in which each name's key signs for `name@example.com`."""
    return "".join(
        " ".join(filter(None, [f"{name}@example.com", options, public(name)])) + "\n"
        for name in names
    )


@cache
def authority() -> Path:
    """Give the key of an authority that certifies others."""
    return ssh_key("authority")


@cache
def certified(name: str) -> Path:
    """Give a key with a certificate by the authority, for `name@example.com`."""
    key = ssh_key(f"certified-{name}")
    arguments = ["-q", "-s", str(authority()), "-I", name, "-n", f"{name}@example.com"]
    subprocess.run(["ssh-keygen", *arguments, str(key.with_suffix(".pub"))], check=True)
    return key
