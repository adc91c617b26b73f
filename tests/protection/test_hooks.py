"""The hook in real repositories: it guards commits, lives with others, and goes without a trace."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo

GOOD = prompt_text()
BAD = prompt_text(body="{{ nothing }}")


def hook_path(repo: Repo) -> Path:
    return Path(repo.git("rev-parse", "--path-format=absolute", "--git-path", "hooks/pre-commit"))


def files_beside(path: Path) -> dict[str, str]:
    found = path.parent.glob("*") if path.parent.is_dir() else ()
    return {one.name: one.read_text() for one in found if one.suffix != ".sample" and one.is_file()}


def install(repo: Repo) -> None:
    result = run(repo, "hook", "install")
    assert result.exit_code == 0, result.stderr


def commit(repo: Repo, *args: str) -> tuple[int, str]:
    done = repo.run("commit", "--quiet", "-m", "x", *args)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.story
def test_a_commit_is_judged_by_what_it_would_contain(repo: Repo) -> None:
    repo.commit({"prompts/a.md": GOOD, "prompts/b.md": GOOD})
    install(repo)
    repo.write("prompts/a.md", BAD)
    repo.git("add", "--all")
    repo.write("prompts/a.md", GOOD)
    code, said = commit(repo)
    assert code == 1
    assert said == snapshot("""\
prompts/a.md:6:10: warning: input 'question' is never used [unused-input]
6 | inputs: {question: string}
  |          ^^^^^^^^
  hint: use it, or remove it

prompts/a.md:8:4: error: 'nothing' is not a declared input [undeclared-variable]
8 | {{ nothing }}
  |    ^^^^^^^
  hint: add 'nothing: string' under 'inputs'
1 prompt checked: 1 error, 1 warning
""")
    repo.git("add", "--all")
    repo.write("prompts/b.md", BAD)
    repo.write("prompts/a.md", prompt_text(body="{{ question }}!"))
    # `commit PATH` and `commit --all` hand the hook an index of their own.
    assert commit(repo, "prompts/a.md")[0] == 0
    assert commit(repo, "--all")[0] == 1
    assert commit(repo, "--all", "--no-verify")[0] == 0


@pytest.mark.story
def test_it_works_from_a_subfolder_and_another_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"prompts/a.md": GOOD, "src/x": ""})
    install(repo)
    repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    other = type(repo)(tmp_path / "other")
    other.write("prompts/a.md", BAD)
    assert commit(other, "--all")[0] == 1
    assert hook_path(other) == hook_path(repo)
    repo.write("src/x", "y")
    inside = type(repo)(repo.path / "src")
    assert commit(inside, "--all")[0] == 0


@pytest.mark.story
def test_a_file_of_the_repository_is_not_run_as_the_program(repo: Repo) -> None:
    repo.commit({"prompts/a.md": GOOD, "promptops.py": "print('run')", "yaml.py": "print('run')"})
    install(repo)
    repo.write("prompts/a.md", prompt_text(body="{{ question }}!"))
    code, said = commit(repo, "--all")
    assert (code, "run" in said) == (0, False)


def test_installing_twice_and_removing_twice_say_so(repo: Repo) -> None:
    assert masked(run(repo, "hook", "install", "--dry-run").stderr) == snapshot(
        ".git/hooks/pre-commit: would be installed\n"
    )
    assert files_beside(hook_path(repo)) == {}
    install(repo)
    assert masked(run(repo, "hook", "install").stderr) == snapshot(
        ".git/hooks/pre-commit: installed already\n"
    )
    path = hook_path(repo)
    text = path.read_text()
    path.write_text(text.replace(sys.executable, "/gone/python"))
    assert masked(run(repo, "hook", "install").stderr) == snapshot(
        ".git/hooks/pre-commit: updated\n"
    )
    assert path.read_text() == text
    assert masked(run(repo, "hook", "uninstall", "--dry-run").stderr) == snapshot(
        ".git/hooks/pre-commit: would be removed\n"
    )
    assert path.exists()
    assert masked(run(repo, "hook", "uninstall").stderr) == snapshot(
        ".git/hooks/pre-commit: removed\n"
    )
    assert files_beside(path) == {}


@pytest.mark.story
def test_a_hook_that_is_there_runs_first_and_comes_back(repo: Repo) -> None:
    repo.commit({"prompts/a.md": GOOD})
    repo.hook("pre-commit", "echo first; test ! -e stop")
    path = hook_path(repo)
    before = files_beside(path)
    install(repo)
    repo.write("prompts/a.md", BAD)
    code, said = commit(repo, "--all")
    assert code == 1
    assert said.index("first") < said.index("nothing")
    repo.write("prompts/a.md", prompt_text(body="{{ question }}!"))
    repo.write("stop", "")
    assert commit(repo, "--all")[0] == 1
    (repo.path / "stop").unlink()
    assert commit(repo, "--all")[0] == 0
    assert masked(run(repo, "hook", "uninstall").stderr) == snapshot("""\
