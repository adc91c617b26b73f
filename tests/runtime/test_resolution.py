"""What refs mean, in one look at a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    PromptNotFoundError,
    UsageError,
    VersionNotFoundError,
)
from promptops.prompt.reference import parse_ref
from promptops.repository.repository import open_repository
from promptops.runtime.resolution import RepositoryView
from tests.released import Press, digest_of, publish_triage
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.errors import PromptopsError
    from promptops.runtime.resolution import ResolvedPrompt
    from tests.conftest import MakeRepo


@pytest.fixture(scope="module")
def view(published: Press) -> RepositoryView:
    """What the tests that change nothing look at."""
    return view_of(published)


def view_of(press: Press) -> RepositoryView:
    return RepositoryView(open_repository(press.repo.path), source="here")


def resolve(press: Press, ref: str) -> ResolvedPrompt:
    return view_of(press).resolve(parse_ref(ref))


@pytest.mark.parametrize(
    ("ref", "version", "environment"),
    [
        ("support/triage", "1.1.0", "production"),
        ("support/triage@production", "1.1.0", "production"),
        ("support/triage@1.0.0", "1.0.0", None),
        ("support/triage@~1.0.0", "1.0.0", None),
        ("support/triage@^1", "1.1.0", None),
        ("support/triage@latest", "1.1.0", None),
        ("support/triage@working", "1.1.0", None),
    ],
)
def test_each_selector_means_one_version(
    published: Press, view: RepositoryView, ref: str, version: str, environment: str | None
) -> None:
    resolved = view.resolve(parse_ref(ref))
    assert (resolved.version, resolved.environment) == (version, environment)
    assert resolved.digest == digest_of(published.files["support/triage", version])


def test_an_environment_says_which_deployment_answered(
    published: Press, view: RepositoryView
) -> None:
    resolved = view.resolve(parse_ref("support/triage@production"))
    assert resolved.deployment == 2
    assert resolved.placement is not None
    assert resolved.placement.commit == published.repo.rev("refs/heads/promptops/production")
    assert resolved.commit == published.commits["support/triage", "1.1.0"]
    assert resolved.render(question="why?")[0]["content"] == snapshot(
        "Answer why? kindly.\nBe brief."
    )


def test_an_environment_needs_neither_tags_nor_code(press: Press, tmp_path: Path) -> None:
    only = press.repo.clone(
        tmp_path / "only",
        "--bare",
        "--branch=promptops/production",
        "--no-tags",
        "--single-branch",
        "--depth=1",
    )
    resolved = RepositoryView(open_repository(only.path), source="there").resolve(
        parse_ref("support/triage@production")
    )
    assert resolved.version == "1.1.0"


@pytest.mark.parametrize(
    ("ref", "error", "hint"),
    [
        ("support/triag@1.0.0", PromptNotFoundError, "support/triage"),
        ("support/triag", PromptNotFoundError, "support/triage"),
        ("support/triage@9.0.0", VersionNotFoundError, "1.1.0"),
        ("support/triage@^9", VersionNotFoundError, "1.1.0"),
        ("support/triage@producton", EnvironmentNotFoundError, "production"),
        ("support/triage@staging", EnvironmentNotFoundError, "promote"),
        ("support/other@working", PromptNotFoundError, None),
    ],
)
def test_what_is_not_there_is_an_error_of_its_own(
    view: RepositoryView, ref: str, error: type[PromptopsError], hint: str | None
) -> None:
    with pytest.raises(error) as caught:
        view.resolve(parse_ref(ref))
    if hint is not None:
        assert hint in (caught.value.hint or "")


def test_not_deployed_never_falls_through_to_latest(press: Press) -> None:
    press.release("writer/notes", "1.0.0")
    with pytest.raises(NotDeployedError, match="writer/notes is not live in production"):
        resolve(press, "writer/notes")


def test_latest_and_ranges_skip_yanked_and_exact_pins_warn(press: Press) -> None:
    press.yank("support/triage", "1.1.0", "answers in French")
    assert resolve(press, "support/triage@latest").version == "1.0.0"
    assert resolve(press, "support/triage@^1").version == "1.0.0"
    pinned = resolve(press, "support/triage@1.1.0")
    assert pinned.yanked == "answers in French"
    assert masked(pinned.warnings) == snapshot(
        ["support/triage 1.1.0 was yanked: answers in French"]
    )
    assert resolve(press, "support/triage@production").yanked == "answers in French"


def test_split_traffic_gives_the_longer_standing_version_and_tells_both(press: Press) -> None:
    shares = (("1.0.0", 90), ("1.1.0", 10))
    press.deploy("production", {"support/triage": shares})
    resolved = resolve(press, "support/triage")
    assert resolved.version == "1.0.0"
    assert [(one.version, one.share) for one in resolved.split] == list(shares)


def test_unpushed_deployments_are_counted_and_never_served(press: Press, tmp_path: Path) -> None:
    press.repo.publish(tmp_path / "remote.git")
    press.deploy("production", {"support/triage": "1.0.0"})
    view = view_of(press)
    assert view.resolve(parse_ref("support/triage")).deployment == 2
    assert view.environments.count_pending("production") == 1


def test_other_content_under_the_same_digest_is_refused(press: Press) -> None:
    path = "releases/support/triage@1.1.0/_shared/tone.md"
    press.deploy("production", {"support/triage": "1.1.0"}, change_files={path: "Be rude.\n"})
    with pytest.raises(IntegrityError, match="not what was released"):
        resolve(press, "support/triage")


def test_a_file_that_belongs_to_nothing_is_refused(press: Press) -> None:
    path = "releases/support/triage@1.1.0/extra.md"
    press.deploy("production", {"support/triage": "1.1.0"}, change_files={path: "x\n"})
    with pytest.raises(IntegrityError, match="incomplete or from another prompt"):
        resolve(press, "support/triage")


def test_a_moved_tag_is_refused(press: Press) -> None:
    message = press.repo.git("cat-file", "tag", "prompts/support/triage@1.0.0").partition("\n\n")[2]
    press.repo.git("tag", "-d", "prompts/support/triage@1.0.0")
    press.tag(
        "prompts/support/triage@1.0.0", message + "\n", press.commits["support/triage", "1.1.0"]
    )
    with pytest.raises(IntegrityError, match="not what was released"):
        resolve(press, "support/triage@1.0.0")


def test_a_lightweight_tag_is_no_release(press: Press) -> None:
    press.repo.git("tag", "prompts/support/triage@3.0.0")
    with pytest.raises(IntegrityError):
        resolve(press, "support/triage@3.0.0")


def test_a_lock_edited_by_hand_is_refused(press: Press) -> None:
    press.deploy("production", {"support/triage": "1.1.0"}, change_lock={"prompts": []})
    with pytest.raises(IntegrityError, match=r"promptops\.lock"):
        resolve(press, "support/triage")


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_number_that_nobody_can_count_to_is_no_deployment(press: Press, digits: int) -> None:
    tip = press.repo.rev("refs/heads/promptops/production")
    message = f"x\n\nDeployment: {'9' * digits}\nAction: promote\n"
    commit = press.repo.git("commit-tree", "-F", "-", "-p", tip, f"{tip}^{{tree}}", stdin=message)
    press.repo.git("update-ref", "refs/heads/promptops/production", commit)
    with pytest.raises(IntegrityError, match="is not a deployment"):
        resolve(press, "support/triage")


@pytest.mark.slow
def test_sha256_repositories_resolve_alike(make_repo: MakeRepo) -> None:
    press = Press(make_repo("sha256", object_format="sha256"))
    publish_triage(press)
    assert resolve(press, "support/triage").version == "1.1.0"
    assert resolve(press, "support/triage@1.0.0").version == "1.0.0"


def test_a_pause_is_told_with_who_and_when(press: Press) -> None:
    press.deploy(
        "production", {"support/triage": "1.1.0"}, paused={"support/triage": "leak"}, action="pause"
    )
    view = view_of(press)
    resolved = view.resolve(parse_ref("support/triage"))
    assert resolved.paused == "leak"
    assert view.find_pause(resolved) == snapshot(" by Jane Doe on 2026-01-01 00:00 UTC")
    assert resolve(press, "support/triage@1.1.0").paused is None


def test_a_malformed_ref_is_a_usage_error(press: Press) -> None:
    for ref in ("-x", "support/triage@", "support/../x", "a@-1", "a b@1.0.0"):
        with pytest.raises(UsageError):
            resolve(press, ref)
