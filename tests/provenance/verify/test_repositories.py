from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import NotFoundError, PromptopsError, UsageError
from promptops.prompt.finding import Severity
from promptops.provenance.trace import LinkStatus, trace_chain
from promptops.provenance.verify import NOT_CHECKED, environments, verify_repository
from promptops.repository.repository import open_repository
from tests.repositories import Repo
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase, copy_showcase, make_showcase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptops.provenance.verify import Verification
    from tests.conftest import MakeRepo

TAG = f"prompts/{TRIAGE}"
BROKEN = LinkStatus.BROKEN


@pytest.fixture
def showcase(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    return copy_showcase(tmp_path / "repo", tmp_path_factory.getbasetemp())


def verify(showcase: Showcase, *refs: str) -> Verification:
    return verify_repository(showcase.repository, refs)


def told(result: Verification) -> list[str]:
    """The findings as `severity place: message`."""
    return [f"{one.severity.value} {one.path}: {one.message}" for one in result.findings]


def test_what_the_program_wrote_is_consistent(showcase: Showcase) -> None:
    showcase.promote("1.1.0", share=10, environment="production")
    showcase.pause("production")
    showcase.retire()

    result = verify(showcase)

    assert told(result) == []
    assert result.summary == snapshot(
        "checked 4 releases and 2 environments (8 deployments): all consistent"
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_verbs_do_is_consistent(showcase: Showcase, seed: int) -> None:
    choices = random.Random(seed)
    done = 0
    for _ in range(25):
        name = choices.choice([TRIAGE, "support/reply"])
        version = choices.choice(["1.0.0", "1.1.0", "2.0.0"] if name == TRIAGE else ["1.0.0"])
        number = choices.randint(1, 5)
        share = choices.choice([10, 50, 100])
        verb = choices.choice(["promote", "rollback", "retire", "pause", "resume", "restore"])
        with contextlib.suppress(PromptopsError):  # what a state refuses is not the point here
            if verb == "promote":
                showcase.promote(version, name=name, share=share)
            elif verb == "restore":
                showcase.restore(number)
            else:
                getattr(showcase, verb)(name=name)
            done += 1

    result = verify_repository(showcase.repository, deep=True)

    assert told(result) == []
    assert done > 5
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        assert trace_chain(showcase.repository, f"{TRIAGE}@{version}").first(BROKEN) is None


def test_a_repository_without_any_release_is_consistent(repo: Repo) -> None:
    repo.commit({"a": "b"})

    result = verify_repository(open_repository(repo.path))

    assert told(result) == []
    assert result.summary == snapshot("checked 0 releases: all consistent")


def test_a_sha256_repository_is_consistent(make_repo: MakeRepo) -> None:
    assert told(verify(make_showcase(make_repo(object_format="sha256")))) == []


def test_a_bare_clone_is_consistent(showcase: Showcase, tmp_path: Path) -> None:
    bare = showcase.repo.clone(tmp_path / "bare", "--bare")

    result = verify_repository(open_repository(bare.path))

    assert told(result) == []
    assert (result.releases, result.deployments) == (4, 5)


# Releases


def test_a_deleted_tag_of_something_live_is_missed(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-d", f"{TAG}@1.0.0")

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error prompts/support/triage@1.1.0: it was compared with support/triage@1.0.0, which has no tag here",
            "error prompts/support/triage@1.0.0: the tag is gone, but deployment 1 made it live (promptops/staging)",
        ]
    )


def test_a_moved_tag_is_named_with_both_ids(showcase: Showcase) -> None:
    old = showcase.repo.rev(f"refs/tags/{TAG}@1.1.0")
    new = showcase.move_tag(f"{TAG}@1.1.0", f"{TAG}@1.1.0^{{}}", lambda text: f"Again\n{text}")

    result = verify(showcase)

    assert told(result) == [
        (
            f"error {TAG}@1.1.0: the tag was moved: deployment 2 of staging took it as "
            f"{old[:12]}, now it is {new[:12]}"
        )
    ]
    assert f"git update-ref refs/tags/{TAG}@1.1.0 {old[:12]}" in (result.findings[0].hint or "")


def test_a_tag_on_the_wrong_commit_is_found_without_any_deployment(showcase: Showcase) -> None:
    showcase.repo.commit({"prompts/support/reply.md": "no prompt"})
    commit = showcase.repo.rev("HEAD")
    showcase.move_tag("prompts/support/reply@1.0.0", "HEAD")

    assert told(verify(showcase, "support/reply")) == [
        f"error prompts/support/reply@1.0.0: the file at its commit {commit[:12]} says version None"
    ]


def test_a_tag_on_a_commit_with_other_content_says_both_digests(showcase: Showcase) -> None:
    showcase.repo.commit({"prompts/_shared/tone.md": "Be rude.\n"})
    showcase.move_tag("prompts/support/reply@1.0.0", "HEAD")

    (message,) = told(verify(showcase, "support/reply"))

    assert masked(message) == snapshot(
        "error prompts/support/reply@1.0.0: its commit <id> has <digest>, but the tag says <digest>"
    )


def test_a_tag_on_a_commit_without_the_file_is_found(showcase: Showcase) -> None:
    showcase.repo.git("rm", "-q", "prompts/_shared/tone.md")
    showcase.repo.commit()
    showcase.move_tag("prompts/support/reply@1.0.0", "HEAD")

    (message,) = told(verify(showcase, "support/reply"))

    assert masked(message) == snapshot(
        "error prompts/support/reply@1.0.0: its commit <id> lacks what it needs: included file '_shared/tone.md' does not exist"
    )


def test_a_lightweight_tag_is_no_release(showcase: Showcase) -> None:
    commit = showcase.repo.rev(f"{TAG}@2.0.0^{{}}")
    showcase.repo.git("tag", "-f", f"{TAG}@2.0.0", commit)

    first, second = told(verify(showcase))

    assert masked(first) == snapshot(
        "error prompts/support/triage@2.0.0: prompts/support/triage@2.0.0 is a lightweight tag: it does not say who released what"
    )
    assert masked(second) == snapshot(
        "error prompts/support/triage@2.0.0: the tag was moved: deployment 3 of staging took it as <id>, now it is <id>"
    )


def test_a_tag_object_under_another_name_is_found(showcase: Showcase) -> None:
    oid = showcase.repo.rev(f"refs/tags/{TAG}@1.0.0")
    showcase.repo.git("update-ref", f"refs/tags/{TAG}@9.0.0", oid)

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error prompts/support/triage@9.0.0: prompts/support/triage@9.0.0 points to the tag object of prompts/support/triage@1.0.0"
        ]
    )


