"""Locks, texts and undo entries of deployments, verified against tags and messages."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.provenance.verify import environments, verify_repository
from tests.provenance.verify.pieces import told, verify
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase


@pytest.mark.slow
def test_a_digest_edited_in_the_lock_contradicts_texts_and_tag(showcase: Showcase) -> None:
    def change(prompts: dict[str, dict[str, list[dict[str, str]]]]) -> None:
        prompts[TRIAGE]["live"][0]["digest"] = "sha256:" + "0" * 64

    showcase.edit_json("promptops.lock", change)

    first, second = told(verify(showcase))

    assert masked(first) == snapshot(
        "error promptops/staging: deployment 4: support/triage@1.1.0 has texts of <digest>, but the lock says sha256:000000000000"
    )
    assert masked(second) == snapshot(
        "error promptops/staging: deployment 4: support/triage@1.1.0: the lock says sha256:000000000000, the release tag <digest>"
    )


def test_a_commit_edited_in_the_lock_contradicts_the_tag(showcase: Showcase) -> None:
    def change(prompts: dict[str, dict[str, list[dict[str, str]]]]) -> None:
        prompts[TRIAGE]["live"][0]["commit"] = "0" * 40

    showcase.edit_json("promptops.lock", change)

    (message,) = told(verify(showcase))

    assert masked(message) == snapshot(
        "error promptops/staging: deployment 4: support/triage@1.1.0: the lock says commit 000000000000, the release tag <id>"
    )


def test_a_version_edited_in_the_lock_contradicts_everything(showcase: Showcase) -> None:
    def change(prompts: dict[str, dict[str, list[dict[str, str]]]]) -> None:
        prompts[TRIAGE]["live"][0]["version"] = "2.0.0"

    showcase.edit_json("promptops.lock", change)

    messages = told(verify(showcase))

    where = "error promptops/staging: deployment 4:"
    assert f"{where} {TRIAGE}@2.0.0 is live, but its texts are missing" in messages
    assert f"{where} it contains the texts of {TRIAGE}@1.1.0, which is not live there" in messages
    assert f"{where} says {TRIAGE} 2.0.0 -> 1.1.0, but its lock has 2.0.0 -> 2.0.0" in messages


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "promptops.lock is not JSON"),
        ('{"schema": "promptops.lock/v1"}', "promptops.lock has no prompts"),
        (None, "has no promptops.lock"),
    ],
)
def test_a_lock_that_is_none_is_named_with_its_deployment(
    showcase: Showcase, text: str | None, message: str
) -> None:
    showcase.rewrite(files={"promptops.lock": text})

    result = verify(showcase)

    (finding,) = result.findings
    assert finding.message.startswith("deployment 4: ")
    assert message in finding.message
    assert finding.hint == snapshot(
        "the branch was edited by hand; promptops rollback --env staging --to-deployment 3 restores the state before"
    )


def test_altered_texts_are_found(showcase: Showcase) -> None:
    path = f"releases/{TRIAGE}@1.1.0/_shared/tone.md"
    showcase.rewrite(files={path: "Be rude.\n"})

    (message,) = told(verify(showcase))

    assert masked(message) == snapshot(
        "error promptops/staging: deployment 4: support/triage@1.1.0 has texts of <digest>, but the lock says <digest>"
    )


def test_missing_texts_are_found(showcase: Showcase) -> None:
    showcase.rewrite(files={f"releases/{TRIAGE}@1.1.0": None})

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error promptops/staging: deployment 4: support/triage@1.1.0 is live, but its texts are missing"
        ]
    )


@pytest.mark.slow
def test_files_that_do_not_belong_there_are_found(showcase: Showcase) -> None:
    showcase.rewrite(
        files={
            "releases/other@1.0.0/other.md": "hello",
            "releases/support/notes.txt": "hello",
            "README.md": "hello",
        }
    )

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error promptops/staging: deployment 4: it contains the texts of other@1.0.0, which is not live there",
            "error promptops/staging: deployment 4: README.md does not belong in a deployment",
            "error promptops/staging: deployment 4: releases/support/notes.txt does not belong in a deployment",
        ]
    )


@pytest.mark.slow
def test_an_undo_entry_must_point_backwards(showcase: Showcase) -> None:
    tip = showcase.repo.rev("promptops/staging")

    def change(prompts: dict[str, dict[str, object]]) -> None:
        prompts[TRIAGE] = {"deployment": 4, "commit": tip}

    showcase.edit_json("promptops.undo", change)

    assert told(verify(showcase)) == [
        (
            f"error promptops/staging: deployment 4: a rollback of {TRIAGE} would go to "
            f"deployment 4 ({tip[:12]}), which is not older than deployment 4"
        )
    ]


@pytest.mark.slow
def test_an_undo_entry_must_name_the_commit_of_its_number(showcase: Showcase) -> None:
    first = showcase.repo.rev("promptops/staging~3")
    second = showcase.repo.rev("promptops/staging~2")

    def change(prompts: dict[str, dict[str, object]]) -> None:
        prompts[TRIAGE] = {"deployment": 2, "commit": first}

    showcase.edit_json("promptops.undo", change)

    (message,) = told(verify(showcase))

    assert message.endswith(f"deployment 2 ({first[:12]}), but that is commit {second[:12]}")


def test_an_amended_deployment_says_what_its_lock_does_not(showcase: Showcase) -> None:
    showcase.rewrite(message=lambda text: text.replace("To: 1.1.0", "To: 1.0.0"))

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error promptops/staging: deployment 4: says support/triage 2.0.0 -> 1.0.0, but its lock has 2.0.0 -> 1.1.0"
        ]
    )


@pytest.mark.slow
def test_trees_of_old_deployments_are_looked_into_only_when_asked(
    showcase: Showcase, monkeypatch: pytest.MonkeyPatch
) -> None:
    showcase.rewrite(files={"README.md": "hello"})
    showcase.promote("2.0.0")
    showcase.rewrite(files={"README.md": None})
    monkeypatch.setattr(environments, "NEWEST", 1)

    newest = verify(showcase, "staging")
    all_of_them = verify_repository(showcase.repository, ["staging"], deep=True)

    assert (told(newest), newest.skipped_trees) == ([], 4)
    assert masked(told(all_of_them)) == snapshot(
        ["warning promptops/staging: deployment 4: README.md does not belong in a deployment"]
    )
    assert all_of_them.skipped_trees == 0


@pytest.mark.slow
def test_a_healed_branch_is_told_from_a_broken_one(showcase: Showcase) -> None:
    showcase.rewrite(files={f"releases/{TRIAGE}@1.1.0/_shared/tone.md": "Be rude.\n"})
    showcase.promote("1.0.0", "staging", "support/reply")
    still = verify(showcase)
    showcase.restore(2)
    healed = verify(showcase)

    (message,) = told(still)
    assert masked(message) == snapshot(
        "error promptops/staging: deployment 4: support/triage@1.1.0 has texts of <digest>, but the lock says <digest>"
    )
    assert still.findings[0].hint == snapshot(
        "the branch was edited by hand; promptops rollback --env staging --to-deployment 3 restores the state before"
    )
    assert told(healed) == [message.replace("error", "warning", 1)]
    assert (healed.errors, healed.unchecked) == (0, 0)
    assert healed.findings[0].hint == snapshot(
        "it is fixed now, but a rollback to that deployment would bring it back"
    )
