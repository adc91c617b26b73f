"""A chain followed link by link, and each way in which it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.provenance.trace import LinkStatus, trace_chain
from promptops.repository.repository import open_repository
from tests.provenance.trace.pieces import TAG, digest_of, link, statuses, trace
from tests.repositories import Repo
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from pathlib import Path


def test_a_sound_chain_holds_link_by_link(untouched: Showcase) -> None:
    found = trace(untouched)

    assert statuses(found) == {
        "digest": "ok",
        "deployments": "ok",
        "release": "ok",
        "commit": "ok",
        "authors": "ok",
        "approvals": "absent",
        "evidence": "absent",
    }
    commit = untouched.repo.rev(f"{TAG}@1.1.0^{{}}")[:12]
    tag = untouched.repo.rev(f"refs/tags/{TAG}@1.1.0")[:12]
    assert [(one.detail, one.lines) for one in found.links] == [
        (
            f"{digest_of(untouched, '1.1.0')[:19]}, computed again from 2 files at commit {commit}",
            (),
        ),
        (
            "live in staging",
            (
                ("staging: deployment 2, promote by Jane Doe, 2026-01-01 00:00 UTC: promote 1.1.0"),
                ("until deployment 3, promote by Jane Doe, 2026-01-01 00:00 UTC: promote 2.0.0"),
                "staging: deployment 4, rollback by Jane Doe, 2026-01-01 00:00 UTC",
            ),
        ),
        (
            "2026-01-01 00:00 UTC by Jane Doe <jane@example.com>, not signed",
            (f"tag {TAG}@1.1.0, object {tag}",),
        ),
        (f"{commit} by Jane Doe, merged into main", (f"Write {TRIAGE} 1.1.0",)),
        (
            "Jane Doe, in 1 commit since 1.0.0",
            (f"{commit} 2026-01-01 Jane Doe: Write {TRIAGE} 1.1.0",),
        ),
        ("none recorded", ()),
        ("none recorded", ()),
    ]
    assert found.verdict == snapshot(
        "the chain is intact, as far as it was recorded (not: approvals, evidence)"
    )


def test_what_was_never_deployed_has_no_such_link(untouched: Showcase) -> None:
    found = trace(untouched, "support/reply@1.0.0")

    assert link(found, "deployments").status is LinkStatus.ABSENT
    assert link(found, "deployments").detail == "never deployed"
    assert found.first(LinkStatus.BROKEN) is None


@pytest.mark.slow
def test_a_retired_version_was_live_until_then(showcase: Showcase) -> None:
    showcase.retire("production")

    lines = link(trace(showcase, f"{TRIAGE}@1.0.0"), "deployments").lines

    assert masked(lines[-2]) == snapshot(
        "production: deployment 1, promote by Jane Doe, 2026-01-01 00:00 UTC: promote 1.0.0"
    )
    assert lines[-1] == snapshot("until deployment 2, retire by Jane Doe, 2026-01-01 00:00 UTC")


@pytest.mark.slow
def test_a_pause_ends_nothing(showcase: Showcase) -> None:
    showcase.pause()

    found = trace(showcase)

    assert link(found, "deployments").detail == "live in staging"
    assert found.first(LinkStatus.BROKEN) is None


@pytest.mark.slow
def test_a_changed_partial_counts_its_author(showcase: Showcase) -> None:
    showcase.repo.git(
        "-c",
        "core.hooksPath=/dev/null",
        "commit",
        "--allow-empty",
        "-qm",
        "Nothing of triage",
    )
    showcase.repo.write("prompts/_shared/tone.md", "Be very kind.\n")
    showcase.repo.git("add", "-A")
    showcase.repo.git("commit", "-qm", "Be kinder", "--author", "John Roe <john@example.com>")
    showcase.publish("2.1.0", "You triage all tickets.")

    authors = link(trace(showcase, f"{TRIAGE}@2.1.0"), "authors")

    assert authors.detail == snapshot("Jane Doe, John Roe, in 2 commits since 2.0.0")
    assert [line.partition(": ")[2] for line in authors.lines] == [
        f"Write {TRIAGE} 2.1.0",
        "Be kinder",
    ]


@pytest.mark.slow
def test_an_unmerged_release_says_so(showcase: Showcase) -> None:
    showcase.repo.git("switch", "-qc", "topic")
    showcase.publish("2.1.0", "You triage.")

    found = trace(showcase, f"{TRIAGE}@2.1.0")

    assert masked(link(found, "commit").detail) == snapshot(
        "<id> by Jane Doe, not merged into main"
    )
    assert link(found, "commit").status is LinkStatus.OK


def test_approvals_and_evidence_are_shown_where_recorded(showcase: Showcase) -> None:
    showcase.move_tag(
        "prompts/support/reply@1.0.0",
        "HEAD",
        lambda text: f"{text.rstrip()}\nPrompt-Approved-By: John Roe\nPrompt-Evals: 9 of 9\n",
    )

    found = trace(showcase, "support/reply@1.0.0")

    assert link(found, "approvals").lines == ("Prompt-Approved-By: John Roe",)
    assert masked(link(found, "evidence").lines) == snapshot(["Prompt-Evals: 9 of 9"])
    assert found.verdict == snapshot(
        "the chain is intact, as far as it was recorded (not: deployments)"
    )


def test_a_verdict_for_which_nobody_approved_is_no_approval(showcase: Showcase) -> None:
    """The gate lets pass what approvals were not asked for, and names itself in the tag."""
    showcase.move_tag(
        "prompts/support/reply@1.0.0",
        "HEAD",
        lambda text: f"{text.rstrip()}\nPrompt-Gate: a b sha256:c\n",
    )
    found = link(trace(showcase, "support/reply@1.0.0"), "approvals")
    assert found.status is LinkStatus.ABSENT
    assert found.detail == snapshot("none recorded, except the verdict of the gate")
    assert masked(found.lines) == snapshot(["Prompt-Gate: a b sha256:c"])


@pytest.mark.slow
def test_a_yank_is_told(showcase: Showcase) -> None:
    from promptops.delivery.yanking import yank_release
    from promptops.prompt.version import Version

    yank_release(showcase.repository, TRIAGE, Version.parse("1.1.0"), "it swears")

    assert "yanked: it swears" in link(trace(showcase), "release").lines


@pytest.mark.slow
def test_altered_texts_break_what_is_served(showcase: Showcase) -> None:
    showcase.rewrite(files={f"releases/{TRIAGE}@1.1.0/_shared/tone.md": "Be rude.\n"})

    served = trace(showcase, f"{TRIAGE}@staging")
    released = trace(showcase)

    digest = digest_of(showcase, "1.1.0")[:19]
    assert served.verdict.startswith(
        f"the chain breaks at digest: no content here has {digest}; found sha256:"
    )
    assert masked(served.verdict) == snapshot(
        "the chain breaks at digest: no content here has <digest>; found <digest> in the texts in deployment 4 of staging"
    )
    assert masked(released.verdict) == snapshot(
        "the chain breaks at deployments: deployment 4 of staging has texts of <digest>, its lock says <digest>"
    )
    assert released.verdict.endswith(f"its lock says {digest}")


@pytest.mark.slow
def test_a_lock_edited_by_hand_breaks_the_deployments(showcase: Showcase) -> None:
    def change(prompts: dict[str, Any]) -> None:
        prompts[TRIAGE]["live"][0]["version"] = "2.0.0"

    showcase.edit_json("promptops.lock", change)

    assert masked(trace(showcase).verdict) == snapshot(
        "the chain breaks at deployments: deployment 4 of staging says that support/triage@1.1.0 is live, but its lock does not"
    )
    assert masked(trace(showcase, f"{TRIAGE}@2.0.0").verdict) == snapshot(
        "the chain breaks at deployments: the lock of staging has support/triage@2.0.0 live, but no deployment says so"
    )


@pytest.mark.slow
def test_a_digest_edited_in_the_lock_breaks_the_chain(showcase: Showcase) -> None:
    def change(prompts: dict[str, Any]) -> None:
        prompts[TRIAGE]["live"][0]["digest"] = "sha256:" + "0" * 64

    showcase.edit_json("promptops.lock", change)

    assert masked(trace(showcase, f"{TRIAGE}@staging").verdict) == snapshot(
        "the chain breaks at digest: no content here has sha256:000000000000; found <digest> in the texts in deployment 4 of staging"
    )
    assert masked(trace(showcase, "0" * 12).verdict) == snapshot(
        "the chain breaks at digest: no content here has sha256:000000000000; found <digest> in 2 files at commit <id>"
    )
    assert masked(trace(showcase).verdict) == snapshot(
        "the chain breaks at deployments: deployment 4 of staging has texts of <digest>, its lock says sha256:000000000000"
    )


def test_a_moved_tag_breaks_the_release(showcase: Showcase) -> None:
    old = showcase.repo.rev(f"refs/tags/{TAG}@1.1.0")[:12]
    new = showcase.move_tag(f"{TAG}@1.1.0", f"{TAG}@1.1.0^{{}}", lambda text: f"Again\n{text}")

    assert trace(showcase).verdict == (
        "the chain breaks at release: the tag was moved: deployment 2 of staging "
        f"took {old}, now it is {new[:12]}"
    )


@pytest.mark.slow
def test_a_deleted_tag_breaks_the_release(showcase: Showcase) -> None:
    digest = digest_of(showcase, "1.1.0")
    showcase.repo.git("tag", "-d", f"{TAG}@1.1.0")

    for asked in (f"{TRIAGE}@1.1.0", f"{TRIAGE}@staging", digest):
        found = trace(showcase, asked)
        assert found.verdict == f"the chain breaks at release: the tag {TAG}@1.1.0 is gone"
        assert found.digest == digest
        assert statuses(found)["digest"] == "ok"
        assert statuses(found)["commit"] == "ok"


def test_a_lightweight_tag_breaks_the_release(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-f", "prompts/support/reply@1.0.0", "HEAD")

    found = trace(showcase, "support/reply@1.0.0")

    assert found.verdict == snapshot(
        "the chain breaks at release: prompts/support/reply@1.0.0 is a lightweight tag: "
        "it does not say who released what"
    )
    assert found.digest is None


@pytest.mark.slow
def test_a_tag_on_the_wrong_commit_breaks_the_digest(showcase: Showcase) -> None:
    showcase.repo.commit({"prompts/_shared/tone.md": "Be rude.\n"})
    showcase.move_tag("prompts/support/reply@1.0.0", "HEAD")

    found = trace(showcase, "support/reply@1.0.0")

    assert masked(found.verdict) == snapshot(
        "the chain breaks at digest: no content here has <digest>; found <digest> in 2 files at commit <id>"
    )
    assert masked(link(found, "commit").detail) == snapshot(
        "its commit <id> has <digest>, but the tag says <digest>"
    )


def test_an_amended_deployment_breaks_the_deployments(showcase: Showcase) -> None:
    showcase.rewrite(message=lambda text: text.replace("To: 1.1.0", "To: 1.0.0"))

    assert masked(trace(showcase).verdict) == snapshot(
        "the chain breaks at deployments: the lock of staging has support/triage@1.1.0 live, but no deployment says so"
    )


@pytest.mark.slow
def test_a_commit_edited_in_the_lock_breaks_the_release(showcase: Showcase) -> None:
    def change(prompts: dict[str, Any]) -> None:
        prompts[TRIAGE]["live"][0]["commit"] = "0" * 40

    showcase.edit_json("promptops.lock", change)

    assert masked(trace(showcase).verdict) == snapshot(
        "the chain breaks at release: deployment 4 of staging has commit 000000000000, the tag points to <id>"
    )


@pytest.mark.slow
def test_a_lock_that_is_none_breaks_the_deployments(showcase: Showcase) -> None:
    showcase.rewrite(files={"promptops.lock": "{"})

    assert masked(trace(showcase).verdict) == snapshot(
        "the chain breaks at deployments: deployment 4 of staging: promptops.lock is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    )


def test_missing_texts_break_the_deployments(showcase: Showcase) -> None:
    showcase.rewrite(files={f"releases/{TRIAGE}@1.1.0": None})

    assert masked(trace(showcase).verdict) == snapshot(
        "the chain breaks at deployments: deployment 4 of staging has support/triage@1.1.0 live without its texts"
    )


def test_a_commit_by_hand_breaks_the_deployments(showcase: Showcase) -> None:
    commit = showcase.rewrite(message=lambda _: "tidy up\n")

    assert trace(showcase).verdict == (
        f"the chain breaks at deployments: commit {commit[:12]} on staging is not a deployment"
    )


@pytest.mark.slow
def test_a_lost_deployment_breaks_the_deployments(showcase: Showcase) -> None:
    showcase.repo.lose("promptops/staging~2")

    assert masked(trace(showcase).verdict) == snapshot(
        "the chain breaks at deployments: the history of staging is damaged: git rev-list failed: Could not read <id>"
    )


def test_wrong_numbers_break_the_deployments(showcase: Showcase) -> None:
    showcase.rewrite(message=lambda text: text.replace("Deployment: 4", "Deployment: 2"))

    assert trace(showcase).verdict == snapshot(
        "the chain breaks at deployments: deployment 2 of staging follows 3"
    )


def test_a_missing_base_breaks_the_authors(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-d", f"{TAG}@1.0.0")

    assert trace(showcase).verdict == snapshot(
        "the chain breaks at authors: it was compared with 1.0.0, "
        "whose tag is missing or not of a release"
    )


@pytest.mark.slow
def test_a_bad_signature_breaks_the_release(showcase: Showcase) -> None:
    tag = "refs/tags/prompts/support/reply@1.0.0"
    data = showcase.repo.git("cat-file", "tag", tag)
    signature = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n"
    forged = showcase.repo.git(
        "hash-object", "-t", "tag", "-w", "--stdin", stdin=f"{data}\n{signature}"
    )
    showcase.repo.git("update-ref", tag, forged)

    assert trace(showcase, "support/reply@1.0.0").verdict == snapshot(
        "the chain breaks at release: the signature of the tag is bad: "
        "the signature does not match the content"
    )


@pytest.mark.slow
def test_a_shallow_clone_says_where_it_cannot_follow(showcase: Showcase, tmp_path: Path) -> None:
    showcase.repo.publish(tmp_path / "remote.git")
    remote = Repo(tmp_path / "remote.git")
    clone = remote.clone(tmp_path / "clone", "--depth=1", "--no-single-branch")

    found = trace_chain(open_repository(clone.path), f"{TRIAGE}@staging")

    assert found.first(LinkStatus.BROKEN) is None
    assert link(found, "authors").status is LinkStatus.UNCHECKED
    assert masked(found.verdict) == snapshot(
        "the chain could not be followed at authors: history is cut off in this shallow clone"
    )


@pytest.mark.slow
def test_a_clone_without_tags_says_where_it_cannot_follow(
    showcase: Showcase, tmp_path: Path
) -> None:
    showcase.repo.publish(tmp_path / "remote.git")
    clone = Repo(tmp_path / "remote.git").clone(tmp_path / "clone", "--no-tags")

    found = trace_chain(open_repository(clone.path), f"{TRIAGE}@staging")

    assert found.verdict == snapshot(
        "the chain could not be followed at release: this clone has no release tags"
    )
