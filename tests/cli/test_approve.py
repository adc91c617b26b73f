"""`promptops approve`: signing as Git is configured, and what the gate and `promote` make of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.delivery.releases import require_release
from promptops.gate.approvals.signed import read_deployment_approvers
from promptops.gate.policy import read_default_policy
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from tests.cli.running import accept, refuse, run, sit_at_terminal
from tests.gate.approvals.world import GROUPS, PEOPLE, SIGNERS, Signing
from tests.gate.world import TRIAGE
from tests.git.signing.test_openpgp import Keyring, keyring
from tests.keys import allow, public, ssh_key
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["keyring"]


def sign_as(repo: Repo, name: str, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
    """Have Git sign with that person's SSH key, and commit under their address."""
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", str(ssh_key(name).with_suffix(".pub")))
    if monkeypatch is not None:
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_EMAIL", f"{name}@example.com")


@pytest.fixture
def signing(tmp_path: Path) -> Signing:
    signing = Signing.make(tmp_path / "repo")
    signing.world.repo.publish(tmp_path / "remote.git")
    sign_as(signing.world.repo, "jane")
    return signing


def approvals(repo: Repo) -> list[str]:
    return list(repo.refs("refs/promptops/approvals/"))


def document(repo: Repo, *args: str) -> Any:
    return json.loads(accept(repo, "approve", *args, "--format", "json"))


def remote_of(repo: Repo) -> Repo:
    return Repo(repo.path.parent / "remote.git")


@pytest.mark.story
def test_an_approval_makes_the_gate_content(signing: Signing) -> None:
    repo = signing.world.repo
    gate = ("gate", "--approvals", "signed")
    result = run(repo, *gate)
    assert result.exit_code == 1
    assert masked(result.stderr) == snapshot("""\

1 error
 hint: promptops approve --base origin/main --head <id>  # by an owner, or their approval on the forge
""")
    result = run(repo, "approve")
    assert result.exit_code == 0
    assert result.stdout == (
        f"{repo.rev('change')[:12]} into main, as jane@example.com\n\n"
        "support/triage  1.0.0 -> 1.1.0  behaviour change, minor bump: done\n"
        "  prompts/support/triage.md  changed  @prompt-owner\n"
    )
    (ref,) = approvals(remote_of(repo))
    assert result.stderr == f"approved as jane@example.com; kept on origin as {ref}\n"
    assert approvals(repo) == []
    assert masked(accept(repo, *gate)) == snapshot("""\
may merge
<id> into main

support/triage  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  about 9 -> 11 tokens without inputs; 1,000 runs $0.00
  approval of @prompt-owner (CODEOWNERS:2): jane@example.com

support/triage, message 1 (system) changed
  @@ line 1 @@
  - Triage.
  + Triage well.
    Be kind.
""")


@pytest.mark.story
def test_the_approval_is_there_for_everybody_else(signing: Signing, tmp_path: Path) -> None:
    repo = signing.world.repo
    accept(repo, "approve")
    clone = remote_of(repo).clone(tmp_path / "clone")
    args = ("gate", "--approvals", "signed", "--head", "origin/change")
    assert run(clone, *args, "--local").exit_code == 1
    accept(clone, *args)
    shutil.rmtree(remote_of(repo).path)
    accept(clone, *args, "--local")
    assert masked(refuse(clone, *args, code=2)) == snapshot("""\
error: cannot reach the remote origin: '<folder>/remote.git' does not appear to be a git repository
 hint: --local uses the release tags of this clone, and it has none\
""")


