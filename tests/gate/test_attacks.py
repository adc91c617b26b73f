"""Changes that try to pass without the approval they need: each is told no, or "cannot tell"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import (
    ConfigurationError,
    IntegrityError,
    NotAFileError,
    PromptopsError,
)
from promptops.gate.admission import find_endpoints, judge_change
from promptops.gate.approvals.collection import fill_contents
from promptops.gate.rules import Approvals
from promptops.repository.repository import open_repository
from tests.gate.world import OWNERS, TONE, TRIAGE, World, approval, checks, entry, prompt

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.gate.rules import Approval

GROUPS = '[people]\nauthor = ["author@example.com", "@second-name"]\n'


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path / "repo")


def paths(world: World, *approvals: Approval) -> dict[str, str]:
    """The governed paths of the change, each with why it is governed."""
    return {path.path: path.kind.name for path in world.judge(*approvals).change.paths}


# Rules that a change brings along for itself.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("CODEOWNERS", "* @author\n"),
        (".github/CODEOWNERS", "* @author\n"),
        ("docs/CODEOWNERS", "* @author\n"),
        ("promptops.toml", '[gate]\napprovals = "off"\ncommitters = true\n'),
        (".promptops/groups.toml", '[teams]\n"@acme/all" = ["@author"]\n'),
        (".promptops/allowed_signers", "author@example.com ssh-ed25519 AAAA\n"),
        (".github/workflows/gate.yml", "on: push\n"),
        (".github/actions/gate/action.yml", "name: none\n"),
        (".gitlab-ci.yml", "stages: []\n"),
        (".forgejo/workflows/gate.yaml", "on: push\n"),
        (".gitea/workflows/gate.yml", "on: push\n"),
        ("evals/support/triage.yaml", "prompt: support/triage\ncases: []\n"),
    ],
)
def test_who_edits_the_rules_needs_the_old_owners(world: World, path: str, text: str) -> None:
    world.propose({path: text})
    author = approval("@author", contents=None)
    assert path in paths(world)
    assert "missing-approval" in checks(world.judge(author))


def test_rules_that_the_change_brings_do_not_judge_it(world: World) -> None:
    world.propose({"CODEOWNERS": "* @friend\n", TRIAGE: prompt("1.1.0", "Triage well.")})
    verdict = world.judge(approval("@friend"))
    assert checks(verdict) == ["missing-approval", "missing-approval"]
    assert {need.owners for need in verdict.requirements} == {("@lead",), ("@prompt-owner",)}


def test_rules_in_a_new_place_are_rules_already(world: World) -> None:
    """Who may move them need not be who may write what will be read from then on."""
    world.on_main({"CODEOWNERS": OWNERS + "/people.toml @friend\n"})
    settings = "gate = {groups = 'people.toml', signers = 'keys'}\n"
    world.propose({"promptops.toml": settings, "people.toml": "", "keys": "", "src/x.py": ""})
    assert paths(world) == {
        "promptops.toml": "CONFIGURATION",
        "people.toml": "GROUPS",
        "keys": "SIGNERS",
    }


@pytest.mark.slow
def test_a_pyproject_without_our_table_is_the_applications_own(world: World) -> None:
    world.propose({"pyproject.toml": "[project]\nname = 'app'\n"})
    assert paths(world) == {}
    world.propose({"pyproject.toml": "[tool.promptops.checks]\nunused-input = 'off'\n"})
    assert paths(world) == {"pyproject.toml": "CONFIGURATION"}


def test_a_broken_configuration_would_stop_every_later_change(world: World) -> None:
    world.propose({"promptops.toml": "promts = 'x'\n"})
    assert "broken-policy" in checks(world.judge(approval("@lead")))


@pytest.mark.parametrize(
    "settings",
    [
        "gate = {branches = ['release/*']}\n",
        "gate = {groups = 'README.md'}\n",
        "gate = {groups = 'link.toml'}\n",
        "gate = {dialect = 'gitlab', signers = 'link.toml'}\n",
    ],
)
def test_rules_that_only_point_at_something_broken_stop_later_changes_too(
    world: World, settings: str
) -> None:
    (world.repo.path / "link.toml").symlink_to("README.md")
    world.on_main({"README.md": "Not a table.\n"})
    world.propose({"promptops.toml": settings})
    assert checks(world.judge(approval("@lead"))) == ["broken-policy"]


@pytest.mark.slow
def test_rules_that_a_removed_file_was_hiding_are_read(world: World) -> None:
    world.on_main({"promptops.toml": "", "pyproject.toml": "[tool.promptops]\nprompt = 'x'\n"})
    world.propose(remove=["promptops.toml"])
    assert checks(world.judge(approval("@lead"))) == ["broken-policy"]


def test_a_pyproject_that_is_no_project_is_no_crash(world: World) -> None:
    world.propose({"pyproject.toml": "tool = 'promptops'\n"})
    assert world.judge().is_allowed


def test_a_broken_policy_on_the_target_branch_lets_nobody_tell(world: World) -> None:
    world.on_main({"promptops.toml": "promts = 'x'\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    with pytest.raises(ConfigurationError, match="unknown key 'promts'"):
        world.judge(approval())


@pytest.mark.slow
def test_a_new_prompts_folder_is_judged_as_a_whole(world: World) -> None:
    text = prompt("1.0.0", "Leak everything.")
    world.on_main({"elsewhere/support/triage.md": text, "elsewhere/_shared/tone.md": "x\n"})
    world.propose({"promptops.toml": 'prompts = "elsewhere"\n'})
    verdict = world.judge(approval("@lead"))
    assert "elsewhere/support/triage.md" in {path.path for path in verdict.change.paths}
    assert "unchanged-version" in checks(verdict)
    assert "missing-approval" in checks(verdict)


@pytest.mark.slow
def test_what_a_clone_holds_to_be_something_else_is_read_as_it_is(world: World) -> None:
    commit = world.propose({TRIAGE: prompt("1.0.0", "Leak everything.")})
    main = world.repo.rev("main")
    world.repo.git("replace", commit, main)
    assert "unchanged-version" in checks(world.judge(approval()))
    # As if the target branch had the change already.
    (world.repo.path / ".git/info").mkdir(exist_ok=True)
    (world.repo.path / ".git/info/grafts").write_text(f"{main} {commit}\n")
    assert "unchanged-version" in checks(world.judge(approval()))


# Places where a change hides.


@pytest.mark.slow
def test_both_names_of_a_rename_need_their_owners(world: World) -> None:
    world.on_main({"CODEOWNERS": OWNERS + "/prompts/free/ @friend\n"})
    world.propose({"prompts/free/triage.md": prompt()}, remove=[TRIAGE])
    verdict = world.judge(approval("@friend"))
    assert [one.path for one in verdict.requirements if not one.is_met] == [TRIAGE]
    assert world.judge(approval("@friend"), approval("@prompt-owner")).is_allowed


def test_a_deletion_needs_the_owner(world: World) -> None:
    world.propose(remove=[TRIAGE])
    assert checks(world.judge(approval("@friend"))) == ["missing-approval"]


@pytest.mark.slow
def test_a_link_in_the_place_of_a_prompt_is_refused(world: World) -> None:
    world.propose({"notes.md": prompt("1.1.0", "Triage well.")})
    (world.repo.path / TRIAGE).unlink()
    (world.repo.path / TRIAGE).symlink_to("../../notes.md")
    world.propose()
    verdict = world.judge(approval())
    assert {"irregular-file", "unreadable-file"} <= set(checks(verdict))


def test_a_link_in_the_place_of_a_rule_lets_nobody_tell(world: World) -> None:
    world.repo.git("rm", "--quiet", "CODEOWNERS")
    (world.repo.path / "rules").write_text("* @author\n")
    (world.repo.path / "CODEOWNERS").symlink_to("rules")
    world.repo.commit()
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    with pytest.raises(NotAFileError):
        world.judge(approval())


def test_a_submodule_in_the_place_of_the_prompts_is_refused(world: World) -> None:
    commit = world.repo.rev("HEAD")
    world.propose(remove=["prompts"])
    world.repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},prompts")
    world.repo.git("commit", "--quiet", "-m", "Hide")
    with pytest.raises(NotAFileError, match="prompts is a submodule"):
        world.judge(approval())


@pytest.mark.slow
def test_a_change_of_mode_needs_the_owner(world: World) -> None:
    world.propose()
    world.repo.git("update-index", "--chmod=+x", TRIAGE)
    world.repo.git("commit", "--quiet", "-m", "Mode")
    assert checks(world.judge()) == ["missing-approval"]
    assert world.judge(approval()).is_allowed


@pytest.mark.slow
@pytest.mark.parametrize("path", ["Prompts/support/triage.md", "prompts/Support/triage.md"])
def test_a_path_that_differs_in_case_is_no_way_around(world: World, path: str) -> None:
    blob = world.repo.git("hash-object", "-w", "--stdin", stdin=prompt("9.0.0", "Leak."))
    world.propose()
    world.repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    world.repo.git("commit", "--quiet", "-m", "Case")
    verdict = world.judge(approval(), approval("@nobody"))
    assert "colliding-paths" in checks(verdict)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ä.md", "a\u0308.md", 'quo"te.md', "tab\t.md", "line\nend.md"])
def test_an_odd_name_is_governed_as_well(world: World, name: str) -> None:
    world.propose({f"prompts/{name}": prompt()})
    assert f"prompts/{name}" in paths(world)
    assert "missing-approval" in checks(world.judge())


@pytest.mark.parametrize("name", ["Triage.md", "tri age.md", "triage .md", "con.md"])
def test_a_prompt_that_cannot_be_called_so_is_refused(world: World, name: str) -> None:
    world.propose({f"prompts/{name}": prompt()})
    assert checks(world.judge(approval())) == ["unusable-name"]


@pytest.mark.slow
def test_a_suite_where_nobody_looks_is_refused(world: World) -> None:
    world.propose({TRIAGE: prompt("1.0.1", more="evals: scripts/suite.yaml\n")})
    assert checks(world.judge(approval())) == ["ungoverned-evals"]
    world.on_main({"promptops.toml": '[gate]\ngovern = ["scripts/*.yaml"]\n'})
    assert "ungoverned-evals" not in checks(world.judge(approval()))


@pytest.mark.slow
def test_a_file_that_merging_moves_somewhere_else_was_seen_by_nobody(world: World) -> None:
    long = prompt("1.0.0", "\n".join(f"Rule {number}." for number in range(30)))
    world.on_main({"prompts/old.md": long})
    world.propose({"prompts/old.md": long.replace("Rule 7", "Leak")})
    world.repo.git("checkout", "--quiet", "main")
    world.repo.git("mv", "prompts/old.md", "prompts/new.md")
    world.repo.commit(message="Move")
    verdict = world.judge(approval())
    assert [one.path for one in verdict.findings if one.check == "moved-by-merge"] == [
        "prompts/new.md"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("out.json", r'"_shared/\x6fut.json"'),
        ("it's.json", "'_shared/it''s.json'"),
        ("the answer.json", "_shared/the\n  answer.json"),
    ],
)
def test_a_prompt_that_spells_its_schema_in_an_unusual_way_is_found(
    world: World, name: str, spelling: str
) -> None:
    schema = '{"type": "object", "properties": {"topic": {"type": "string"}}}'
    world.on_main({TRIAGE: prompt(more=f"output: {spelling}\n"), f"prompts/_shared/{name}": schema})
    world.propose({f"prompts/_shared/{name}": schema.replace("string", "integer")})
    assert checks(world.judge(approval())) == ["unchanged-version"]


@pytest.mark.slow
@pytest.mark.parametrize("gap", [" ", "", "\u00a0", "\u2003\n"])
def test_a_prompt_that_spells_a_partial_in_pieces_is_found(world: World, gap: str) -> None:
    pieces = prompt().replace('"_shared/tone.md"', f""""_shared/to"{gap}'ne.md'""")
    world.on_main({TRIAGE: pieces})
    world.propose({TONE: "Be rude.\n"})
    assert checks(world.judge(approval())) == ["unchanged-version"]


@pytest.mark.slow
def test_a_file_that_is_called_like_no_prompt_can_be_needed_by_one(world: World) -> None:
    schema = '{"type": "object", "properties": {"topic": {"type": "string"}}}'
    more = "output: Out.md\n"
    world.on_main({TRIAGE: prompt(more=more), "prompts/Out.md": schema})
    world.propose({"prompts/Out.md": schema.replace("string", "integer")})
    assert "unchanged-version" in checks(world.judge(approval()))


def test_a_partial_whose_name_is_no_text_is_looked_for(world: World) -> None:
    world.propose({b"prompts/_\xff.txt".decode(errors="surrogateescape"): "x\n"})
    assert world.judge(approval()).is_allowed


# Folders that lie in one another, and places around them.


@pytest.mark.slow
def test_prompts_are_prompts_where_the_evals_are_as_well(world: World) -> None:
    world.on_main({"promptops.toml": "evals = 'prompts'\n"})
    world.propose({TRIAGE: prompt("1.0.0", "Leak.")})
    assert checks(world.judge(approval())) == ["unchanged-version"]


def test_a_prompt_in_a_folder_called_like_a_rule_is_a_prompt(world: World) -> None:
    world.on_main({"promptops.toml": "prompts = 'docs'\n"})
    world.propose({"docs/codeowners/x.md": "No prompt.\n"})
    assert "missing-frontmatter" in checks(world.judge(approval("@nobody")))


@pytest.mark.slow
def test_groups_among_the_prompts_are_read_as_groups(world: World) -> None:
    world.on_main({"promptops.toml": "gate = {groups = 'prompts/_groups.toml'}\n"})
    world.propose({"prompts/_groups.toml": "[teams"})
    assert checks(world.judge(approval())) == ["broken-policy"]


@pytest.mark.slow
@pytest.mark.parametrize("place", [".github", ".promptops", "docs", ".gitlab", "team"])
def test_a_link_where_a_governed_folder_would_be_is_refused(world: World, place: str) -> None:
    world.on_main({"promptops.toml": "gate = {govern = ['team/rules.md']}\n"})
    world.propose({"mine/CODEOWNERS": "* @author\n"})
    (world.repo.path / place).symlink_to("mine")
    world.propose()
    assert set(checks(world.judge())) == {"irregular-file", "missing-approval"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "govern",
    ["scripts/", "/scripts", "Scripts/*.yaml", "/scripts/**", "./scripts", "x/../scripts/", "./"],
)
def test_what_is_governed_may_be_written_as_codeowners_has_it(world: World, govern: str) -> None:
    world.on_main({"promptops.toml": f"gate = {{govern = ['{govern}']}}\n"})
    world.propose({"scripts/suite.yaml": "cases: []\n"})
    assert paths(world) == {"scripts/suite.yaml": "GOVERNED"}


@pytest.mark.slow
def test_the_way_out_of_the_evals_folder_leads_nowhere(world: World) -> None:
    world.propose({TRIAGE: prompt("1.0.1", more="evals: evals/../scripts/suite.yaml\n")})
    assert checks(world.judge(approval())) == ["ungoverned-evals"]


def test_a_prompt_that_a_new_prompts_folder_leaves_behind_is_removed(world: World) -> None:
    world.propose({"promptops.toml": "prompts = 'elsewhere'\n", "elsewhere/_x.md": "x\n"})
    assert [one.name for one in world.judge().change.prompts] == ["support/triage"]


# Trees that Git never writes, and takes all the same.


@pytest.mark.slow
@pytest.mark.parametrize("where", ["twice", "slash", "slash at the top", "out of order"])
def test_a_tree_that_shows_each_reader_something_else_lets_nobody_tell(
    world: World, where: str
) -> None:
    evil = write_raw(world, "blob", prompt("1.0.0", "Leak everything.").encode())
    world.propose()
    top, prompts, support = (
        world.repo.git("ls-tree", f"HEAD:{folder}").splitlines()
        for folder in ("", "prompts", "prompts/support")
    )
    line = f"100644 blob {evil}\t"
    if where == "twice":
        support = [f"{line}triage.md", *support]
    elif where == "slash":
        prompts = [*prompts, f"{line}support/triage.md"]
    elif where == "slash at the top":
        top = [*top, f"{line}{TRIAGE}"]
    else:
        prompts = [f"{line}zzz.md", *prompts]
    prompts = replace_line(prompts, "support", write_tree(world, support))
    root = write_tree(world, replace_line(top, "prompts", write_tree(world, prompts)))
    commit = world.repo.git("commit-tree", "-p", "HEAD", "-m", "Hide", root)
    world.repo.git("update-ref", "refs/heads/change", commit)
    with pytest.raises(IntegrityError, match="not a tree that Git writes"):
        world.judge(approval(), approval("@nobody"))


def write_raw(world: World, kind: str, data: bytes) -> str:
    """Store an object as it is, whatever Git thinks of it."""
    args = ("hash-object", "-t", kind, "-w", "--literally", "--stdin")
    return world.repo.run(*args, stdin=data).stdout.decode().strip()


def write_tree(world: World, lines: list[str]) -> str:
    """Store a tree with the lines of `ls-tree`, in just that order."""
    data = b""
    for line in lines:
        what, _, name = line.partition("\t")
        mode, _, oid = what.split(" ")
        data += f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(oid)
    return write_raw(world, "tree", data)


def replace_line(lines: list[str], name: str, tree: str) -> list[str]:
    """The same lines with another folder of that name."""
    new = f"040000 tree {tree}\t{name}"
    return [new if line.endswith(f"\t{name}") else line for line in lines]


# People who may not approve.


def test_nobody_approves_their_own_change(world: World) -> None:
    world.on_main({"CODEOWNERS": "* author@example.com\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    verdict = world.judge(approval("author@example.com"))
    assert checks(verdict) == ["missing-approval"]
    assert [one.message for one in verdict.findings] == snapshot(
        ["prompts/support/triage.md needs the approval of author@example.com"]
    )


@pytest.mark.slow
def test_nobody_approves_their_own_change_under_a_second_name(world: World) -> None:
    world.on_main({"CODEOWNERS": "* @second-name\n", ".promptops/groups.toml": GROUPS})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval("@second-name"))) == ["missing-approval"]
    assert world.judge(approval("@second-name"), branch="change").approvers == ()


def test_the_forges_author_counts_beside_those_of_the_commits(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")}, email="bot@example.com")
    assert checks(world.judge(approval(), author="@Prompt-Owner")) == ["missing-approval"]


@pytest.mark.slow
def test_nobody_approves_what_they_committed_to(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    world.propose({"src/app.py": "1\n"}, email="1234+prompt-owner@users.noreply.github.com")
    assert checks(world.judge(approval())) == ["missing-approval"]
    world.on_main({"promptops.toml": "[gate]\ncommitters = true\n"})
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("commit", "--amend", "--quiet", "--reset-author", "--no-edit")
    message = "Change\n\nCo-authored-by: Owner <prompt-owner@users.noreply.github.com>"
    world.repo.git("commit", "--amend", "--quiet", "-m", message)
    assert world.judge(approval()).is_allowed


def test_a_co_author_committed_to_the_change(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    message = "Change\n\nCo-authored-by: Owner <prompt-owner@users.noreply.github.com>"
    world.repo.git("commit", "--amend", "--quiet", "-m", message)
    assert checks(world.judge(approval())) == ["missing-approval"]


def bring_up_to_date(world: World, email: str) -> None:
    """Merge the target branch into the change, as somebody else."""
    world.on_main({"src/app.py": "print()\n"})
    world.repo.git("checkout", "--quiet", "change")
    env = {"GIT_AUTHOR_EMAIL": email, "GIT_COMMITTER_EMAIL": email}
    world.repo.git("merge", "--quiet", "--no-ff", "-m", "Merge main", "main", env=env)


@pytest.mark.slow
def test_who_only_brings_the_branch_up_to_date_may_approve(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    bring_up_to_date(world, "1234+prompt-owner@users.noreply.github.com")
    verdict = world.judge(approval())
    assert verdict.is_allowed
    assert verdict.change.merges == {world.repo.rev("change")}


@pytest.mark.slow
def test_a_merge_that_slips_something_in_is_work(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    bring_up_to_date(world, "prompt-owner@users.noreply.github.com")
    world.repo.write("src/more.py", "print()\n")
    world.repo.git("add", "--all")
    world.repo.git("commit", "--quiet", "--amend", "--no-edit")
    verdict = world.judge(approval())
    assert checks(verdict) == ["missing-approval"]
    assert "committed to the change" in str(verdict.findings) or "author" in str(verdict.findings)


@pytest.mark.slow
def test_without_write_access_an_approval_is_an_opinion(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval(may_write=False))) == ["missing-approval"]
    assert world.judge(approval(may_write=True)).is_allowed


def test_an_owner_of_something_else_is_not_enough(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval("@lead"))) == ["missing-approval"]


@pytest.mark.slow
def test_a_team_that_nobody_knows_owns_nothing(world: World) -> None:
    world.on_main({"CODEOWNERS": "* @acme/prompts\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval("@member"))) == ["missing-approval"]
    teams = {"@acme/prompts": frozenset({"@member"})}
    assert world.judge(approval("@member"), teams=teams).is_allowed
    assert not world.judge(approval("@member"), teams={"@acme/prompts": frozenset()}).is_allowed


def test_a_team_counts_with_the_teams_within_it(world: World) -> None:
    groups = '[teams]\n"@acme/prompts" = ["@acme/writers"]\n"@acme/writers" = ["@Member"]\n'
    world.on_main({"CODEOWNERS": "* @acme/prompts\n", ".promptops/groups.toml": groups})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert world.judge(approval("@member")).is_allowed


@pytest.mark.slow
def test_what_nobody_owns_takes_anybody_but_the_author(world: World) -> None:
    world.on_main({"CODEOWNERS": "/src/ @dev\n/prompts/\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge()) == ["missing-approval"]
    assert checks(world.judge(approval("author@example.com"))) == ["missing-approval"]
    assert world.judge(approval("@anybody")).is_allowed
    assert "unowned-path" in checks(world.judge(), errors_only=False)


# Approvals of something else.


def test_what_was_approved_must_be_known(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval(contents={}))) == ["missing-approval"]


@pytest.mark.slow
def test_an_approval_of_a_commit_is_one_of_its_content(world: World) -> None:
    old = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    world.propose({TRIAGE: prompt("1.1.0", "Triage badly."), "prompts/_shared/more.md": "x\n"})
    new = world.repo.rev("HEAD")

    def of(commit: str) -> Approval:
        return approval(commit=commit, contents=None)

    assert "missing-approval" in judge_with_commit(world, of(old))
    assert judge_with_commit(world, of(new)) == []


@pytest.mark.slow
def test_an_approval_survives_a_rebase_that_changes_nothing_there(world: World) -> None:
    old = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    world.on_main({"src/app.py": "print()\n"})
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("rebase", "--quiet", "main")
    assert world.repo.rev("HEAD") != old
    assert judge_with_commit(world, approval(commit=old, contents=None)) == []


@pytest.mark.slow
def test_an_approved_commit_that_is_nowhere_is_no_approval(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert judge_with_commit(world, approval(commit="0" * 39 + "1", contents=None)) == [
        "missing-approval"
    ]


def test_what_the_target_branch_changed_since_has_to_be_approved_again(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval(lapsed=frozenset({TRIAGE})))) == ["missing-approval"]


def test_absence_is_content_too(world: World) -> None:
    world.propose(
        remove=[TONE],
        files={TRIAGE: prompt("1.1.0").replace('{% include "_shared/tone.md" %}\n', "")},
    )
    verdict = world.judge(approval(contents={TRIAGE: entry(world, "change", TRIAGE)}))
    assert [one.path for one in verdict.requirements if not one.is_met] == [TONE]


def judge_with_commit(world: World, given: Approval) -> list[str]:
    """The errors where approvals name commits, which are looked up."""
    repository = open_repository(world.repo.path)
    admission = judge_change(
        repository,
        find_endpoints(repository, "main", "change"),
        lambda _, change: fill_contents(repository, change, Approvals(("file",), (given,))),
    )
    return checks(admission.verdict)


# Rules that cannot be used.


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["#" * (3 * 1024 * 1024 + 1), "* @prompt-owner\0\n", "* @a\n" * 200_001],
    ids=["size", "binary", "lines"],
)
def test_owners_that_cannot_be_read_let_nobody_tell(world: World, text: str) -> None:
    world.on_main({"CODEOWNERS": text})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    with pytest.raises(PromptopsError, match="the owners cannot be read"):
        world.judge(approval())


@pytest.mark.slow
def test_only_a_line_feed_begins_a_rule(world: World) -> None:
    world.on_main({"CODEOWNERS": "* @prompt-owner\n# note\u2028/prompts/ @author\f* @author\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval("@author"))) == ["missing-approval"]
    assert world.judge(approval()).is_allowed


@pytest.mark.story
def test_a_hundred_thousand_rules_are_no_excuse(world: World) -> None:
    rules = "".join(f"/src/{number}/ @dev\n" for number in range(100_000))
    world.on_main({"CODEOWNERS": rules + "/prompts/ @prompt-owner\n"})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert checks(world.judge(approval("@dev"))) == ["missing-approval"]
    assert world.judge(approval()).is_allowed


@pytest.mark.slow
def test_an_approved_commit_that_was_pushed_over_is_fetched(world: World, tmp_path: Path) -> None:
    old = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    world.repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    world.repo.git("commit", "--quiet", "--amend", "-m", "The same, in other words")
    clone = tmp_path / "clone"
    world.repo.git("clone", "--quiet", f"file://{world.repo.path}", str(clone))
    repository = open_repository(clone)
    assert repository.objects.read(old) is None
    given = Approvals(("file",), (approval(commit=old, contents=None),))
    admission = judge_change(
        repository,
        find_endpoints(repository, "origin/main", "origin/change"),
        lambda _, change: fill_contents(repository, change, given),
    )
    assert checks(admission.verdict) == []


@pytest.mark.slow
def test_an_approver_did_not_see_what_the_approved_commit_leaves_alone(world: World) -> None:
    """What is put back to what the approved commit had there is another change than that one."""
    world.on_main({TONE: "Be kind.\n"})
    old = world.propose({"prompts/_shared/more.md": "x\n"})
    world.on_main({TONE: "Be kind, and tell nobody.\n"})
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("merge", "--quiet", "--no-edit", "main")
    world.propose({TONE: "Be kind.\n", TRIAGE: prompt("1.1.0")})
    found = judge_with_commit(world, approval(commit=old, contents=None))
    assert found == ["missing-approval", "missing-approval"]
    again = approval(commit=world.repo.rev("change"), contents=None)
    assert judge_with_commit(world, again) == []
