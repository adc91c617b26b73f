"""Running git: finding repositories, resolving what users type, explaining failures."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from promptops.errors import GitError, NotARepositoryError, NotFoundError, UsageError
from promptops.git.process import (
    LOCAL_VARIABLES,
    Completed,
    Git,
    command_name,
    failure,
    first_line,
    foreign_environment,
    run_git,
)
from tests.processes import ends

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def test_a_subfolder_belongs_to_its_repository(repo: Repo) -> None:
    repo.write("a/b/c.md", "text")
    git = Git.discover(repo.path / "a" / "b")
    assert (git.work_tree, git.git_dir) == (repo.path, repo.path / ".git")
    assert git.common_dir == git.git_dir
    assert (git.is_bare, git.is_shallow, git.object_format) == (False, False, "sha1")


def test_a_bare_repository_has_no_work_tree(make_repo: MakeRepo) -> None:
    bare = make_repo("bare.git", bare=True, object_format="sha256")
    git = Git.discover(bare.path)
    assert (git.work_tree, git.git_dir, git.is_bare) == (None, bare.path, True)
    assert (git.object_format, git.object_id_bytes) == ("sha256", 32)
    assert git.run("rev-parse", "--git-dir").text == str(bare.path)


def test_the_git_folder_itself_is_a_repository_without_work_tree(repo: Repo) -> None:
    git = Git.discover(repo.path / ".git")
    assert (git.work_tree, git.is_bare) == (None, False)


def test_a_linked_worktree_shares_the_common_folder(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit({"a.md": "text"})
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    git = Git.discover(tmp_path / "linked")
    assert git.work_tree == tmp_path / "linked"
    assert git.common_dir == repo.path / ".git"
    assert git.git_dir == repo.path / ".git" / "worktrees" / "linked"
    assert git.resolve_commit("HEAD") == commit


def test_a_shallow_clone_knows_that_it_is_one(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit({"a.md": "1"})
    repo.commit({"a.md": "2"})
    git = Git.discover(repo.clone(tmp_path / "clone", "--depth=1").path)
    assert git.is_shallow
    with pytest.raises(NotFoundError) as caught:
        git.resolve_commit(first)
    assert "--unshallow" in (caught.value.hint or "")


def test_outside_a_repository_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError, match="is not in a Git repository") as caught:
        Git.discover(tmp_path)
    assert "git init" in (caught.value.hint or "")


def test_a_folder_that_is_not_there_is_not_a_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError, match="there is no folder"):
        Git.discover(tmp_path / "gone")


def test_a_line_break_in_the_path_is_refused(make_repo: MakeRepo) -> None:
    with pytest.raises(GitError, match="contains a newline"):
        Git.discover(make_repo("two\nlines").path)


def test_a_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git is not installed") as caught:
        Git.discover(tmp_path)
    assert "2.38" in (caught.value.hint or "")


def test_an_old_git_is_named_when_it_does_not_know_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\n"
        'test "$1" = version && { echo "git version 2.30.1"; exit; }\n'
        'echo "error: unknown option \\`path-format=absolute\'" >&2\nexit 129\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    with pytest.raises(GitError, match=r"git 2\.30 is too old"):
        Git.discover(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_another_users_repository_needs_the_remedy_that_git_names(repo: Repo) -> None:
    os.chown(repo.path, 12345, 12345)
    os.chown(repo.path / ".git", 12345, 12345)
    with pytest.raises(GitError, match="is owned by another user") as caught:
        Git.discover(repo.path)
    assert "safe.directory" in (caught.value.hint or "")


def test_a_foreign_repository_is_exactly_at_its_path(repo: Repo) -> None:
    repo.write("mirror/file", "")
    with pytest.raises(NotARepositoryError):
        Git.foreign(repo.path / "mirror")


def test_the_callers_git_variables_do_not_follow_into_a_foreign_repository(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = make_repo("mine"), make_repo("other")
    commit = other.commit({"a.md": "theirs"})
    monkeypatch.setenv("GIT_DIR", str(mine.path / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(mine.path / ".git" / "objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "x.y")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "kept")
    git = Git.foreign(other.path)
    assert git.resolve_commit("main") == commit
    assert git.run("config", "x.y").text == "kept"
    assert Git.discover(other.path).git_dir == mine.path / ".git"


def test_the_list_of_local_variables_is_gits_own() -> None:
    listed = set(run_git(["rev-parse", "--local-env-vars"]).text.split())
    assert listed - set(LOCAL_VARIABLES) <= {"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}
    assert not set(foreign_environment()) & set(LOCAL_VARIABLES)


def test_a_mirror_is_made_bare_and_empty(tmp_path: Path, repo: Repo) -> None:
    git = Git.create(tmp_path / "mirror", object_format="sha256")
    assert (git.is_bare, git.object_format) == (True, "sha256")
    assert repo.path.is_dir()


def test_a_relative_git_dir_in_a_hook_works_from_anywhere(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = repo.commit({"a.md": "text"})
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    git = Git.discover(repo.path)
    monkeypatch.chdir(tmp_path)
    assert git.resolve_commit("HEAD") == commit
    assert git.run("ls-files").text == "a.md"


def test_replacements_are_ignored(repo: Repo) -> None:
    first = repo.commit({"a.md": "1"})
    second = repo.commit({"a.md": "2"})
    repo.git("replace", second, first)
    git = Git.discover(repo.path)
    assert git.run("cat-file", "blob", f"{second}:a.md").text == "2"


@pytest.mark.parametrize("revision", ["", "-x", "--all", "^HEAD", "a\nb", "a\0b", "\x7f"])
def test_what_is_no_revision_is_refused_before_git_sees_it(repo: Repo, revision: str) -> None:
    repo.commit({"a.md": "text"})
    with pytest.raises(UsageError, match="is not a revision"):
        Git.discover(repo.path).resolve_commit(revision)


@pytest.mark.parametrize(
    "revision",
    ["gone", "HEAD~9", "main..main", "main...main", "0" * 40, ":/nothing", "@{9}", "HEAD:"],
)
def test_an_unknown_revision_is_an_error(repo: Repo, revision: str) -> None:
    repo.commit({"a.md": "text"})
    with pytest.raises(NotFoundError):
        Git.discover(repo.path).resolve_commit(revision)


def test_a_branch_that_begins_with_a_dash_has_a_full_name(repo: Repo) -> None:
    commit = repo.commit({"a.md": "text"})
    repo.git("update-ref", "refs/heads/-x", commit)
    git = Git.discover(repo.path)
    assert git.resolve_commit("refs/heads/-x") == commit
    assert git.resolve_tree("refs/heads/-x") == repo.rev("HEAD^{tree}")


def test_a_repository_without_commits_says_so(repo: Repo) -> None:
    with pytest.raises(NotFoundError, match="no commits yet"):
        Git.discover(repo.path).resolve_commit("HEAD")


def test_an_ambiguous_id_asks_for_more_characters(repo: Repo) -> None:
    short = repo.make_ambiguous()
    with pytest.raises(NotFoundError, match=f"{short} is ambiguous"):
        Git.discover(repo.path).resolve_tree(short)


@pytest.mark.parametrize(
    ("stderr", "line", "hint"),
    [
        ("fatal: it broke.\n", "it broke", None),
        ("hint: try\nerror: no way\nfatal: gave up\n", "no way", None),
        ("warning: odd\nsomething else\n", "something else", None),
        ("", "exit code 128", None),
        (
            "fatal: Unable to create '/r/.git/index.lock': File exists.\n",
            "Unable to create '/r/.git/index.lock': File exists",
            "remove /r/.git/index.lock",
        ),
        ("error: unable to write file x: No space left on device", "unable", "free disk space"),
        (
            "fatal: cannot open x: Read-only file system",
            "cannot open",
            "check the owner and the permissions",
        ),
        (
            "fatal: prepare: cannot lock ref 'x': unable to create directory for /r/x\n",
            "prepare",
            "check the owner and the permissions",
        ),
        ("fatal: loose object 12 (stored in x) is corrupt", "loose", "git fsck"),
        ("fatal: could not fetch 12 from promisor remote", "could not", "partial clone"),
        ("fatal: unable to auto-detect email address (got 'x')", "unable", "user.email"),
    ],
)
def test_a_failure_has_gits_own_line_and_a_remedy(stderr: str, line: str, hint: str | None) -> None:
    error = failure(["-c", "a=b", "frob"], Completed(b"", stderr, 128))
    assert error.message.startswith(f"git frob failed: {line}")
    assert (error.hint is None) if hint is None else (hint in (error.hint or ""))


def test_the_first_useful_line_keeps_what_a_remote_says() -> None:
    assert first_line("remote: fatal: no\n") == "remote: fatal: no"
    assert command_name(["-c", "x=y", "-C", "/r", "--bare", "log", "-1"]) == "log"


def test_a_file_size_limit_is_explained(repo: Repo) -> None:
    git = Git.discover(repo.path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(GitError) as caught:
            git.run("hash-object", "-w", "--stdin", stdin=os.urandom(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "limit" in (caught.value.hint or "")


@pytest.mark.story
def test_a_process_that_takes_too_long_is_ended(repo: Repo) -> None:
    git = Git.discover(repo.path)
    with pytest.raises(GitError, match=r"did not finish within 0\.2 seconds"):
        git.run("-c", "alias.wait=!exec sleep 30", "wait", timeout_seconds=0.2)


@pytest.mark.story
def test_an_interrupt_ends_the_child_and_comes_through(repo: Repo) -> None:
    program = (
        "import sys; from pathlib import Path; from promptops.git.process import Git\n"
        "git = Git.discover(Path(sys.argv[1]))\n"
        "git.run('-c', 'alias.wait=!echo $$ >pid; exec sleep 60', 'wait')\n"
    )
    pid = repo.path / "pid"
    os.mkfifo(pid)
    told = os.open(pid, os.O_RDONLY | os.O_NONBLOCK)
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(repo.path)], stderr=subprocess.PIPE, text=True
    )
    assert select.select([told], [], [], 20)[0], "git never ran the alias"
    child = int(os.read(told, 100))
    os.close(told)
    # Git may be here before the call that started it has returned.
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in stderr
    assert ends(child)


def test_a_nul_in_an_argument_is_refused(repo: Repo) -> None:
    with pytest.raises(UsageError, match="NUL"):
        Git.discover(repo.path).run("log", "a\0b")
