"""What the gate says of real changes in real repositories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import ConfigurationError, GitError, NotFoundError, RemoteError
from promptops.forge.event import ForgeEvent
from promptops.gate.admission import find_endpoints, find_proposed, require_release_tags
from promptops.repository.repository import open_repository
from tests.gate.world import OWNERS, TONE, TRIAGE, World, approval, checks, entry, prompt
from tests.repositories import Repo
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.gate.rules import Verdict
    from promptops.prompt.finding import Finding


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path / "repo")


@pytest.mark.slow
def test_an_approved_change_with_its_bump_may_merge(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    verdict = world.judge(approval())
    assert checks(verdict) == []
    assert verdict.is_allowed
    assert verdict.approvers == ("@prompt-owner",)
    (change,) = verdict.change.prompts
    assert change.diff is not None
    assert change.diff.level.label == "minor"


@pytest.mark.slow
def test_a_change_without_its_bump_may_not(world: World) -> None:
    world.propose({TRIAGE: prompt("1.0.0", "Triage well.")})
    assert checks(world.judge(approval())) == ["unchanged-version"]
    world.propose({TRIAGE: prompt("1.0.1", "Triage well.")})
    assert checks(world.judge(approval())) == ["small-bump"]


@pytest.mark.slow
def test_an_approval_ends_with_the_next_push(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    seen = {path.path: path.after for path in world.judge().change.paths}
    world.propose({TRIAGE: prompt("1.1.0", "Leak the ticket.")})
    verdict = world.judge(approval(contents=seen))
    assert checks(verdict) == ["missing-approval"]
    assert [one.message for one in verdict.findings] == snapshot(
        ["prompts/support/triage.md needs the approval of @prompt-owner"]
    )


@pytest.mark.slow
def test_two_changes_of_one_number_that_merge_cleanly_are_caught(world: World) -> None:
    text = prompt("1.0.0", "Triage.\nA.\nB.\nC.\nD.\nE.\nF.\nG.")
    world.on_main({TRIAGE: text})
    world.propose({TRIAGE: text.replace("1.0.0", "1.1.0").replace("Triage.", "Triage now.")})
    world.on_main({TRIAGE: text.replace("1.0.0", "1.1.0").replace("G.", "Gee.")})
    verdict = world.judge(approval())
    assert checks(verdict) == ["unchanged-version"]
    assert verdict.change.tree not in {verdict.change.base, verdict.change.head}


def test_a_conflict_cannot_be_judged(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "One.")})
    world.on_main({TRIAGE: prompt("1.1.0", "Another.")})
    with pytest.raises(GitError, match=r"conflict in prompts/support/triage\.md"):
        world.judge(approval())


@pytest.mark.slow
def test_a_partial_concerns_every_prompt_that_includes_it(world: World) -> None:
    world.propose({TONE: "Be rude.\n"})
    verdict = world.judge(approval())
    assert checks(verdict) == ["unchanged-version"]
    assert [change.name for change in verdict.change.prompts] == ["support/triage"]


def test_an_applications_own_files_are_none_of_its_business(world: World) -> None:
    world.propose({"src/app.py": "print()\n"})
    verdict = world.judge()
    assert verdict.findings == ()
    assert verdict.change.others == 1


# Where releases write the version numbers.

FREE = {"promptops.toml": '[gate]\nversions = "release"\n'}


@pytest.mark.slow
def test_an_approval_outlives_the_number_that_a_release_writes(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world", FREE)
    seen = world.propose({TRIAGE: prompt("1.0.0", "Triage well.")})
    looked_at = entry(world, seen, TRIAGE)
    given = approval(contents={TRIAGE: looked_at})
    assert world.judge(given).is_allowed
    # What was on the target branch is released meanwhile, and the change brought up to date.
    world.on_main({TRIAGE: prompt("1.0.1")})
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("merge", "--quiet", "-m", "Merge", "main")
    assert entry(world, "change", TRIAGE) != looked_at
    assert world.judge(given).is_allowed
    world.propose({TRIAGE: prompt("1.0.1", "Triage badly.")})
    assert checks(world.judge(given)) == ["missing-approval"]


@pytest.mark.slow
def test_a_number_alone_is_nobodys_to_approve(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world", FREE)
    world.propose({TRIAGE: prompt("1.0.1")})
    assert world.judge().is_allowed
    world.propose({TRIAGE: prompt("0.9.0")})
    assert checks(world.judge()) == ["lowered-version"]
    world.propose({TRIAGE: prompt("1.0.1", more="tags: [x]\n")})
    assert checks(world.judge()) == ["missing-approval", "carried-version"]


@pytest.fixture
def clone(world: World, tmp_path: Path) -> Repo:
    """A clone of the world, in which a change is proposed."""
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    world.repo.git("checkout", "--quiet", "main")
    return world.repo.clone(tmp_path / "clone")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "target"),
    [
        ("main", "main"),
        ("refs/heads/main", "main"),
        ("origin/main", "main"),
        ("origin/release/1.x", "release/1.x"),
        ("main~0", "trunk"),
        ("start", "trunk"),
        (None, "trunk"),
    ],
)
def test_the_target_is_the_branch_that_the_base_names(
    clone: Repo, base: str | None, target: str
) -> None:
    clone.git("branch", "release/1.x", "origin/main")
    clone.git("tag", "start")
    for name in ("release/1.x", "trunk"):
        clone.git("push", "--quiet", "origin", f"HEAD:refs/heads/{name}")
    clone.git("fetch", "--quiet")
    clone.git("remote", "set-head", "origin", "trunk")
    found = find_endpoints(open_repository(clone.path), base, "origin/change")
    assert found.target == target
    assert (found.base, found.head) == (clone.rev("origin/main"), clone.rev("origin/change"))


def test_a_target_that_is_given_is_taken(world: World) -> None:
    found = find_endpoints(open_repository(world.repo.path), "main", target="release")
    assert (found.target, found.head) == ("release", world.repo.rev("HEAD"))


def test_without_any_default_branch_the_target_has_to_be_named(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "odd")
    repo.git("symbolic-ref", "HEAD", "refs/heads/odd")
    repo.commit({"a": "x\n"})
    repo.git("checkout", "--quiet", "--detach")
    repo.git("branch", "--quiet", "-m", "odd", "odder")
    repository = open_repository(repo.path)
    assert repository.default_branch is None
    with pytest.raises(GitError, match="no target branch is given"):
        find_endpoints(repository, repo.rev("HEAD"))
    with pytest.raises(GitError, match="there is no default branch here"):
        find_endpoints(repository)


def test_a_run_is_about_the_tip_that_was_fetched(clone: Repo) -> None:
    repository = open_repository(clone.path)
    head, tip = clone.rev("origin/change"), clone.rev("origin/main")
    event = ForgeEvent(
        "github", "pull_request", "acme/prompts", "", 7, None, "main", "0" * 40, head
    )
    found = find_proposed(repository, event)
    assert found is not None
    assert (found.base, found.head, found.target) == (tip, head, "main")
    for less in (
        replace(event, name="push", number=None),
        replace(event, target=None),
        replace(event, head=None),
    ):
        assert find_proposed(repository, less) is None


def test_a_run_without_the_branch_is_about_the_tip_that_the_event_names(world: World) -> None:
    head = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    base = world.repo.rev("main")
    repository = open_repository(world.repo.path)
    event = ForgeEvent("github", "pull_request", "acme/prompts", "", 7, None, "main", base, head)
    found = find_proposed(repository, event)
    assert found is not None
    assert (found.base, found.head) == (base, head)
    missing = "1" * 40
    for other, message, hint in [
        (replace(event, base=missing), "the commit 1111", f"git fetch origin {missing}"),
        (
            replace(event, base=None),
            "the branch main is not in this clone",
            "git fetch origin main",
        ),
        (replace(event, head=missing), "the commit 1111", f"git fetch origin {missing}"),
    ]:
        with pytest.raises(NotFoundError) as caught:
            find_proposed(repository, other)
        assert caught.value.message.startswith(message)
        assert (caught.value.hint or "").startswith(hint)


def test_a_missing_commit_is_fetched_from_the_remote_that_there_is(clone: Repo) -> None:
    clone.git("remote", "rename", "origin", "upstream")
    clone.write("promptops.toml", 'remote = "upstream"\n')
    event = ForgeEvent(
        "github", "pull_request", "acme/prompts", "", 7, None, "main", None, "1" * 40
    )
    repository = open_repository(clone.path)
    assert repository.remote == "upstream"
    with pytest.raises(NotFoundError) as caught:
        find_proposed(repository, event)
    assert (caught.value.hint or "").startswith("git fetch upstream ")


@pytest.mark.slow
def test_release_tags_that_only_the_remote_has_are_missing(world: World, tmp_path: Path) -> None:
    require_release_tags(open_repository(world.repo.path))  # without a remote they are what is here
    bare = world.repo.clone(tmp_path / "clone", "--no-tags")
    require_release_tags(open_repository(bare.path))  # none there, none here
    world.repo.tag("prompts/support/triage@1.0.0")
    with pytest.raises(GitError, match="this clone has no release tags") as caught:
        require_release_tags(open_repository(bare.path))
    assert masked(caught.value.hint or "") == snapshot(
        "git fetch origin --tags (in GitHub Actions: actions/checkout with fetch-depth: 0)"
    )
    bare.tag("prompts/other@1.0.0")
    require_release_tags(open_repository(bare.path))


def test_a_remote_that_does_not_answer_may_have_tags(world: World, tmp_path: Path) -> None:
    clone = world.repo.clone(tmp_path / "clone")
    clone.git("remote", "set-url", "origin", str(tmp_path / "nowhere"))
    with pytest.raises(RemoteError) as caught:
        require_release_tags(open_repository(clone.path))
    assert masked(caught.value.hint or "") == snapshot(
        "--local uses the release tags of this clone, and it has none"
    )


def collisions(verdict: Verdict) -> list[str]:
    return [one.path for one in verdict.findings if one.check == "colliding-paths"]


def put(world: World, *paths: str) -> None:
    """Add files to the index of the change, whatever the disk makes of their names."""
    world.propose()
    for path in paths:
        blob = world.repo.git("hash-object", "-w", "--stdin", stdin=f"{path}\n")
        world.repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    world.repo.git("commit", "--quiet", "-m", "Put")


@pytest.mark.slow
def test_only_a_change_that_brings_a_collision_is_to_blame(world: World) -> None:
    put(world, "prompts/_a.txt", "prompts/_A.txt")
    world.repo.git("checkout", "--quiet", "main")
    world.repo.git("merge", "--quiet", "change")
    world.repo.git("checkout", "--quiet", "change")
    # Neither is new; the one is only changed, and what goes makes it better.
    blob = world.repo.git("hash-object", "-w", "--stdin", stdin="changed\n")
    world.repo.git("update-index", "--cacheinfo", f"100644,{blob},prompts/_A.txt")
    world.repo.git("commit", "--quiet", "-m", "Change")
    assert collisions(world.judge()) == []
    world.repo.git("rm", "--quiet", "--cached", "prompts/_a.txt")
    world.repo.git("commit", "--quiet", "-m", "Remove")
    assert collisions(world.judge()) == []
    put(world, "prompts/_new.txt")
    assert collisions(world.judge()) == []


@pytest.mark.slow
def test_a_path_beside_the_folder_is_judged_by_the_folder_it_would_fall_into(
    world: World,
) -> None:
    put(world, "Prompts/a.md", "promptsx.md", "evals/a.yaml", "prompts/_b.txt")
    assert collisions(world.judge()) == ["Prompts/a.md"]


@pytest.mark.slow
def test_a_path_that_merging_puts_elsewhere_is_in_nobodys_way(world: World) -> None:
    world.repo.config("merge.directoryRenames", "true")
    put(world, "Prompts/a.txt", "Prompts/b.txt")
    world.repo.git("checkout", "--quiet", "main")
    world.repo.git("merge", "--quiet", "change")
    world.repo.git("checkout", "--quiet", "change")
    put(world, "Prompts/c.txt")
    world.repo.git("reset", "--quiet", "--hard")
    world.repo.git("checkout", "--quiet", "main")
    world.repo.git("mv", "Prompts", "other")
    world.repo.commit(message="Move")
    verdict = world.judge()
    (path,) = [one for one in verdict.change.paths if one.path == "Prompts/c.txt"]
    assert (path.before, path.merged) == (None, None)
    assert collisions(verdict) == []


@pytest.mark.slow
def test_a_suite_that_the_change_brings_is_there(world: World) -> None:
    text = prompt("1.1.0", "Triage well.")
    world.on_main({"evals/support/other.yaml": "cases: []\n"})
    world.propose({TRIAGE: text})
    assert "missing-evals" in checks(world.judge(), errors_only=False)
    world.propose({"evals/support/triage.yaml": "prompt: support/triage\ncases: []\n"})
    assert "missing-evals" not in checks(world.judge(), errors_only=False)


def broken(verdict: Verdict) -> list[Finding]:
    return [one for one in verdict.findings if one.check == "broken-policy"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        ("promptops.toml", "", "promts = 'x'\n"),
        (".promptops/groups.toml", "[people]\n", "[person]\n"),
    ],
)
def test_rules_that_could_not_be_read_are_refused(
    world: World, path: str, good: str, bad: str
) -> None:
    world.propose({path: good})
    assert broken(world.judge()) == []
    world.propose({path: bad})
    (found,) = broken(world.judge())
    assert found.path == path
    assert found.hint
    world.on_main({path: good + "# x\n"})
    world.propose(remove=[path], branch="removal")
    assert broken(world.judge(branch="removal")) == []
    # As a link it is refused for being one, and for being no rules that anybody could read.
    world.repo.git("checkout", "--quiet", "-b", "link", "main")
    (world.repo.path / path).unlink()
    (world.repo.path / path).symlink_to("promts = x")
    world.propose(branch="link")
    verdict = world.judge(branch="link")
    assert [one.path for one in broken(verdict)] == [path]
    assert "irregular-file" in checks(verdict)


@pytest.mark.parametrize("path", ["prompts/_x.txt", "evals/a.yaml", ".promptops/allowed_signers"])
def test_what_holds_no_rules_is_not_read_as_such(world: World, path: str) -> None:
    world.propose({path: "[person]\n* bad-owner\n"})
    verdict = world.judge()
    assert broken(verdict) == []
    assert "invalid-owner" not in checks(verdict, errors_only=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "owners", "problem"),
    [
        ("", "* bad-owner\n", "invalid-owner"),
        ("", "[Section] @owner\n* @owner\n", "invalid-pattern"),
        ('[gate]\ndialect = "gitlab"\n', "[Section] @owner\n* @owner\n", None),
        ('[gate]\ndialect = "github"\n', "[Section] @owner\n* @owner\n", "invalid-pattern"),
        ('[gate]\ndialect = "gitlab"\n', "* @owner\n* @owner\n", "duplicate-pattern"),
    ],
)
@pytest.mark.parametrize("is_first", [False, True])
def test_owners_that_the_change_brings_are_read_as_the_forge_would(
    world: World, settings: str, owners: str, problem: str | None, is_first: bool
) -> None:
    world.on_main({"promptops.toml": settings, "CODEOWNERS": "* @owner\n"})
    if is_first:
        world.repo.git("rm", "--quiet", "CODEOWNERS")
        world.repo.commit(message="No owners")
    world.propose({"CODEOWNERS": owners})
    found = [one for one in world.judge().findings if one.path == "CODEOWNERS"]
    ids = {one.check for one in found} - {"missing-approval", "no-owners"}
    assert ids == ({problem} if problem else set())


def test_a_groups_file_is_named_as_it_is_called(world: World) -> None:
    settings = '[gate]\ngroups = "people.toml"\n'
    world.on_main({"promptops.toml": settings, "people.toml": "[person]\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    with pytest.raises(ConfigurationError, match=r"^people\.toml: unknown key"):
        world.judge()


@pytest.mark.slow
def test_owners_at_the_target_are_not_the_changes_affair(world: World) -> None:
    world.on_main({"CODEOWNERS": OWNERS + "bad pattern [\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    verdict = world.judge(approval())
    assert [one.path for one in verdict.findings if one.path == "CODEOWNERS"] == []
