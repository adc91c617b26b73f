"""Verifying whole repositories and clones: what is consistent, and what cannot be checked."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import PromptopsError
from promptops.prompt.finding import Severity
from promptops.provenance.trace import LinkStatus, trace_chain
from promptops.provenance.verify import NOT_CHECKED, verify_repository
from promptops.repository.repository import open_repository
from tests.provenance.conftest import OpenShowcase
from tests.provenance.verify.pieces import told, verify
from tests.repositories import Repo
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase, make_showcase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import MakeRepo


BROKEN = LinkStatus.BROKEN


@pytest.mark.slow
def test_what_the_program_wrote_is_consistent(showcase: Showcase) -> None:
    showcase.promote("1.1.0", share=10, environment="production")
    showcase.pause("production")
    showcase.retire()

    result = verify(showcase)

    assert told(result) == []
    assert result.summary == snapshot(
        "checked 4 releases and 2 environments (8 deployments): all consistent"
    )


@pytest.mark.story
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_verbs_do_is_consistent(showcase: Showcase, seed: int) -> None:
    choices = random.Random(seed)
    here = OpenShowcase(showcase.repo, showcase.repository)
    done = 0
    for _ in range(25):
        name = choices.choice([TRIAGE, "support/reply"])
        version = choices.choice(["1.0.0", "1.1.0", "2.0.0"] if name == TRIAGE else ["1.0.0"])
        number = choices.randint(1, 5)
        share = choices.choice([10, 50, 100])
        verb = choices.choice(["promote", "rollback", "retire", "pause", "resume", "restore"])
        with contextlib.suppress(PromptopsError):  # what a state refuses is not the point here
            if verb == "promote":
                here.promote(version, name=name, share=share)
            elif verb == "restore":
                here.restore(number)
            else:
                getattr(here, verb)(name=name)
            done += 1

    here.opened.objects.close()
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


@pytest.mark.story
def test_a_sha256_repository_is_consistent(make_repo: MakeRepo) -> None:
    assert told(verify(make_showcase(make_repo(object_format="sha256")))) == []


def test_a_bare_clone_is_consistent(showcase: Showcase, tmp_path: Path) -> None:
    bare = showcase.repo.clone(tmp_path / "bare", "--bare")

    result = verify_repository(open_repository(bare.path))

    assert told(result) == []
    assert (result.releases, result.deployments) == (4, 5)


@pytest.mark.slow
def test_a_lost_text_is_damage_wherever_it_is_needed(showcase: Showcase) -> None:
    oid = showcase.repo.lose("main:prompts/_shared/tone.md")

    messages = told(verify(showcase))

    assert (
        "error prompts/support/reply@1.0.0: the content of _shared/tone.md is missing: "
        f"object {oid}"
    ) in messages
    assert (
        f"error promptops/production: deployment 1: {TRIAGE}@1.0.0: "
        f"the object {oid[:12]} is missing"
    ) in messages


@pytest.mark.slow
def test_a_clone_is_consistent(clone: Callable[..., Showcase]) -> None:
    result = verify(clone())

    assert told(result) == []
    assert result.deployments == 5


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_stale_locks_are_named_with_the_remedy(showcase: Showcase) -> None:
    lock = showcase.repo.path / ".git/refs/heads/main.lock"
    lock.write_text("")

    result = verify(showcase)

    (finding,) = result.findings
    assert finding.path == "refs/heads/main.lock"
    assert finding.severity is Severity.WARNING
    assert finding.hint == f"make sure that no git command is running here, then remove {lock}"


def test_progress_is_told(untouched: Showcase) -> None:
    seen: list[tuple[str, int, int]] = []

    verify_repository(
        untouched.repository, progress=lambda what, done, total: seen.append((what, done, total))
    )

    assert ("releases", 4, 4) in seen
    assert ("staging", 4, 4) in seen
