"""Read the user's signing settings: `gpg.*` and `user.signingKey` in git-config(1).

Git itself signs only commits, tags and pushes. Other data is signed with the same key and program.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    from promptops.git.process import Git

_TIMEOUT_SECONDS = 60.0
_LITERAL = "key::"


@dataclass(frozen=True, slots=True)
class SigningSettings:
    """The user's signing settings.

    Attributes:
        is_ssh: whether the key is an SSH key; else it is an OpenPGP key.
        program: the signing program; takes the arguments of ssh-keygen or gpg.
        key: for SSH, the public key itself or None; for OpenPGP, the key's name for gpg.
        path: the file of an SSH key; None if `key` is set.
    """

    is_ssh: bool
    program: str
    key: str | None
    path: Path | None


def signing_settings(git: Git) -> SigningSettings:
    """Read the user's signing settings.

    Raises:
        UsageError: X.509 is configured, which is not supported, or no key is configured.
        PromptopsError: the configured key command fails.
    """
    values = _read(git)
    form = values.get("gpg.format", "openpgp")
    key = values.get("user.signingkey", "")
    if form == "openpgp":
        program = values.get("gpg.openpgp.program") or values.get("gpg.program") or "gpg"
        if not key:
            raise UsageError("no key to sign with is configured", hint=_HINT)
        return SigningSettings(is_ssh=False, program=program, key=key, path=None)
    if form != "ssh":
        raise UsageError(f"approvals cannot be signed in the format {form!r}", hint=_HINT)
    program = values.get("gpg.ssh.program") or "ssh-keygen"
    if not key and values.get("gpg.ssh.defaultkeycommand"):
        key = _ask_command(git, values["gpg.ssh.defaultkeycommand"])
    if not key:
        raise UsageError("no key to sign with is configured", hint=_HINT)
    if key.startswith((_LITERAL, "ssh-")):
        literal = key.removeprefix(_LITERAL)
        return SigningSettings(is_ssh=True, program=program, key=literal, path=None)
    path = git.folder / Path(key).expanduser()
    return SigningSettings(is_ssh=True, program=program, key=None, path=path)


_HINT = "git config gpg.format ssh && git config user.signingKey ~/.ssh/id_ed25519.pub"


def _read(git: Git) -> dict[str, str]:
    """Return the user's signing settings: name in lower case -> last value."""
    done = git.run("config", "-z", "--get-regexp", r"^(gpg|user)\.", check=False)
    values = {}
    for setting in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        name, _, value = setting.partition("\n")
        values[name.lower()] = value
    return values


def _ask_command(git: Git, command: str) -> str:
    """Return the first key that `gpg.ssh.defaultKeyCommand` prints, as Git does."""
    try:
        done = subprocess.run(
            shlex.split(command),
            cwd=git.folder,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env=dict(os.environ),
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise PromptopsError(
            f"gpg.ssh.defaultKeyCommand cannot be run: {error}",
            hint="correct it, or name the key: git config user.signingKey FILE",
        ) from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    first = lines[0].strip() if lines and done.returncode == 0 else ""
    if not first.startswith((_LITERAL, "ssh-")):
        raise PromptopsError(
            "gpg.ssh.defaultKeyCommand names no key",
            hint="let it print a line such as `key::ssh-ed25519 AAAA…`; "
            "`ssh-add -L` prints the keys of a running agent",
        )
    return first