.git/hooks/pre-commit: removed
the previous hook is restored
""")
    assert files_beside(path) == before
    assert path.stat().st_mode & 0o111


DISPATCHER = """\
name=$(basename "$0")
[ -f ".tool/$name" ] || exit 0
. "$(dirname -- "$0")/helper"
exec sh ".tool/$name"
"""


def test_a_hook_that_looks_at_its_name_and_its_folder_goes_on_working(repo: Repo) -> None:
    repo.commit({".tool/pre-commit": "exit 1\n"})
    repo.hook("pre-commit", DISPATCHER)
    path = hook_path(repo)
    path.with_name("helper").write_text("echo helped\n")
    before = files_beside(path)
    assert commit(repo, "--allow-empty")[0] == 1
    install(repo)
    code, said = commit(repo, "--allow-empty")
    assert (code, said) == (1, snapshot("helped\n"))
    run(repo, "hook", "uninstall")
    assert files_beside(path) == before
    assert not (path.parent / "before-promptops").exists()


def test_a_hook_that_an_earlier_version_kept_goes_on_running(repo: Repo) -> None:
    install(repo)
    path = hook_path(repo)
    former = path.with_name("pre-commit.before-promptops")
    former.write_text("#!/bin/sh\nexit 1\n")
    former.chmod(0o755)
    path.write_text(path.read_text().replace("before-promptops/pre-commit", former.name))
    assert masked(run(repo, "hook", "install").stderr) == snapshot("""\
.git/hooks/pre-commit: updated
the previous hook runs first: pre-commit
""")
    assert commit(repo, "--allow-empty")[0] == 1
    assert not former.exists()


def test_a_folder_that_another_tool_generates_is_left_alone(repo: Repo) -> None:
    repo.commit({".husky/_/.gitignore": "*\n", ".husky/pre-commit": "true\n"})
    repo.config("core.hooksPath", ".husky/_")
    result = run(repo, "hook", "install")
    assert result.exit_code == 1
    assert masked(result.stderr) == snapshot("""\
error: <folder>/repo/.husky/_ is generated by another tool: Git ignores it
 hint: add the line `promptops validate --staged` to the hook which that tool runs (with husky: .husky/pre-commit)
""")


def test_two_hooks_of_others_are_not_thrown_together(repo: Repo) -> None:
    repo.hook("pre-commit", "true")
    install(repo)
    repo.hook("pre-commit", "echo a third")
    before = files_beside(hook_path(repo))
    result = run(repo, "hook", "install")
    assert result.exit_code == 1
    assert masked(result.stderr) == snapshot("""\
error: <folder>/repo/.git/hooks/pre-commit is not from promptops, and before-promptops/pre-commit already exists
 hint: merge the two hooks, then run the command again
""")
    assert masked(run(repo, "hook", "uninstall").stderr) == snapshot(
        ".git/hooks/pre-commit: there is no hook of promptops\n"
    )
    assert files_beside(hook_path(repo)) == before


def test_a_hook_that_somebody_changed_is_not_thrown_away(repo: Repo) -> None:
    install(repo)
    path = hook_path(repo)
    path.write_text(path.read_text() + "# mine\n")
    result = run(repo, "hook", "uninstall")
    assert result.exit_code == 1
    assert masked(result.stderr) == snapshot("""\
error: <folder>/repo/.git/hooks/pre-commit was changed since promptops wrote it
 hint: remove the lines of promptops by hand
""")
    assert path.exists()


@pytest.mark.parametrize("target", ["{}/script", "../../../script"])
def test_a_link_stays_a_link(repo: Repo, target: str) -> None:
    script = repo.path.parent / "script"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    path = hook_path(repo)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(target.format(repo.path.parent))
    install(repo)
    assert commit(repo, "--allow-empty")[0] == 1
    assert script.read_text() == "#!/bin/sh\nexit 1\n"
    run(repo, "hook", "uninstall")
    assert str(path.readlink()) == target.format(repo.path.parent)


def test_hooks_that_the_team_shares_name_no_machine(repo: Repo) -> None:
    repo.commit({"prompts/a.md": GOOD})
    repo.config("core.hooksPath", ".githooks")
    install(repo)
    path = repo.path / ".githooks/pre-commit"
    assert sys.executable not in path.read_text()
    repo.write("prompts/a.md", BAD)
    assert commit(repo, "--all")[0] == 1


@pytest.mark.parametrize("folder", ["elsewhere", "/dev/null"])
def test_a_folder_for_all_repositories_is_left_alone(
    repo: Repo, tmp_path: Path, folder: str
) -> None:
    repo.config("core.hooksPath", str(tmp_path / "x" / folder))
    result = run(repo, "hook", "install")
    assert result.exit_code == 1
    assert "core.hooksPath" in result.stderr
    assert "hint:" in result.stderr
    assert not (tmp_path / "x").exists()


def test_without_the_program_a_commit_is_refused_with_the_remedy(repo: Repo) -> None:
    install(repo)
    path = hook_path(repo)
    path.write_text(path.read_text().replace(sys.executable, "/gone/python"))
    repo.write("x", "")
    repo.git("add", "--all")
    where = Path(repo.git("--exec-path"))
    done = repo.run("commit", "-m", "x", env={"PATH": f"{where}:/usr/bin:/bin", "VIRTUAL_ENV": ""})
    assert done.returncode == 1
    assert b"promptops is not installed" in done.stderr
