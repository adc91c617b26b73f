"""Whatever a user types or commits: one clear line and a hint, and nothing half-done."""

from __future__ import annotations

import json
import os
import pty
import resource
import select
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, follow_hint, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.stories import world
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.story

PATH = "prompts/a.md"
ENV = ("--env", "staging")


def build_team(folder: Path) -> None:
    team = Team.found(folder, ["a"])
    for version in ("1.0.0", "1.1.0"):
        team.commit({PATH: prompt_text(version, f"{version} {{{{ question }}}}")})
        accept(team.first, "release", "a", "--push")
        accept(team.first, "promote", f"a@{version}", "--to", "staging")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A remote and a clone; 1.0.0 and then 1.1.0 of `a` went live in staging."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def build_released(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({PATH: prompt_text()})
    accept(repo, "release", "a")


@pytest.fixture
def released(tmp_path: Path) -> Repo:
    """One prompt, released as 1.0.0, without a remote."""
    copy_template(build_released, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


# Where there is no repository, or an unusual one

VERBS = (
    ("release", "a"),
    ("release", "--all"),
    ("bump", "a"),
    ("diff", "a"),
    ("yank", "a@1.0.0", "--reason", "x"),
    ("changelog", "a"),
    ("promote", "a", "--to", "staging"),
    ("retire", "-m", "gone", "a"),
    ("pause", "a", "--reason", "x"),
    ("resume", "a"),
    ("rollback", "--to-deployment", "1"),
    ("history",),
)


def test_no_repository(tmp_path: Path) -> None:
    for verb in VERBS:
        assert "is not in a Git repository" in refuse(tmp_path, *verb, code=2)
    assert masked(refuse(tmp_path / "nowhere", "history", code=2)) == snapshot("""\
error: <folder>/nowhere is not a folder
 hint: check the path after -C\
""")


def test_no_commits(repo: Repo) -> None:
    for verb in VERBS:
        refuse(repo, *verb, code=2)
    assert refuse(repo, "rollback", "a") == snapshot("""\
error: nothing to roll back to: a is not live in production
 hint: promptops promote a --to production makes it live\
""")


def test_a_bare_repository(team: Team) -> None:
    assert accept(team.remote, "release", "a") == snapshot("a 1.1.0 already released by Jane Doe\n")
    assert accept(team.remote, "rollback", "a", *ENV) == snapshot("staging: a 1.1.0 -> 1.0.0\n")
    for verb in (("diff", "a"), ("bump", "a"), ("release", "a", "--bump", "auto")):
        assert "this is a bare repository" in refuse(team.remote, *verb, code=2)
    accept(team.remote, "verify")


def test_a_linked_worktree_and_a_detached_head(team: Team) -> None:
    place = team.folder / "linked"
    team.first.git("worktree", "add", "-q", "--detach", str(place))
    assert accept(place, "release", "a") == snapshot("a 1.1.0 already released by Jane Doe\n")
    assert accept(place, "rollback", "a", *ENV) == snapshot("staging: a 1.1.0 -> 1.0.0\n")
    accept(place, "verify")


def test_a_sha_256_repository(tmp_path: Path) -> None:
    first = Repo.init(tmp_path / "first", object_format="sha256")
    first.commit({PATH: prompt_text()})
    first.publish(tmp_path / "remote.git")
    accept(first, "release", "a", "--push")
    accept(first, "promote", "a", "--to", "staging")
    accept(first, "promote", "a", "--to", "production")
    accept(first, "retire", "-m", "gone", "a")
    assert accept(first, "rollback", "a") == snapshot("production: a (not deployed) -> 1.0.0\n")
    accept(first, "verify")


def test_a_shallow_clone(team: Team) -> None:
    team.commit({PATH: prompt_text("1.2.0", "1.2.0 {{ question }}")})
    shallow = team.remote.clone(team.folder / "shallow", "--depth=1")
    assert masked(accept(shallow, "release", "a", "--push")) == snapshot(
        "a 1.2.0 released (minor change since 1.1.0, <digest>)\n"
    )
    assert accept(shallow, "promote", "a@1.2.0", "--to", "staging") == snapshot(
        "staging: a 1.1.0 -> 1.2.0\n"
    )
    accept(team.first, "history", *ENV)


def test_a_partial_clone_whose_remote_is_gone(team: Team) -> None:
    team.remote.config("uploadpack.allowFilter", "true")
    partial = team.remote.clone(team.folder / "partial", "--filter=blob:none")
    team.remote.path.rename(team.folder / "away.git")
    refuse(partial, "diff", "a@1.0.0", code=2)
    assert masked(refuse(partial, "rollback", "a", *ENV, code=2)) == snapshot("""\
error: cannot reach the remote origin: '<folder>/remote.git' does not appear to be a git repository
 hint: check the address (git remote -v) and that you may read the repository; use --local to work without the remote\
""")
    (team.folder / "away.git").rename(team.remote.path)
    accept(partial, "diff", "a@1.0.0")


def test_replaced_objects_do_not_count(team: Team) -> None:
    old, new = (team.first.rev(f"refs/tags/prompts/a@{v}^{{commit}}") for v in ("1.0.0", "1.1.0"))
    team.first.git("replace", old, new)
    assert accept(team.first, "rollback", "a", *ENV) == snapshot("staging: a 1.1.0 -> 1.0.0\n")
    accept(team.first, "verify")


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_read_only_repository(released: Repo) -> None:
    folders = [folder for folder, _, _ in os.walk(released.path / ".git")]
    for folder in folders:
        os.chmod(folder, 0o555)  # noqa: PTH101 - a list of plain paths
    try:
        told = refuse(released, "yank", "a@1.0.0", "--reason", "x", code=2)
        assert masked(told) == snapshot("""\
error: git unpack-objects failed: insufficient permission for adding an object to repository database <folder>/repo/.git/objects
 hint: check the owner and the permissions of the repository's folder\
""")
    finally:
        for folder in folders:
            os.chmod(folder, 0o755)  # noqa: PTH101 - as above


# Names


@pytest.mark.parametrize("name", ["../a", "a b", "ä", "A", "a.lock", "con", "", "a//b", "a@b@c"])
def test_impossible_names(released: Repo, name: str) -> None:
    for words in (("release",), ("bump",), ("changelog",), ("promote", "--to", "staging")):
        verb, *options = words
        refuse(released, verb, name, *options, code=2)


def test_what_begins_with_a_dash_is_never_an_option_of_git(released: Repo) -> None:
    released.git("update-ref", "refs/heads/-x", "HEAD")
    for words in (("release", "--", "-x"), ("diff", "--", "-x"), ("diff", "--from", "-x")):
        refuse(released, *words, code=2)
    accept(released, "diff", "--from", "refs/heads/-x")


def test_a_prompt_and_a_folder_of_one_name(repo: Repo) -> None:
    repo.commit({PATH: prompt_text(), "prompts/a/b.md": prompt_text()})
    accept(repo, "release", "--all")
    accept(repo, "promote", "a", "a/b", "--to", "staging")
    accept(repo, "retire", "-m", "gone", "a", *ENV)
    accept(repo, "verify")


def test_names_that_collide_without_case(repo: Repo) -> None:
    repo.commit({PATH: prompt_text(), "prompts/A.md": prompt_text()})
    assert masked(accept(repo, "release", "--all")) == snapshot(
        "a 1.0.0 released (first release, <digest>)\n"
    )
    assert len(repo.refs("refs/tags/")) == 1


def test_a_branch_called_promptops(team: Team, released: Repo) -> None:
    released.git("branch", "promptops")
    told = refuse(released, "promote", "a", "--to", "staging", code=2)
    assert told == snapshot("""\
error: the branch promptops conflicts with promptops/staging: a name cannot be both a ref and a folder of refs
 hint: rename it: git branch -m promptops ANOTHER-NAME\
""")
    other = Team.found(team.folder / "other", ["a"])
    accept(other.first, "release", "a", "--push")
    other.first.git("push", "-q", "origin", "main:refs/heads/promptops")
    other.first.git("update-ref", "-d", "refs/remotes/origin/promptops")
    told = refuse(other.first, "promote", "a", "--to", "staging")
    assert told == snapshot("""\
error: origin refused the deployment: 'refs/heads/promptops' exists; cannot create 'refs/heads/promptops/staging'
 hint: that name conflicts there; to remove it: git push origin --delete refs/heads/promptops\
""")
    other.first.git("fetch", "-q")
    told = refuse(other.first, "promote", "a", "--to", "staging", code=2)
    assert told == snapshot("""\
error: the branch origin/promptops conflicts with origin/promptops/staging
 hint: git push origin --delete refs/heads/promptops removes it there; then git remote prune origin\
""")


# Files that are not what they seem


def test_links_are_never_followed(released: Repo) -> None:
    secret = released.path.parent / "secret.md"
    secret.write_text("secret")
    (released.path / "prompts/_l.md").symlink_to(secret)
    released.commit({PATH: prompt_text("1.1.0", '{% include "_l.md" %} {{ question }}')})
    for verb in (("release", "a"), ("bump", "a"), ("diff", "a")):
        told = run(released, *verb)
        assert told.exit_code in {1, 2}
        assert "is a symbolic link" in told.stderr
        assert "secret" not in told.stdout


def test_a_submodule_keeps_its_prompts_to_itself(released: Repo) -> None:
    other = Repo.init(released.path.parent / "other")
    other.commit({"b.md": prompt_text()})
    released.git("submodule", "add", "-q", other.url, "prompts/sub")
    released.commit()
    assert "sub/b" not in accept(released, "release", "--all")
    assert accept(released, "diff") == ""
    refuse(released, "release", "sub/b", code=2)


def test_includes_that_go_in_a_circle(released: Repo) -> None:
    text = prompt_text("1.1.0", '{% include "_x.md" %} {{ question }}')
    released.commit({PATH: text, "prompts/_x.md": '{% include "_x.md" %}'})
    for verb in ("release", "bump", "diff"):
        assert "the includes form a cycle: _x.md -> _x.md" in refuse(released, verb, "a")


# What somebody did by hand


def _edit_branch(team: Team, edit: Callable[[Path], object]) -> None:
    """Commit an edit on the environment's branch, as a person would, and push it."""
    place = team.folder / "by-hand"
    clone = team.remote.clone(place, "--branch", "promptops/staging")
    edit(place)
    clone.commit(message="fix it by hand")
    clone.git("push", "-q", "origin", "HEAD:promptops/staging")


EDITS: dict[str, Callable[[Path], object]] = {
    "lock is no JSON": lambda top: (top / "promptops.lock").write_text("{"),
    "lock is gone": lambda top: (top / "promptops.lock").unlink(),
    "text altered": lambda top: (top / "releases/a@1.1.0/a.md").write_text("altered"),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_branch_edited_by_hand(team: Team, what: str) -> None:
    _edit_branch(team, EDITS[what])
    tip = team.remote.rev("promptops/staging")
    for verb in (("retire", "-m", "gone", "a"), ("rollback", "--to-deployment", "1")):
        assert "is not a deployment" in refuse(team.first, *verb, *ENV, code=2)
    told = refuse(team.first, "rollback", "a", *ENV, code=2)
    assert team.remote.rev("promptops/staging") == tip
    assert run(team.first, "verify").exit_code == 1
    follow_hint(team.first, told)
    assert accept(team.first, "rollback", "a", *ENV) == snapshot("staging: a 1.1.0 -> 1.0.0\n")
    accept(team.first, "verify")


def test_a_deployment_forged_with_its_trailers(team: Team) -> None:
    tree = team.remote.git("mktree", stdin="")
    words = "staging: promote a 1.1.0\n\nDeployment: 3\nAction: promote"
    forged = team.remote.git("commit-tree", "-p", "promptops/staging", "-m", words, tree)
    team.remote.git("update-ref", "refs/heads/promptops/staging", forged)
    told = refuse(team.first, "rollback", "a", *ENV, code=2)
    assert masked(told) == snapshot("""\
error: deployment <id> has no promptops.lock
 hint: the branch was edited by hand; run promptops verify; to go back to deployment 2, the last valid one: git push --force-with-lease=refs/heads/promptops/staging:<id> origin <id>:refs/heads/promptops/staging\
""")


def test_a_moved_tag(team: Team) -> None:
    text = team.first.git("for-each-ref", "--format=%(contents)", "refs/tags/prompts/a@1.0.0")
    team.first.git("tag", "-d", "prompts/a@1.0.0")
    team.first.tag("prompts/a@1.0.0", text + "\n")
    told = refuse(team.first, "promote", "a@1.0.0", "--to", "staging", "--local", code=2)
    assert masked(told) == snapshot("""\
error: a@1.0.0 is not what was released: its files have digest <digest>
 hint: it should be <digest>; the tag may have been moved; run promptops verify\
""")
    told = refuse(team.first, "promote", "a@1.0.0", "--to", "staging")
    assert told == snapshot("""\
error: the tag prompts/a@1.0.0 here differs from the one on origin
 hint: if the local tag was never pushed, remove it: git tag -d prompts/a@1.0.0; otherwise the tag on origin was moved, which is not allowed\
""")
    assert run(team.first, "verify").exit_code == 1


# The machine


def _limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 150])
def test_a_full_disk(team: Team, size: int) -> None:
    team.commit({PATH: prompt_text("1.2.0", "word " * 200 + "{{ question }}")})
    refs, text = team.first.refs(), (team.first.path / PATH).read_bytes()
    for words in (
        ("release", "a", "--notes", "word " * 100),
        ("yank", "a@1.0.0", "--reason", "word " * 100),
        ("retire", "-m", "gone", "a", *ENV, "--reason", "word " * 100),
        ("bump", "a", "--level", "minor", "--local"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "promptops", *words],
            cwd=team.first.path,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_limited(size),
        )
        assert done.returncode == 2, done
        assert "Traceback" not in done.stderr
        assert "hint: " in done.stderr
    assert team.first.refs() == refs
    assert (team.first.path / PATH).read_bytes() == text
    assert "a 1.2.0 released" in accept(team.first, "release", "a")
    accept(team.first, "verify")


