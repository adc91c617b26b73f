"""`promptops stubs`: types for what is live, on the screen or in a file."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


def build_live(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit(
        {
            "prompts/a.md": prompt_text(),
            "prompts/b.md": prompt_text(),
            "promptops.toml": 'environments = ["staging", "production"]\n',
        }
    )
    accept(repo, "release", "--all")
    accept(repo, "promote", "a", "b", "--to", "staging")
    accept(repo, "promote", "a", "--to", "production")
    repo.commit(
        {"prompts/a.md": prompt_text("2.0.0", inputs="{ticket: string}", body="{{ ticket }}")}
    )


@pytest.fixture
def live(tmp_path: Path) -> Repo:
    """`a` and `b` are in staging, `a` alone in production; in the work tree it takes others."""
    copy_template(build_live, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.story
def test_the_live_version_counts_and_not_the_work_tree(live: Repo) -> None:
    text = accept(live, "stubs", "--lang", "python")
    ast.parse(text)
    assert "question" in text
    assert "ticket" not in text


def test_everything_of_the_environment_unless_prompts_are_named(live: Repo) -> None:
    for words, calls in (
        ((), ["a@production"]),
        (("--env", "staging"), ["a@staging", "b@staging"]),
        (("--env", "staging", "b"), ["b@staging"]),
    ):
        text = accept(live, "stubs", "--lang", "curl", *words)
        assert re.findall(r"/v1/run/(\S+)\"", text) == calls


@pytest.mark.slow
def test_a_file_has_what_the_screen_shows(live: Repo) -> None:
    for language in ("python", "typescript", "curl"):
        shown = accept(live, "stubs", "--lang", language)
        result = run(live, "stubs", "--lang", language, "-o", "stubs.txt")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "1 prompt of production: stubs.txt written\n"
        assert (live.path / "stubs.txt").read_text() == shown


def test_what_cannot_be_written_leaves_the_file_alone(live: Repo) -> None:
    live.write("stubs.txt", "mine")
    for words, told in (
        (("b",), "b is not live in production"),
        (("a", "--all"), "names and --all cannot be combined"),
    ):
        said = refuse(live, "stubs", "--lang", "python", "-o", "stubs.txt", *words, code=2)
        assert told in said
    assert (live.path / "stubs.txt").read_text() == "mine"