def test_a_tag_without_trailers_is_no_release(showcase: Showcase) -> None:
    showcase.repo.tag("prompts/support/reply@1.1.0", "handmade\n")

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error prompts/support/reply@1.1.0: the tag prompts/support/reply@1.1.0 has no valid trailers"
        ]
    )


@pytest.mark.parametrize("base", ["1.0.0", "7.0.0"])
def test_a_base_that_is_not_below_its_release_is_found(showcase: Showcase, base: str) -> None:
    showcase.move_tag(
        "prompts/support/reply@1.0.0",
        "HEAD",
        lambda text: text.replace("Prompt-Base: none", f"Prompt-Base: {base}"),
    )

    assert told(verify(showcase)) == [
        (f"error prompts/support/reply@1.0.0: its Prompt-Base is {base}, which is not below it")
    ]


def test_a_tag_with_an_impossible_name_is_pointed_out(showcase: Showcase) -> None:
    showcase.repo.tag("prompts/Support@1.0.0")

    result = verify(showcase)

    assert masked(told(result)) == snapshot(
        ["warning prompts/Support@1.0.0: not the tag of a release: its name is not NAME@VERSION"]
    )
    assert result.errors == 0


def test_yanks_must_mean_a_release(showcase: Showcase) -> None:
    from promptops.delivery.yanking import yank_release
    from promptops.prompt.version import Version

    yank_release(showcase.repository, "support/reply", Version.parse("1.0.0"), "rude")
    assert told(verify(showcase)) == []

    showcase.repo.tag("yanked/prompts/support/reply@3.0.0")
    showcase.repo.git("tag", f"yanked/{TAG}@2.0.0")
    assert masked(told(verify(showcase))) == snapshot(
        [
            "error yanked/prompts/support/reply@3.0.0: it yanks support/reply@3.0.0, which has no release tag",
            "error yanked/prompts/support/triage@2.0.0: a lightweight tag, without an author and a reason",
        ]
    )