@pytest.mark.parametrize("moment", ["prepared", "committed"])
def test_interrupted_in_the_middle_of_releasing_all(tmp_path: Path, moment: str) -> None:
    names = [f"team/prompt-{number}" for number in range(5)]
    team = Team.found(tmp_path, names)
    # Git runs this within the transaction; as Ctrl-C does, it tells every process of the group.
    team.first.hook(
        "reference-transaction",
        f'if [ "$1" = {moment} ] && [ ! -e "{tmp_path}/once" ]; then\n'
        f'  touch "{tmp_path}/once"; kill -INT 0\nfi\ncat > "/dev/null"',
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "promptops", "release", "--all", "--local"],
        cwd=team.first.path,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert team.first.refs("refs/tags/") == {}
    accept(team.first, "release", "--all", "--push")
    assert len(team.remote.refs("refs/tags/")) == len(names)
    accept(team.first, "verify")


def test_no_identity(released: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    released.write(PATH, prompt_text("1.0.0", "New {{ question }}"))
    for words in (("promote", "a", "--to", "staging"), ("yank", "a@1.0.0", "--reason", "x")):
        assert "tell git who you are" in refuse(released, *words, code=2)
    assert released.refs("refs/heads/promptops/") == {}


def test_signing_that_fails_leaves_nothing(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.0.0", "New {{ question }}")})
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingKey", "/no/such/key"),
        ("commit.gpgSign", "true"),
        ("tag.gpgSign", "true"),
    ):
        released.config(name, value)
    refs = released.refs()
    for words in (
        ("release", "a", "--bump", "auto"),
        ("promote", "a", "--to", "staging"),
        ("yank", "a@1.0.0", "--reason", "x"),
    ):
        assert "git is configured to sign" in refuse(released, *words, code=2)
    assert released.refs() == refs
    assert released.git("status", "--porcelain") == ""


def test_what_is_signed_reads_as_what_is_not(released: Repo, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingKey", str(key)),
        ("commit.gpgSign", "true"),
        ("tag.gpgSign", "true"),
    ):
        released.config(name, value)
    released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    accept(released, "release", "a", "--notes", "# Notes")
    assert "SIGNATURE" in released.git("cat-file", "tag", "refs/tags/prompts/a@1.1.0")
    assert accept(released, "changelog", "a") == snapshot("""\
# a

## 1.1.0 (2026-01-01, Jane Doe)

# Notes

## 1.0.0 (2026-01-01, Jane Doe)

First release.
""")
    accept(released, "promote", "a", "--to", "staging", "--reason", "signed")
    assert "\ngpgsig " in released.git("cat-file", "commit", "promptops/staging")
    assert accept(released, "history", *ENV) == snapshot("""\
2026-01-01 00:00 +0000  staging 1  promote  by Jane Doe
    a (not deployed) -> 1.1.0
    signed
""")
    accept(released, "verify")


# Streams and terminals


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "| true"])
def test_closed_streams_and_broken_pipes(team: Team, closed: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m promptops history --env staging {closed}"
    script = f"{command}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=team.first.path, capture_output=True, check=False
    )
    assert done.returncode == 0, done
    assert b"Traceback" not in done.stderr


