"""Signatures of this clone: whether the policy of the default branch would accept them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from tests.protection.doctor.pieces import (
    FINDING,
    FINE,
    SIGNED,
    SIGNERS,
    UNKNOWN,
    ask,
    ask_one,
    merge,
)
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.story
def test_signing_is_followed_to_the_key(sound: Repo, key: Path) -> None:
    merge(sound, {"promptops.toml": SIGNED, SIGNERS: "bob@example.com ssh-ed25519 AAAA\n"})
    assert ask_one(sound, "signing").seen == snapshot(
        "git does not sign with an SSH key here, and approvals are signed statements (promptops.toml)"
    )
    sound.config("gpg.format", "ssh")
    assert ask_one(sound, "signing").seen == snapshot(
        "git has no key to sign with, and approvals are signed statements (promptops.toml)"
    )
    sound.config("user.signingKey", str(key.with_name("nowhere")))
    assert ask_one(sound, "signing").state is UNKNOWN
    sound.config("user.signingKey", str(key))
    assert ask_one(sound, "signing").severity is Severity.ERROR
    public = key.with_suffix(".pub").read_text()
    line = f'jane@example.com namespaces="git,promptops-approval@v1" {public}'
    merge(sound, {SIGNERS: line})
    assert ask_one(sound, "signing").state is FINE
    sound.config("user.signingKey", f"key::{public.strip()}")
    assert ask_one(sound, "signing").state is FINE


@pytest.mark.slow
def test_the_remedy_where_nothing_is_signed_works_as_it_is_written(sound: Repo, key: Path) -> None:
    command = ask_one(sound, "signing").remedy.partition("; then ")[0]
    command = command.replace("~/.ssh/id_ed25519.pub", f"{key}.pub")
    subprocess.run(["sh", "-ec", command], cwd=sound.path, check=True)
    assert ask_one(sound, "signing").state is FINE
    sound.commit({"README.md": "signed\n"})


@pytest.mark.slow
def test_a_key_that_only_the_work_tree_lists_does_not_count(sound: Repo, key: Path) -> None:
    merge(sound, {"promptops.toml": SIGNED, SIGNERS: "bob@example.com ssh-ed25519 AAAA\n"})
    sound.config("gpg.format", "ssh")
    sound.config("user.signingKey", str(key))
    sound.write(SIGNERS, f"jane@example.com {key.with_suffix('.pub').read_text()}")
    answer = ask_one(sound, "signing")
    assert masked(answer.seen) == snapshot(
        "the signing key is not in .promptops/allowed_signers on origin/main"
    )


@pytest.mark.slow
def test_deployers_need_commits_that_are_signed(sound: Repo, key: Path) -> None:
    config = '[environments.production]\ndeployers = ["jane@example.com"]\n'
    public = key.with_suffix(".pub").read_text()
    merge(sound, {"promptops.toml": config, SIGNERS: f"jane@example.com {public}"})
    sound.config("gpg.format", "ssh")
    sound.config("user.signingKey", str(key))
    answers = ask(sound, "signing")
    assert [one.place for one in answers if one.state is FINDING] == ["commit.gpgSign"]
    sound.config("commit.gpgSign", "true")
    assert ask_one(sound, "signing").state is FINE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("namespaces", "lacking"),
    [
        ("promptops-approval@v1", "commits (git)"),
        ("git", "approvals (promptops-approval@v1)"),
        ("git,promptops-*", None),
        ("*,!git", "commits (git)"),
    ],
)
def test_a_key_has_to_be_listed_for_what_it_is_to_sign(
    sound: Repo, key: Path, namespaces: str, lacking: str | None
) -> None:
    config = f'{SIGNED}[environments.production]\ndeployers = ["jane@example.com"]\n'
    public = key.with_suffix(".pub").read_text()
    line = f'jane@example.com namespaces="{namespaces}" {public}'
    merge(sound, {"promptops.toml": config, SIGNERS: line})
    for name, value in {"gpg.format": "ssh", "user.signingKey": str(key)}.items():
        sound.config(name, value)
    sound.config("commit.gpgSign", "true")
    answer = ask_one(sound, "signing")
    if lacking is None:
        assert answer.state is FINE
    else:
        assert answer.severity is Severity.WARNING
        assert (
            answer.seen
            == f"{SIGNERS} on origin/main does not allow the signing key to sign {lacking}"
        )