def lose(showcase: Showcase, revision: str) -> str:
    """Remove an object from the repository, as a failing disk does; give its id."""
    oid = showcase.repo.rev(revision)
    (showcase.repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    return oid


def test_a_lost_tag_object_is_damage(showcase: Showcase) -> None:
    oid = lose(showcase, "refs/tags/prompts/support/reply@1.0.0")

    assert told(verify(showcase, "support/reply")) == [
        f"error prompts/support/reply@1.0.0: the object {oid[:12]} is missing"
    ]


def test_a_lost_text_is_damage_wherever_it_is_needed(showcase: Showcase) -> None:
    oid = lose(showcase, "main:prompts/_shared/tone.md")

    messages = told(verify(showcase))

    assert (
        "error prompts/support/reply@1.0.0: the content of _shared/tone.md is missing: "
        f"object {oid}"
    ) in messages
    assert (
        f"error promptops/production: deployment 1: {TRIAGE}@1.0.0: "
        f"the object {oid[:12]} is missing"
    ) in messages


def test_a_lost_deployment_is_damage(showcase: Showcase) -> None:
    oid = lose(showcase, "promptops/staging~2")

    (message,) = told(verify(showcase, "staging"))

    assert masked(message) == snapshot(
        "error promptops/staging: the history of staging is damaged: git rev-list failed: Could not read <id>"
    )
    assert oid in message


def test_a_yank_must_stand_where_its_release_does(showcase: Showcase) -> None:
    from promptops.delivery.yanking import yank_release
    from promptops.prompt.version import Version

    yank_release(showcase.repository, "support/reply", Version.parse("1.0.0"), "rude")
    showcase.move_tag("yanked/prompts/support/reply@1.0.0", "main~1")
    mine, release = showcase.repo.rev("main~1"), showcase.repo.rev("main")

    assert told(verify(showcase)) == [
        (
            f"error yanked/prompts/support/reply@1.0.0: it points to commit {mine[:12]}, "
            f"the release on {release[:12]}"
        )
    ]


def test_a_yank_remembers_the_tag_that_it_meant(showcase: Showcase) -> None:
    from promptops.delivery.yanking import yank_release
    from promptops.prompt.version import Version

    yank_release(showcase.repository, "support/reply", Version.parse("1.0.0"), "rude")
    tag = "prompts/support/reply@1.0.0"
    old = showcase.repo.rev(f"refs/tags/{tag}")
    new = showcase.move_tag(tag, "main", lambda text: f"Again\n{text}")

    assert told(verify(showcase)) == [
        f"error {tag}: the tag was moved: it was yanked as {old[:12]}, now it is {new[:12]}"
    ]


# Locks, texts and undo entries


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


def test_an_undo_entry_must_name_the_commit_of_its_number(showcase: Showcase) -> None:
    first = showcase.repo.rev("promptops/staging~3")
    second = showcase.repo.rev("promptops/staging~2")

    def change(prompts: dict[str, dict[str, object]]) -> None:
        prompts[TRIAGE] = {"deployment": 2, "commit": first}

    showcase.edit_json("promptops.undo", change)

    (message,) = told(verify(showcase))

    assert message.endswith(f"deployment 2 ({first[:12]}), but that is commit {second[:12]}")


# Numbers and trailers


def test_an_amended_deployment_says_what_its_lock_does_not(showcase: Showcase) -> None:
    showcase.rewrite(message=lambda text: text.replace("To: 1.1.0", "To: 1.0.0"))

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error promptops/staging: deployment 4: says support/triage 2.0.0 -> 1.0.0, but its lock has 2.0.0 -> 1.1.0"
        ]
    )