@pytest.mark.slow
def test_the_json_says_what_was_signed(signing: Signing) -> None:
    repo = signing.world.repo
    repo.write("CODEOWNERS", "/prompts/ @prompt-owner @other\n/evals/ @other\n")
    signing.world.propose({"evals/x.yaml": "samples: []\n"})
    found = document(repo, "--dry-run")
    assert (found["schema"], found["dry_run"], found["ref"]) == ("promptops.approve/v1", True, None)
    assert approvals(remote_of(repo)) == []
    found = document(repo)
    assert [(one["path"], one["own"]) for one in found["paths"]] == [
        ("CODEOWNERS", False),
        ("evals/x.yaml", False),
        (TRIAGE, True),
    ]
    assert found["paths"][1]["before"] is None
    assert found["paths"][1]["after"].startswith("100644 ")
    assert found["prompts"] == [
        {
            "name": "support/triage",
            "from": "1.0.0",
            "to": "1.1.0",
            "class": "behaviour",
            "bump": "minor",
        }
    ]
    assert (found["approver"], found["branch"], found["remote"]) == (
        "jane@example.com",
        "main",
        "origin",
    )
    assert [found["ref"]] == approvals(remote_of(repo))


@pytest.mark.story
def test_local_keeps_it_here_until_it_is_pushed(signing: Signing) -> None:
    repo = signing.world.repo
    shutil.move(remote_of(repo).path, repo.path.parent / "away.git")
    assert masked(refuse(repo, "approve", code=2)) == snapshot("""\
error: cannot reach the remote origin: '<folder>/remote.git' does not appear to be a git repository
 hint: check the address (git remote -v) and that you may read the repository\
""")
    assert approvals(repo) == []
    result = run(repo, "approve", "--local")
    assert result.exit_code == 0
    (ref,) = approvals(repo)
    assert masked(result.stderr) == snapshot("""\
approved as jane@example.com; kept in this clone as refs/promptops/approvals/change/<id>/<id>
 hint: git push origin refs/promptops/approvals/change/<id>/<id>
""")
    assert masked(result.stderr) == snapshot("""\
approved as jane@example.com; kept in this clone as refs/promptops/approvals/change/<id>/<id>
 hint: git push origin refs/promptops/approvals/change/<id>/<id>
""")
    accept(repo, "gate", "--approvals", "signed", "--local")
    shutil.move(repo.path.parent / "away.git", remote_of(repo).path)
    repo.git("push", "--quiet", "origin", ref)
    assert approvals(remote_of(repo)) == [ref]