def test_a_full_output_is_said(team: Team) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "promptops", "history", *ENV],
            cwd=team.first.path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == snapshot("""\
error: no space left on device
 hint: check that the file exists and is accessible, and that the disk is not full
""")


def test_a_narrow_terminal_and_an_old_locale_change_no_data(team: Team) -> None:
    team.first.commit({PATH: prompt_text("1.2.0", "ünï 🎉 " + "long " * 50 + "{{ question }}")})
    words = ("diff", "a", "--format", "json")
    plain = world.run(team.first.path, *words)
    odd = world.run(
        team.first.path, *words, env={"COLUMNS": "20", "LC_ALL": "POSIX", "PYTHONUTF8": "0"}
    )
    assert (odd.code, odd.out) == (plain.code, plain.out)
    assert json.loads(odd.out)["schema"] == "promptops.diff/v1"


def _on_terminal(
    place: Path, words: Sequence[str], wait_for: str, answer: bytes, **variables: str
) -> tuple[int, str]:
    """Run the command line on a terminal; once it says `wait_for`, type the answer."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(place)
        os.environ.update(variables)
        os.execv(sys.executable, [sys.executable, "-m", "promptops", *words])
    said = b""
    # Not `select`: a long run of tests may have more than a thousand files open.
    waiting = select.poll()
    waiting.register(terminal, select.POLLIN)
    while waiting.poll(60_000):
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        said += part
        if wait_for and wait_for.encode() in said:
            wait_for = ""
            os.write(terminal, answer)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.decode(errors="replace")


def test_a_terminal_is_asked_first(team: Team) -> None:
    words = ("rollback", "a", *ENV)
    tip = team.remote.rev("promptops/staging")
    for answer, expected in ((b"n\n", 1), (b"\x04", 1), (b"\x03", 130)):
        code, said = _on_terminal(team.first.path, words, "[y/N]", answer)
        assert code == expected, said
        assert "staging: a 1.1.0 -> 1.0.0" in said
        assert "changed" in said  # what the model will read
        assert "Traceback" not in said
        assert team.remote.rev("promptops/staging") == tip
    code, said = _on_terminal(team.first.path, words, "[y/N]", b"y\n")
    assert code == 0, said
    assert team.remote.rev("promptops/staging^") == tip


def test_what_changed_while_a_person_was_asked_is_not_deployed(team: Team) -> None:
    other = team.clone("other")
    accept(other, "rollback", "a", *ENV, "--dry-run")
    team.first.hook("pre-push", "exit 0")
    marker = team.folder / "asked"
    # The question is answered by a program that deploys first, from another clone.
    child = (
        "import os, sys; sys.path[:0] = [os.getcwd()]\n"
        "import promptops.cli.deployment as deployment\n"
        "from tests.stories.world import run\n"
        "from pathlib import Path\n"
        "deployment.is_terminal = lambda stream: True\n"
        "def confirm(question, *, yes):\n"
        f"    told = run(Path({str(other.path)!r}), 'retire', 'a', '-m', 'x', '--env', 'staging')\n"
        "    assert told.code == 0, told\n"
        f"    Path({str(marker)!r}).touch()\n"
        "deployment.confirm = confirm\n"
        "from promptops.cli import main\n"
        f"sys.argv = ['promptops', '-C', {str(team.first.path)!r}, 'rollback', 'a', "
        "'--env', 'staging']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", child], capture_output=True, text=True, check=False
    )
    assert marker.exists(), done
    assert done.returncode == 1, done
    assert done.stderr == snapshot("""\