def test_an_amended_message_without_trailers_is_no_deployment(showcase: Showcase) -> None:
    commit = showcase.rewrite(message=lambda _: "tidy up\n")

    assert told(verify(showcase))[0] == (
        f"error promptops/staging: commit {commit[:12]} on staging is not a deployment"
    )


def test_swapped_numbers_are_found(showcase: Showcase) -> None:
    third = showcase.rewrite(
        revision="promptops/staging~1",
        message=lambda text: text.replace("Deployment: 3", "Deployment: 4"),
    )
    old = showcase.repo.rev(f"{third}")
    assert old == third
    showcase.promote("1.0.0")
    showcase.rewrite(message=lambda text: text.replace("Deployment: 5", "Deployment: 3"))

    messages = [line for line in told(verify(showcase)) if " follows " in line]

    assert [line.partition(" (commit ")[0] for line in messages] == [
        "error promptops/staging: deployment 4",
        "error promptops/staging: deployment 3",
    ]
    assert [line.rpartition(" follows ")[2] for line in messages] == [
        "deployment 2",
        "deployment 4",
    ]


def test_history_must_begin_with_one(showcase: Showcase) -> None:
    showcase.rewrite(parents=())

    messages = told(verify(showcase))

    assert masked(messages) == snapshot(
        [
            "error promptops/staging: the history begins with deployment 4, not with 1",
            "error promptops/staging: deployment 4: a rollback of support/triage would go to deployment 1 (<id>), which this branch does not have",
            "error promptops/staging: deployment 4: says support/triage 2.0.0 -> 1.1.0, but its lock has none -> 1.1.0",
        ]
    )


def test_a_merge_is_no_deployment(showcase: Showcase) -> None:
    commit = showcase.rewrite(parents=("promptops/staging~1", "main"))

    assert (
        f"error promptops/staging: commit {commit[:12]} is a merge, and a deployment has one parent"
    ) in told(verify(showcase))


def test_a_branch_of_ordinary_commits_is_no_environment(showcase: Showcase) -> None:
    showcase.repo.git("branch", "promptops/preview", "main~3")

    messages = told(verify(showcase))

    commit = showcase.repo.rev("main~3")
    assert messages[0] == (
        f"error promptops/preview: commit {commit[:12]} on preview is not a deployment"
    )


def test_a_promotion_must_name_its_tag(showcase: Showcase) -> None:
    showcase.promote("2.0.0")
    showcase.rewrite(
        message=lambda text: "\n".join(
            line for line in text.split("\n") if not line.startswith("Release-Tag")
        )
    )

    assert masked(told(verify(showcase))) == snapshot(
        ["error promptops/staging: deployment 5 promotes support/triage without a Release-Tag"]
    )


def test_a_tag_of_something_else_in_a_trailer_is_found(showcase: Showcase) -> None:
    other = showcase.repo.rev("refs/tags/prompts/support/reply@1.0.0")
    mine = showcase.repo.rev(f"refs/tags/{TAG}@2.0.0")
    showcase.promote("2.0.0")
    showcase.rewrite(message=lambda text: text.replace(mine, other))

    assert told(verify(showcase)) == [
        (
            f"error promptops/staging: deployment 5 names the tag object {other[:12]} for "
            f"{TRIAGE} 2.0.0, which is prompts/support/reply@1.0.0"
        )
    ]


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


# Clones


@pytest.fixture
def clone(showcase: Showcase, tmp_path: Path) -> Callable[..., Showcase]:
    def make(*options: str) -> Showcase:
        showcase.repo.publish(tmp_path / "remote.git")
        return Showcase(Repo(tmp_path / "remote.git").clone(tmp_path / "clone", *options))

    return make


def test_a_clone_is_consistent(clone: Callable[..., Showcase]) -> None:
    result = verify(clone())

    assert told(result) == []
    assert result.deployments == 5


