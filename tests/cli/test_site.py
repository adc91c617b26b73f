"""`promptops site`: the options, and what the command says of the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import refuse, run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


def write(repo: Repo, *options: str) -> str:
    result = run(repo, "site", "-o", "../site", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    return re.sub(r"\d+\.\d s", "0.0 s", result.stderr)


@pytest.mark.story
def test_it_says_what_was_written_and_where_to_begin(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text(), "prompts/b.md": prompt_text()})
    first = write(repo)
    assert re.match(r"2 prompts: \d+ files written in 0\.0 s\nopen .*/site/index\.html\n$", first)
    assert write(repo).startswith("2 prompts: 0 files written in 0.0 s\n")
    repo.git("rm", "--quiet", "prompts/b.md")
    repo.git("commit", "--quiet", "-m", "Drop b")
    assert re.match(r"1 prompt: .* removed in", write(repo))


@pytest.mark.slow
def test_the_title_is_the_folder_s_unless_one_is_given(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    index = repo.path.parent / "site/index.html"
    write(repo)
    assert f"Prompts of {repo.path.name}" in index.read_text()
    write(repo, "--title", "Ours & yours")
    assert "Ours &amp; yours" in index.read_text()


@pytest.mark.slow
def test_a_log_that_is_configured_may_fail_and_one_that_is_named_may_not(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    repo.write("promptops.toml", "[log]\nurl = 'runs.db'\n")
    assert "warning:" not in write(repo)  # there is none yet
    repo.write("runs.db", "no database")
    assert "warning: the log of runs is left out: " in write(repo)
    assert "warning:" not in write(repo, "--no-log")
    for place in ("runs.db", "nothing.db"):
        refuse(repo, "site", "-o", "site", "--log", place, code=2)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "no output folder given"),
        (("--serve", "-o", "site"), "--output and --serve cannot be combined"),
        (("-o", "site", "--allow-run"), "--allow-run needs --serve"),
        (("-o", "site", "--log", "x", "--no-log"), "--log and --no-log cannot be combined"),
    ],
)
def test_options_that_make_no_sense_write_nothing(
    repo: Repo, options: tuple[str, ...], told: str
) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    assert told in refuse(repo, "site", *options, code=2)
    assert not (repo.path / "site").exists()


def test_a_bare_repository_has_no_work_tree_to_show(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    refuse(repo.publish(tmp_path / "bare.git"), "site", "-o", str(tmp_path / "site"), code=2)
    assert not (tmp_path / "site").exists()