staging: a 1.1.0 -> 1.0.0
  behaviour  message 1 (user): the model reads another text

  message 1 (user) changed
  @@ line 1 @@
  - 1.1.0 {{ question }}
  + 1.0.0 {{ question }}
error: Jane Doe deployed to staging at the same time; live now: a none (deployment 3)
 hint: nothing was changed; check promptops history --env staging, then try again
""")


def _editor(folder: Path, script: str) -> str:
    file = folder / "editor.sh"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_notes_are_written_in_the_persons_editor(released: Repo) -> None:
    released.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    for script, expected, words in (
        ("exit 3", 2, "failed"),
        (': > "$1"', 1, "no notes, nothing released"),
    ):
        editor = _editor(released.path.parent, script)
        code, said = _on_terminal(released.path, ("release", "a"), "", b"", GIT_EDITOR=editor)
        assert (code, words in said) == (expected, True), said
        assert "prompts/a@1.1.0" not in " ".join(released.refs())
    editor = _editor(released.path.parent, "sed -i '1i # My notes\\n' \"$1\"")
    code, said = _on_terminal(released.path, ("release", "a"), "", b"", GIT_EDITOR=editor)
    assert code == 0, said
    text = released.git("cat-file", "tag", "refs/tags/prompts/a@1.1.0")
    assert masked(text) == snapshot("""\
object <id>
type commit
tag prompts/a@1.1.0
tagger Jane Doe <jane@example.com> 1767225600 +0000

a 1.1.0

# My notes

- message 1 (user): the model reads another text

Prompt-Digest: <digest>
Prompt-Path: prompts/a.md
Prompt-Model: openai/gpt-4o-mini
Prompt-Change: minor
Prompt-Base: 1.0.0
Operation: <id>\
""")
    assert "left out" not in text
