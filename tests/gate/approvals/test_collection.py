"""Which sources are asked, and what comes of several."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import RemoteError, UsageError
from promptops.gate.approvals.collection import collect_approvals, merge_approvals
from promptops.gate.rules import Approval, Approvals
from promptops.repository.repository import open_repository
from tests.gate.approvals.world import SIGNERS, Signing
from tests.gate.world import TONE, TRIAGE, checks, entry, prompt
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.gate.policy import Policy
    from promptops.gate.rules import Change
    from promptops.repository.repository import Repository


@pytest.fixture
def signing(tmp_path: Path) -> Signing:
    return Signing.make(tmp_path / "repo")


def collect(signing: Signing, forge: Any = None, **options: Any) -> Approvals:
    """Ask, in the CI of the given forge or in none."""

    def find(environment: Mapping[str, str], *, name: str | None = None, fetch: bool) -> Any:
        assert environment == {}
        assert fetch is options.get("fetch", False)
        assert name in {None, "github", "gitlab"}
        return forge

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("promptops.gate.approvals.collection.find_forge", find)
        return collect_approvals(
            signing.repository, signing.policy(), signing.change(), **{"fetch": False, **options}
        )


def write(path: Path, *approvals: Any) -> Path:
    path.write_text(json.dumps({"schema": "promptops.approvals/v1", "approvals": approvals}))
    return path


def forge(_repository: Repository, _policy: Policy, change: Change) -> Approvals:
    return Approvals(
        ("github",), (Approval("@prompt-owner", "github", commit=change.head),), author="@author"
    )


@pytest.mark.story
def test_signatures_are_asked_for_or_come_on_top(signing: Signing) -> None:
    assert collect(signing, source="signed").sources == ("signed",)
    assert collect(signing).sources == ()
    signing.put(signing.statement())
    for source in ("auto", "off", None):
        found = collect(signing, source=source)
        assert (found.sources, len(found.found)) == ((), 1)
    found = collect(signing, source="github", forge=forge)
    assert (found.sources, len(found.found)) == (("github", "signed"), 2)
    assert found.author == "@author"


@pytest.mark.slow
def test_the_policy_s_source_is_the_default(tmp_path: Path) -> None:
    signing = Signing.make(tmp_path / "repo", {"promptops.toml": "[gate]\napprovals = 'signed'\n"})
    assert collect(signing).sources == ("signed",)
    assert collect(signing, source="off").sources == ()


@pytest.mark.slow
def test_a_forge_is_asked_when_there_is_one_and_off_asks_nobody(signing: Signing) -> None:
    assert collect(signing, forge=forge).sources == ("github",)
    assert collect(signing, forge=forge, source="off").sources == ()
    assert collect(signing, forge=forge, source="signed").sources == ("signed",)
    with pytest.raises(UsageError, match="this is not a run of its CI"):
        collect(signing, source="gitlab")


@pytest.mark.story
def test_an_approval_of_a_commit_is_one_of_what_it_has(signing: Signing) -> None:
    (approval,) = collect(signing, forge=forge).found
    assert approval.contents == {TRIAGE: entry(signing.world, "change", TRIAGE)}
    assert checks(signing.world.judge(approval)) == []
    seen = signing.change().head
    signing.world.propose({TRIAGE: prompt("1.1.0", "Leak it."), TONE: "Be rude.\n"})

    def stale(*_: object) -> Approvals:
        return Approvals(("github",), (Approval("@prompt-owner", "github", commit=seen),))

    (approval,) = collect(signing, forge=stale).found
    assert approval.contents == {
        TRIAGE: entry(signing.world, seen, TRIAGE),
        TONE: entry(signing.world, "main", TONE),
    }
    assert checks(signing.world.judge(approval)).count("missing-approval") == 2


@pytest.mark.slow
def test_a_link_where_a_path_has_a_folder_holds_nothing_there(signing: Signing) -> None:
    repo = signing.world.repo
    repo.git("checkout", "--quiet", "-b", "linked", "main")
    repo.git("rm", "--quiet", "-r", "prompts")
    (repo.path / "prompts").symlink_to("elsewhere")
    linked = repo.commit()

    def ask(*_: object) -> Approvals:
        return Approvals(("github",), (Approval("@prompt-owner", "github", commit=linked),))

    assert collect(signing, forge=ask).found[0].contents == {TRIAGE: None}


@pytest.mark.slow
def test_a_commit_that_is_not_here_approves_nothing(signing: Signing) -> None:
    def ask(*_: object) -> Approvals:
        return Approvals(("github",), (Approval("@prompt-owner", "github", commit="e" * 40),))

    found = collect(signing, forge=ask)
    assert found.found[0].contents is None
    assert found.notes[0] == snapshot(
        "approval by '@prompt-owner' does not count: its commit eeeeeeeeeeee is not in this clone"
    )


@pytest.mark.slow
def test_the_file_is_held_to_its_bases(signing: Signing, tmp_path: Path) -> None:
    base, head = signing.change().base, signing.change().head
    approval = {"approver": "@prompt-owner", "commit": head}
    file = write(tmp_path / "f", approval, {**approval, "base": base}, {**approval, "base": head})
    found = collect(signing, source="file", file=file)
    assert [(one.base, one.lapsed) for one in found.found] == [
        (None, frozenset()),
        (base, frozenset()),
    ]
    (note,) = found.notes
    assert f"its base {head[:12]} was never on main" in note
    signing.world.on_main({TRIAGE: prompt("1.0.1", "Triage.")})
    signing.world.on_main({TRIAGE: prompt("1.0.0", "Triage.")})
    found = collect(signing, source="file", file=file)
    assert [one.lapsed for one in found.found] == [frozenset(), frozenset({TRIAGE})]


@pytest.mark.slow
def test_file_and_source_have_to_go_together(signing: Signing, tmp_path: Path) -> None:
    file = write(tmp_path / "f")
    assert collect(signing, file=file).sources == ("file",)
    for options in ({"source": "file"}, {"source": "off", "file": file}):
        with pytest.raises(UsageError):
            collect(signing, **options)


@pytest.mark.slow
def test_an_unreachable_remote_is_an_error_where_signatures_are_the_source(
    signing: Signing, tmp_path: Path
) -> None:
    remote = signing.world.repo.publish(tmp_path / "remote.git")
    signing.put(signing.statement())
    shutil.rmtree(remote.path)
    with pytest.raises(RemoteError):
        collect(signing, source="signed", fetch=True)
    found = collect(signing, forge=forge, fetch=True)
    assert found.sources == ("github", "signed")
    assert masked(found.notes[0]) == snapshot(
        "only the signed approvals of this clone were read: cannot reach the remote origin: '<folder>/remote.git' does not appear to be a git repository"
    )


@pytest.mark.slow
def test_without_keys_nobody_looks_for_signatures(signing: Signing, tmp_path: Path) -> None:
    remote = signing.world.repo.publish(tmp_path / "remote.git")
    signing.world.repo.git("checkout", "--quiet", "main")
    signing.world.repo.git("rm", "--quiet", SIGNERS)
    signing.world.repo.commit()
    shutil.rmtree(remote.path)
    assert collect(signing, forge=forge, fetch=True).notes == ()


def test_the_first_source_that_knows_a_team_or_the_author_is_believed() -> None:
    one = Approvals(("a",), author=None, teams={"@x/y": frozenset({"@a"})}, notes=("n",))
    two = Approvals(("b",), author="@j", teams={"@x/y": frozenset(), "@x/z": frozenset()})
    merged = merge_approvals([one, two])
    assert (merged.sources, merged.author, merged.notes) == (("a", "b"), "@j", ("n",))
    assert merged.teams == {"@x/y": frozenset({"@a"}), "@x/z": frozenset()}


def test_a_file_goes_with_its_source_alone(signing: Signing, tmp_path: Path) -> None:
    repository = open_repository(signing.world.repo.path)
    for source, file, words in [
        ("file", None, "no approvals file is given"),
        ("off", tmp_path / "f", "approvals come from off, not from a file"),
    ]:
        with pytest.raises(UsageError) as caught:
            collect_approvals(
                repository, signing.policy(), signing.change(), source=source, file=file
            )
        assert caught.value.message == words


def test_the_run_is_read_from_the_environment(signing: Signing) -> None:
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}
    with pytest.raises(UsageError):  # which lacks the rest of what GitHub says
        collect_approvals(
            *(signing.repository, signing.policy(), signing.change()),
            environment=environment,
            fetch=False,
        )