@pytest.mark.slow
def test_a_key_that_the_target_does_not_know_is_refused_with_the_line_to_add(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = signing.world.repo
    sign_as(repo, "mallory", monkeypatch)
    said = refuse(repo, "approve")
    assert masked(said) == snapshot("""\
error: main does not list your key, so your approval would not count
 hint: have this line added to .promptops/allowed_signers on main: mallory@example.com namespaces="promptops-approval@v1" ssh-ed25519 <key>\
""")
    line = f'mallory@example.com namespaces="promptops-approval@v1" {public("mallory")}'
    assert line in said
    # The change itself allows it, which does not help.
    signing.world.propose({SIGNERS: allow("jane", "mallory")})
    assert masked(refuse(repo, "approve")) == snapshot("""\
error: main does not list your key, so your approval would not count
 hint: have this line added to .promptops/allowed_signers on main: mallory@example.com namespaces="promptops-approval@v1" ssh-ed25519 <key>\
""")
    assert approvals(remote_of(repo)) == []


@pytest.mark.slow
def test_a_key_that_may_not_sign_approvals_is_refused(tmp_path: Path) -> None:
    signing = Signing.make(tmp_path / "repo", {SIGNERS: allow("jane", options='namespaces="git"')})
    sign_as(signing.world.repo, "jane")
    said = refuse(signing.world.repo, "approve")
    assert said == snapshot("""\
error: your approval as jane@example.com would not count: its key is allowed to sign other things only
 hint: correct your line in the allowed signers on the target branch\
""")
    assert approvals(signing.world.repo) == []


@pytest.mark.slow
def test_a_target_without_keys_is_refused(signing: Signing) -> None:
    repo = signing.world.repo
    repo.git("checkout", "--quiet", "main")
    repo.git("rm", "--quiet", SIGNERS)
    repo.commit()
    repo.git("push", "--quiet", "origin", "main")
    assert masked(refuse(repo, "approve", "--head", "change")) == snapshot("""\
error: main has no .promptops/allowed_signers, so no signature counts
 hint: add one there, with lines such as 'jane@example.com ssh-ed25519 AAAA…' (see ssh-keygen(1), ALLOWED SIGNERS)\
""")


@pytest.mark.slow
def test_who_had_a_hand_in_it_or_owns_nothing_is_warned(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = signing.world.repo
    sign_as(repo, "kim")
    result = run(repo, "approve", "--dry-run")
    assert result.stderr == snapshot("""\
warning: kim@example.com owns none of these files, so the approval may not count
nothing was signed: this was a dry run
""")
    assert masked(result.stdout) == snapshot("""\
<id> into main, as kim@example.com

support/triage  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  prompts/support/triage.md  changed  @prompt-owner  (not yours)
""")
    sign_as(repo, "jane")
    assert "warning" not in run(repo, "approve", "--dry-run").stderr
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "author@example.com")
    assert run(repo, "approve", "--dry-run").stderr == snapshot("""\
warning: you are an author of this change, so your approval will not count
nothing was signed: this was a dry run
""")


@pytest.mark.slow
def test_there_may_be_nothing_to_approve(signing: Signing) -> None:
    repo = signing.world.repo
    result = run(repo, "approve", "--head", "main")
    assert (result.exit_code, result.stdout) == (0, "")
    assert masked(result.stderr) == snapshot("nothing in <id> needs an approval\n")
    assert document(repo, "--head", "main")["ref"] is None


@pytest.mark.parametrize(
    "args",
    [
        ["a@1.0.0"],
        ["--env", "production"],
        ["a@1.0.0", "--env", "production", "--base", "main"],
        ["a@1.0.0", "--env", "nowhere"],
        ["--base", "nowhere"],
    ],
)
def test_what_makes_no_sense_is_refused(signing: Signing, args: list[str]) -> None:
    refuse(signing.world.repo, "approve", *args, code=2)


# How Git is configured to sign


@pytest.mark.story
def test_the_key_may_be_given_literally_by_a_command_or_as_a_private_file(
    signing: Signing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = signing.world.repo
    agent = tmp_path / "signer"
    # Stands for an agent: it is handed the public key, and signs with the private one.
    agent.write_text(
        "#!/bin/sh\n"
        "for last; do :; done\n"
        f'exec ssh-keygen -Y sign -n promptops-approval@v1 -f {ssh_key("jane")} "$last"\n'
    )
    agent.chmod(0o755)
    repo.config("gpg.ssh.program", str(agent))
    for key in (public("jane"), f"key::{public('jane')}"):
        repo.config("user.signingKey", key)
        assert document(repo, "--dry-run")["approver"] == "jane@example.com"
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{len(key) + 1_767_225_600} +0000")
        accept(repo, "approve")
    assert len(approvals(remote_of(repo))) == 2
    repo.git("config", "--unset", "user.signingKey")
    assert refuse(repo, "approve", code=2) == snapshot("""\
error: no key to sign with is configured
 hint: git config gpg.format ssh && git config user.signingKey ~/.ssh/id_ed25519.pub\
""")
    repo.config("gpg.ssh.defaultKeyCommand", f"echo 'key::{public('jane')}'")
    assert document(repo, "--dry-run")["approver"] == "jane@example.com"
    for command in ("false", "echo nothing", "no-such-program", "echo 'x"):
        repo.config("gpg.ssh.defaultKeyCommand", command)
        assert "defaultKeyCommand" in refuse(repo, "approve", code=2)
    repo.git("config", "--unset", "gpg.ssh.program")
    repo.config("user.signingKey", str(ssh_key("jane")))
    accept(repo, "approve")
    repo.config("user.signingKey", str(tmp_path / "nowhere"))
    assert masked(refuse(repo, "approve", code=2)) == snapshot("""\
error: cannot read the public half of the key <folder>/nowhere
 hint: write it next to the key: ssh-keygen -y -f <folder>/nowhere > <folder>/nowhere.pub\
""")
    repo.config("gpg.format", "x509")
    assert refuse(repo, "approve", code=2) == snapshot("""\
error: approvals cannot be signed in the format 'x509'
 hint: git config gpg.format ssh && git config user.signingKey ~/.ssh/id_ed25519.pub\
""")


@pytest.mark.slow
def test_one_key_with_several_names_signs_under_the_user_s_address(tmp_path: Path) -> None:
    listed = f"first@example.com,jane@example.com {public('jane')}\n"
    signing = Signing.make(tmp_path / "repo", {SIGNERS: listed})
    sign_as(signing.world.repo, "jane")
    assert document(signing.world.repo)["approver"] == "jane@example.com"


@pytest.mark.story
@pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")
def test_an_openpgp_key_signs_too(tmp_path: Path, keyring: Keyring) -> None:
    jane = keyring.make("jane")
    keys = keyring.export("jane").decode()
    people = f'[people]\njane = ["@prompt-owner", "openpgp:{jane}"]\n'
    files = {".promptops/allowed_keys.asc": keys, GROUPS: people}
    repo = Signing.make(tmp_path / "repo", files).world.repo
    assert refuse(repo, "approve", code=2) == snapshot("""\
error: no key to sign with is configured
 hint: git config gpg.format ssh && git config user.signingKey ~/.ssh/id_ed25519.pub\
""")
    repo.config("user.signingKey", "nobody")
    assert refuse(repo, "approve", code=2) == snapshot("""\
error: GnuPG has no secret key for nobody
 hint: name it by its fingerprint: git config user.signingKey FINGERPRINT\
""")
    repo.config("user.signingKey", jane)
    assert document(repo)["approver"] == f"openpgp:{jane}"
    accept(repo, "gate", "--approvals", "signed")
    keyring.make("kim")
    repo.config("user.signingKey", "kim")
    assert masked(refuse(repo, "approve")) == snapshot("""\
warning: openpgp:<fingerprint> owns none of these files, so the approval may not count
error: your approval as openpgp:<fingerprint> would not count: its key is not among the allowed keys
 hint: correct your line in the allowed signers on the target branch\
""")


# Deployments


def build_team(folder: Path) -> None:
    team = Team.found(folder, ["a"])
    rules = "[environments.staging]\n[environments.production]\napprovals = 1\n"
    team.commit({"promptops.toml": rules, SIGNERS: allow("jane", "kim"), GROUPS: PEOPLE})
    accept(team.first, "release", "a", "--push")
    accept(team.first, "promote", "a", "--to", "staging")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """Releases of `a` for which production asks for one approval beside the deployer's."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


@pytest.mark.story
def test_a_promotion_waits_for_somebody_else_s_approval(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = team.first
    said = refuse(repo, "promote", "a", "--to", "production")
    assert said == snapshot("""\
error: a@1.0.0 needs one approval for production beside the deployer's, and has none
 hint: promptops approve a@1.0.0 --env production\
""")
    sign_as(repo, "jane")
    assert document(repo, "a@1.0.0", "--env", "production")["kind"] == "deployment"
    refuse(repo, "promote", "a", "--to", "production")
    sign_as(repo, "kim", monkeypatch)
    result = run(repo, "approve", "a@1.0.0", "--env", "production")
    assert result.exit_code == 0
    assert masked(result.stdout) == snapshot("""\
a@1.0.0 in production, as kim@example.com
  digest <digest>
  live there now: nothing
""")
    sign_as(repo, "jane", monkeypatch)
    accept(repo, "promote", "a", "--to", "production")


@pytest.mark.story
def test_an_approval_is_of_one_release_in_one_environment(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = team.first
    sign_as(repo, "kim", monkeypatch)
    accept(repo, "approve", "a@1.0.0", "--env", "staging")
    sign_as(repo, "jane", monkeypatch)
    refuse(repo, "promote", "a", "--to", "production")
    team.commit({"prompts/a.md": prompt_text("1.1.0", "New {{ question }}")})
    accept(repo, "release", "a", "--push")
    sign_as(repo, "kim", monkeypatch)
    accept(repo, "approve", "a@1.0.0", "--env", "production")
    sign_as(repo, "jane", monkeypatch)
    accept(repo, "promote", "a@1.0.0", "--to", "production")
    said = refuse(repo, "promote", "a@1.1.0", "--to", "production")
    assert said == snapshot("""\
error: a@1.1.0 needs one approval for production beside the deployer's, and has none
 hint: promptops approve a@1.1.0 --env production\
""")
    sign_as(repo, "kim", monkeypatch)
    result = run(repo, "approve", "a@1.1.0", "--env", "production", "--dry-run")
    assert masked(result.stdout) == snapshot("""\
a@1.1.0 in production, as kim@example.com
  digest <digest>
  live there now: 1.0.0

a: 1.0.0 -> 1.1.0: behaviour change, minor bump needed; 1.1.0 is enough
  behaviour  message 1 (user): the model reads another text

  message 1 (user) changed
  @@ line 1 @@
  - Answer {{ question }}
  + New {{ question }}
""")


@pytest.mark.slow
def test_the_default_branch_s_rules_count_and_not_those_of_the_work_tree(team: Team) -> None:
    team.first.write("promptops.toml", "environments = ['staging', 'production']\n")
    refuse(team.first, "promote", "a", "--to", "production")


@pytest.mark.story
def test_only_deployers_deploy(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (
        "[environments.staging]\ndeployers = ['@org/deployers']\n"
        "[environments.production]\nevals = true\n"
    )
    people = f"{PEOPLE}[teams]\n'@org/deployers' = ['kim']\n"
    team.commit({"promptops.toml": rules, GROUPS: people})
    team.commit({"prompts/a.md": prompt_text("1.1.0", "New {{ question }}")})
    accept(team.first, "release", "a", "--push")
    said = refuse(team.first, "promote", "a@1.1.0", "--to", "staging")
    assert said == snapshot("""\
error: jane@example.com may not deploy to staging
 hint: those who may: @org/deployers\
""")
    # By the key's name, or without one by the address.
    sign_as(team.first, "kim")
    accept(team.first, "promote", "a@1.1.0", "--to", "staging", "--dry-run")
    sign_as(team.first, "jane", monkeypatch)
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "kim@example.com")
    accept(team.first, "promote", "a@1.1.0", "--to", "staging")
    said = refuse(team.first, "promote", "a@1.1.0", "--to", "production")
    assert said == snapshot("""\
error: a@1.1.0 has no evidence that its evals passed, which production requires
 hint: release a version whose evidence the gate has seen: promptops gate --evidence\
""")


@pytest.mark.story
def test_a_statement_about_another_digest_does_not_count(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag that was made anew elsewhere, under the number that was approved."""
    repo = team.first
    sign_as(repo, "kim", monkeypatch)
    accept(repo, "approve", "a@1.0.0", "--env", "production")
    (ref,) = approvals(team.remote)
    payload = team.remote.git("cat-file", "blob", ref).splitlines()[0]
    assert json.loads(payload)["digest"] in repo.git("cat-file", "tag", "prompts/a@1.0.0")
    sign_as(repo, "jane", monkeypatch)
    repository = open_repository(repo.path)
    policy = read_default_policy(repository)
    release = require_release(repository, "a", Version.parse("1.0.0"))

    def approvers(**other: Any) -> tuple[str, ...]:
        changed = release._replace(**other)
        return read_deployment_approvers(
            repository, policy.config, policy.commit, "production", changed, fetch=False
        )[0]

    assert approvers() == ("kim@example.com",)
    assert approvers(digest=f"sha256:{'0' * 64}") == ()
    assert approvers(version=Version.parse("1.0.1")) == ()
    assert approvers(name="b") == ()


@pytest.mark.slow
def test_a_person_at_a_terminal_is_asked(signing: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    sit_at_terminal(monkeypatch)
    for answer, code, number in (("n\n", 1, 0), ("y\n", 0, 1)):
        result = run(signing.world.repo, "approve", stdin=answer)
        assert result.exit_code == code
        assert "Sign this? [y/N]" in result.stderr
        assert len(approvals(remote_of(signing.world.repo))) == number