def test_pending_deployments_are_checked_too_and_said(clone: Callable[..., Showcase]) -> None:
    here = clone()
    here.promote("2.0.0")
    result = verify(here, "staging")
    assert masked(told(result)) == snapshot(
        ["note promptops/staging: 1 local deployment not pushed yet"]
    )
    assert (result.errors, result.unchecked, result.deployments) == (0, 0, 5)

    here.rewrite(files={"README.md": "hello"})
    assert told(verify(here))[1] == snapshot(
        "error promptops/staging: deployment 5: README.md does not belong in a deployment"
    )


def test_an_amended_deployment_beside_a_remote_went_separate_ways(
    clone: Callable[..., Showcase],
) -> None:
    here = clone()
    here.repo.git("branch", "promptops/staging", "origin/promptops/staging")
    here.rewrite(message=lambda text: text.replace("Deployment: 4", "Deployment: 4\nReason: x"))

    assert masked(told(verify(here))) == snapshot(
        ["error promptops/staging: the local branch and the one of origin have diverged"]
    )


def test_a_clone_without_tags_says_what_it_could_not_check(
    clone: Callable[..., Showcase],
) -> None:
    result = verify(clone("--no-tags"))

    assert masked(told(result)) == snapshot(
        [
            "warning prompts/: this clone has no release tags, so its environments could not be checked against them"
        ]
    )
    assert (result.errors, result.unchecked) == (0, 1)
    assert masked(result.summary) == snapshot(
        "checked 0 releases and 2 environments (5 deployments): 1 thing could not be checked"
    )


def test_a_shallow_clone_says_what_it_could_not_check(clone: Callable[..., Showcase]) -> None:
    result = verify(clone("--depth=1", "--no-single-branch"))

    assert result.errors == 0
    assert result.unchecked > 0
    assert {one.check for one in result.findings} == {NOT_CHECKED}
    messages = told(result)
    assert masked(messages) == snapshot(
        [
            "warning promptops/staging: what is older than deployment 4 is not in this clone",
            "warning promptops/staging: rollbacks lead to deployments that are not in this clone",
        ]
    )
    assert all("unshallow" in (one.hint or "") for one in result.findings)


def test_a_partial_clone_without_its_remote_says_what_it_could_not_check(
    showcase: Showcase, tmp_path: Path
) -> None:
    showcase.repo.publish(tmp_path / "remote.git")
    remote = Repo(tmp_path / "remote.git")
    remote.config("uploadpack.allowFilter", "true")
    here = Showcase(remote.clone(tmp_path / "clone", "--filter=blob:none"))
    remote.path.rename(tmp_path / "gone.git")

    result = verify(here)

    assert result.errors == 0
    assert result.unchecked > 0


# Signatures


@pytest.fixture
def signers(repo: Repo, tmp_path: Path) -> Path:
    """Let everything be signed with a new key; give a list in which it is allowed."""
    import subprocess

    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "commit.gpgSign": "true",
        "tag.gpgSign": "true",
    }.items():
        repo.config(name, value)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"jane@example.com {key.with_suffix('.pub').read_text()}")
    return allowed


def signed_showcase(repo: Repo) -> Showcase:
    showcase = Showcase(repo)
    showcase.publish("1.0.0", "You triage tickets.")
    showcase.promote("1.0.0")
    return showcase


def test_good_signatures_are_no_news(repo: Repo, signers: Path) -> None:
    showcase = signed_showcase(repo)

    assert told(verify_repository(showcase.repository, allowed_signers=signers)) == []


def test_signatures_by_unknown_keys_are_noted(repo: Repo, signers: Path) -> None:
    result = verify(signed_showcase(repo))

    assert [one.severity for one in result.findings] == [Severity.NOTE, Severity.NOTE]
    assert masked(result.findings[0].message) == snapshot(
        "tag <id> is signed, but its key <fingerprint> is unknown"
    )
    assert (result.errors, result.unchecked) == (0, 0)


def test_signatures_by_unknown_keys_are_wrong_where_known_ones_are_asked_for(
    repo: Repo, signers: Path, tmp_path: Path
) -> None:
    nobody = tmp_path / "nobody"
    nobody.write_text("")

    result = verify_repository(signed_showcase(repo).repository, allowed_signers=nobody)

    assert [one.check for one in result.findings] == ["unknown-signer", "unknown-signer"]
    assert result.errors == 2


