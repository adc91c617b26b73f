"""`promptops hook`: installed, taken away, and called by Git on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import refuse, run
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

ZERO = "0" * 40


def test_what_happens_to_the_file_is_told_and_a_dry_run_does_nothing(repo: Repo) -> None:
    file = repo.path / ".git" / "hooks" / "pre-commit"
    told = []
    for words, is_there in (
        (("install", "--dry-run"), False),
        (("install",), True),
        (("install",), True),
        (("uninstall", "--dry-run"), True),
        (("uninstall",), False),
        (("uninstall",), False),
    ):
        told.append(run(repo, "hook", *words).stderr)
        assert file.exists() is is_there
    assert masked("".join(told)) == snapshot("""\
.git/hooks/pre-commit: would be installed
.git/hooks/pre-commit: installed
.git/hooks/pre-commit: installed already
.git/hooks/pre-commit: would be removed
.git/hooks/pre-commit: removed
.git/hooks/pre-commit: there is no hook of promptops
""")


def test_a_hook_of_somebody_else_is_kept_and_named(repo: Repo) -> None:
    repo.hook("pre-commit", "exit 0\n")
    assert "the previous hook runs first: pre-commit" in run(repo, "hook", "install").stderr
    tried = run(repo, "hook", "uninstall", "--dry-run").stderr
    assert "the previous hook would be restored" in tried
    assert "the previous hook is restored" in run(repo, "hook", "uninstall").stderr


def test_a_server_without_its_protected_branch_is_warned_of(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "x"})
    bare = repo.publish(tmp_path / "bare.git")
    fine = run(bare, "hook", "install", "--server")
    assert (fine.exit_code, "warning:" in fine.stderr) == (0, False)
    bare.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    assert (
        "HEAD names the branch trunk, which does not exist"
        in run(bare, "hook", "install", "--server").stderr
    )


@pytest.mark.parametrize(
    "words", [("update", "refs/heads/main"), ("pre-receive", "x"), ("install", "now")]
)
def test_arguments_that_git_would_not_give_are_refused(repo: Repo, words: tuple[str, ...]) -> None:
    said = refuse(repo, "hook", *words, code=2)
    assert f"hook {words[0]} takes {'3' if words[0] == 'update' else 'no'} arguments" in said


def test_a_refused_ref_is_one_line_and_exit_code_1(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "x"})
    bare = repo.publish(tmp_path / "bare.git")
    bad = f"{bare.rev('main')} {ZERO} refs/heads/promptops/production\n"
    result = run(bare, "hook", "pre-receive", stdin=bad)
    assert result.exit_code == 1
    assert masked(result.stderr) == snapshot("""\
error: promptops/production: an environment is never deleted
 hint: run promptops rollback, which adds a deployment: the branch is never rewritten
""")
    fine = f"{ZERO} {bare.rev('main')} refs/heads/topic\n"
    assert run(bare, "hook", "pre-receive", stdin=fine).exit_code == 0
