"""Whose key signs, and with which program, as git-config(1) has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError, UsageError
from promptops.git.process import Git
from promptops.git.signing.settings import SigningSettings, signing_settings

if TYPE_CHECKING:
    from tests.repositories import Repo

PUBLIC = "ssh-ed25519 AAAA jane@example.com"
SSH = "[gpg]\nformat = ssh\n"


def configure(repo: Repo, config: str) -> Git:
    """Add to a repository's configuration."""
    with (repo.path / ".git/config").open("a") as file:
        file.write(config)
    return Git.discover(repo.path)


@pytest.mark.parametrize(
    ("config", "program", "key"),
    [
        ("[user]\nsigningKey = 0123\n", "gpg", "0123"),
        ("[user]\nsigningKey = 0123\nsigningKey = 4567\n", "gpg", "4567"),
        ("[gpg]\nprogram = gpg2\n[user]\nsigningKey = 0123\n", "gpg2", "0123"),
        (
            '[gpg]\nprogram = gpg2\n[gpg "openpgp"]\nprogram = gpg3\n[user]\nsigningKey = 0\n',
            "gpg3",
            "0",
        ),
    ],
)
def test_openpgp_is_what_git_signs_with_unless_it_is_told(
    repo: Repo, config: str, program: str, key: str
) -> None:
    found = signing_settings(configure(repo, config))
    assert found == SigningSettings(is_ssh=False, program=program, key=key, path=None)


@pytest.mark.parametrize("key", [PUBLIC, f"key::{PUBLIC}"])
def test_an_ssh_key_may_be_written_out(repo: Repo, key: str) -> None:
    found = signing_settings(configure(repo, f"{SSH}[user]\nsigningKey = {key}\n"))
    assert found == SigningSettings(is_ssh=True, program="ssh-keygen", key=PUBLIC, path=None)


def test_an_ssh_key_is_a_file_from_the_top_or_from_home(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/jane")
    git = configure(repo, f'{SSH}[gpg "ssh"]\nprogram = op-sign\n[user]\nsigningKey = keys/a.pub\n')
    found = signing_settings(git)
    assert (found.program, found.key, found.path) == ("op-sign", None, repo.path / "keys/a.pub")
    found = signing_settings(configure(repo, "[user]\nsigningKey = ~/.ssh/a.pub\n"))
    assert str(found.path) == "/home/jane/.ssh/a.pub"


def test_a_command_may_name_the_key(repo: Repo) -> None:
    """Its first line counts, as for Git; the settings name a key without it."""
    command = f"printf 'key::{PUBLIC}\\\\nkey::ssh-rsa BBBB\\\\n'"
    git = configure(repo, f'{SSH}[gpg "ssh"]\ndefaultKeyCommand = "{command}"\n')
    assert signing_settings(git).key == PUBLIC
    assert signing_settings(configure(repo, "[user]\nsigningKey = ssh-rsa C\n")).key == "ssh-rsa C"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/nowhere/at/all", "cannot be run"),
        ("'unclosed", "cannot be run"),
        ("echo nothing", "names no key"),
        ("sh -c 'echo ssh-rsa A; exit 1'", "names no key"),
    ],
)
def test_a_command_that_names_no_key_is_an_error(repo: Repo, command: str, why: str) -> None:
    git = configure(repo, f'{SSH}[gpg "ssh"]\ndefaultKeyCommand = "{command}"\n')
    with pytest.raises(PromptopsError, match=f"gpg.ssh.defaultKeyCommand {why}"):
        signing_settings(git)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("", "no key to sign with is configured"),
        (SSH, "no key to sign with is configured"),
        ("[gpg]\nformat = x509\n[user]\nsigningKey = 0\n", "cannot be signed in the format 'x509'"),
    ],
)
def test_what_cannot_sign_is_said_with_what_to_configure(repo: Repo, config: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        signing_settings(configure(repo, config))
    assert "git config gpg.format ssh" in (raised.value.hint or "")