@pytest.mark.parametrize("is_known", [True, False])
def test_a_signature_that_does_not_fit_is_bad(repo: Repo, signers: Path, is_known: bool) -> None:
    showcase = signed_showcase(repo)
    tag = f"refs/tags/{TAG}@1.0.0"
    data = repo.git("cat-file", "tag", tag).replace("First release", "Last release") + "\n"
    forged = repo.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=data)
    repo.git("update-ref", tag, forged)

    result = verify_repository(
        showcase.repository, [f"{TRIAGE}@1.0.0"], allowed_signers=signers if is_known else None
    )

    assert (
        f"error {TAG}@1.0.0: the signature of tag {forged[:12]} is bad: "
        "the signature does not match the content"
    ) in told(result)


def test_what_is_unsigned_is_wrong_where_signatures_are_asked_for(
    repo: Repo, tmp_path: Path
) -> None:
    showcase = signed_showcase(repo)
    (tmp_path / "allowed").write_text("")

    result = verify_repository(showcase.repository, allowed_signers=tmp_path / "allowed")

    assert [one.check for one in result.findings] == ["unsigned", "unsigned"]


# Locks of git, and what to check


def test_stale_locks_are_named_with_the_remedy(showcase: Showcase) -> None:
    lock = showcase.repo.path / ".git/refs/heads/main.lock"
    lock.write_text("")

    result = verify(showcase)

    (finding,) = result.findings
    assert finding.path == "refs/heads/main.lock"
    assert finding.severity is Severity.WARNING
    assert finding.hint == f"make sure that no git command is running here, then remove {lock}"


@pytest.mark.parametrize(
    ("refs", "summary"),
    [
        ([TRIAGE], "checked 3 releases and 2 environments (5 deployments)"),
        ([f"{TRIAGE}@1.0.0"], "checked 1 release and 2 environments (5 deployments)"),
        ([f"{TRIAGE}@^1"], "checked 1 release and 2 environments (5 deployments)"),
        ([f"{TRIAGE}@production"], "checked 1 release and 1 environment (1 deployment)"),
        (["staging"], "checked 1 release and 1 environment (4 deployments)"),
        (["staging", "support/reply"], "checked 2 releases and 2 environments (5 deployments)"),
    ],
)
def test_refs_choose_what_is_checked(showcase: Showcase, refs: list[str], summary: str) -> None:
    assert verify(showcase, *refs).summary == f"{summary}: all consistent"


def test_what_was_not_asked_about_is_not_reported(showcase: Showcase) -> None:
    showcase.rewrite(files={f"releases/{TRIAGE}@1.1.0": None})
    showcase.repo.tag("prompts/support/reply@1.1.0", "handmade\n")

    assert told(verify(showcase, f"{TRIAGE}@production")) == []
    assert len(told(verify(showcase, "support/reply"))) == 1


@pytest.mark.parametrize(
    ("ref", "error", "message"),
    [
        ("support/triag", NotFoundError, "there is no prompt support/triag"),
        (f"{TRIAGE}@9.9.9", NotFoundError, "support/triage 9.9.9 is not released"),
        (f"{TRIAGE}@preview", UsageError, "there is no environment 'preview'"),
        ("support/reply@staging", NotFoundError, "support/reply is not live in staging"),
        (f"{TRIAGE}@working", UsageError, "the work tree is not a release"),
        ("--help", UsageError, "'--help' is not a prompt name"),
    ],
)
def test_refs_that_mean_nothing_are_refused(
    showcase: Showcase, ref: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        verify(showcase, ref)


def test_progress_is_told(showcase: Showcase) -> None:
    seen: list[tuple[str, int, int]] = []

    verify_repository(
        showcase.repository, progress=lambda what, done, total: seen.append((what, done, total))
    )

    assert ("releases", 4, 4) in seen
    assert ("staging", 4, 4) in seen
