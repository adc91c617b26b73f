"""The policy on the default branch: approvals that count for something, and owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from tests.prompts import prompt_text
from tests.protection.doctor.pieces import FINE, SIGNED, SIGNERS, ask, ask_one, merge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.slow
def test_a_policy_without_its_files_is_found(sound: Repo) -> None:
    merge(sound, {"promptops.toml": SIGNED})
    answer = ask_one(sound, "policy")
    assert (answer.severity, answer.place) == (Severity.ERROR, SIGNERS)
    merge(sound, {"promptops.toml": '[gate]\napprovals = "off"\ncommitters = true\n'})
    severities = [one.severity for one in ask(sound, "policy")]
    assert severities == [Severity.WARNING, Severity.NOTE]


@pytest.mark.slow
def test_one_key_alone_can_approve_nothing_that_its_holder_changes(sound: Repo, key: Path) -> None:
    jane = f"jane@example.com {key.with_suffix('.pub').read_text()}"
    merge(sound, {"promptops.toml": SIGNED, SIGNERS: jane + jane})
    answer = ask_one(sound, "policy")
    assert (answer.severity, answer.place) == (Severity.WARNING, SIGNERS)
    assert answer.seen == snapshot(
        ".promptops/allowed_signers has only one key, and approvals are signed"
    )
    merge(sound, {SIGNERS: f"{jane}bob@example.com ssh-ed25519 AAAA\n"})
    assert ask_one(sound, "policy").state is FINE
    merge(sound, {SIGNERS: jane, ".promptops/allowed_keys.asc": "bob's\n"})
    assert ask_one(sound, "policy").state is FINE


def test_only_the_policy_of_the_default_branch_counts(sound: Repo) -> None:
    sound.commit({"promptops.toml": '[gate]\napprovals = "off"\n'})
    assert ask_one(sound, "policy").seen == snapshot('approvals = "auto" on origin/main')


@pytest.mark.slow
def test_owners_are_those_of_the_default_branch(sound: Repo) -> None:
    sound.commit({"CODEOWNERS": "/prompts/ @acme/everybody\n"})
    assert ask_one(sound, "owners").state is FINE
    sound.git("push", "--quiet", "origin", "main")
    open_files = {one.place for one in ask(sound, "owners")}
    assert open_files == {"CODEOWNERS", "evals/a.yaml", ".github/workflows/promptops.yml"}
    assert all(one.severity is Severity.ERROR for one in ask(sound, "owners"))


@pytest.mark.slow
def test_the_groups_and_the_signers_need_owners_too(sound: Repo) -> None:
    files = {
        "CODEOWNERS": "* @acme/everybody\n/.promptops/\n",
        ".promptops/groups.toml": '[teams]\n"@acme/everybody" = ["@jane", "@wim"]\n',
        SIGNERS: "bob@example.com ssh-ed25519 AAAA\n",
    }
    merge(sound, files)
    assert {one.place for one in ask(sound, "owners")} == {".promptops/groups.toml", SIGNERS}


@pytest.mark.slow
def test_no_owners_at_all_is_an_error(sound: Repo) -> None:
    sound.git("rm", "--quiet", "CODEOWNERS")
    merge(sound, {})
    answer = ask_one(sound, "owners")
    assert (answer.severity, answer.place) == (Severity.ERROR, ".github/CODEOWNERS")


@pytest.mark.story
def test_an_owner_who_is_alone_is_named(sound: Repo) -> None:
    sound.commit({"prompts/a.md": prompt_text(), "CODEOWNERS": "* @jane\n"})
    sound.git("push", "--quiet", "origin", "main")
    (answer,) = ask(sound, "owners")[:1]
    assert (answer.severity, answer.seen) == (
        Severity.WARNING,
        "@jane is the only owner of the prompts",
    )
    groups = '[people]\njane = ["@jane", "@jane-work"]\n'
    sound.commit({".promptops/groups.toml": groups, "CODEOWNERS": "* @jane @jane-work\n"})
    sound.git("push", "--quiet", "origin", "main")
    assert ask(sound, "owners")[0].seen == snapshot("@jane is the only owner of the prompts")
    sound.commit({"CODEOWNERS": "* @jane @wim\n"})
    sound.git("push", "--quiet", "origin", "main")
    assert not any("alone owns" in one.seen for one in ask(sound, "owners"))
