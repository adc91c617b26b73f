"""Hooks that check each commit and each push, or that only seem to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from tests.cli.running import accept, run
from tests.protection.doctor.pieces import (
    FINE,
    NOTE,
    WARNING,
    ask,
    ask_one,
    merge,
)
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def no_hook(repo: Repo) -> None:
    (repo.path / ".git/hooks/pre-commit").unlink()


def foreign_hook(repo: Repo) -> None:
    repo.hook("pre-commit", "make lint")


def idle_hook(repo: Repo) -> None:
    (repo.path / ".git/hooks/pre-commit").chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "severity", "said"),
    [
        (no_hook, NOTE, "no hook checks prompts"),
        (foreign_hook, NOTE, "does not run promptops"),
        (idle_hook, WARNING, "is not executable"),
    ],
)
def test_a_commit_hook_that_checks_nothing_is_found(
    sound: Repo, spoil: Callable[[Repo], None], severity: Severity, said: str
) -> None:
    spoil(sound)
    answer = ask_one(sound, "commit-hook")
    assert answer.severity is severity
    assert said in answer.seen
    assert answer.risk
    assert answer.remedy


def test_a_server_needs_a_hook(make_repo: MakeRepo) -> None:
    server = make_repo("server.git", bare=True)
    first = ask(server, "server-hook")
    assert [one.severity for one in first] == [Severity.ERROR, *[Severity.NOTE] * 3]
    server.hook("pre-receive", "exec promptops hook pre-receive")
    for name in ("receive.denyDeletes", "receive.denyNonFastForwards", "receive.fsckObjects"):
        server.config(name, "true")
    answer = ask_one(server, "server-hook")
    assert masked((answer.state, answer.seen)) == snapshot(
        ["fine", "promptops checks every push: pre-receive"]
    )


def test_the_hook_that_promptops_installs_is_known(make_repo: MakeRepo) -> None:
    server = make_repo("server.git", bare=True)
    done = run(server, "hook", "install", "--server")
    assert done.exit_code == 0, done.output
    assert any(one.state is FINE for one in ask(server, "server-hook"))


@pytest.mark.slow
def test_a_hook_that_a_manager_runs_counts(sound: Repo) -> None:
    sound.hook("pre-commit", "exec pre-commit hook-impl")
    assert ask_one(sound, "commit-hook").seen == snapshot(
        "the pre-commit hook does not run promptops"
    )
    merge(sound, {".pre-commit-config.yaml": MANAGED.format("id: promptops-validate")})
    assert ask_one(sound, "commit-hook").place == ".pre-commit-config.yaml"
    os.chmod(sound.path / ".git/hooks/pre-commit", 0o644)  # noqa: PTH101 - as a person would
    assert ask_one(sound, "commit-hook").severity is Severity.WARNING


MANAGED = "repos: [{{repo: https://example.com/promptops, hooks: [{{{}}}]}}]\n"


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("id: promptops-validate", "runs promptops"),
        ("id: promptops-validate, files: '^(prompts|evals)/'", "runs promptops"),
        ("id: promptops-validate, files: ^prompts/", "for files of evals/"),
        ("id: promptops-validate, files: ^app/prompts/", "does not start promptops"),
        ("id: promptops-validate, exclude: prompts", "does not start promptops"),
        ("id: x, entry: promptops validate --staged", "runs promptops"),
        ("id: x, entry: promptops validate", "instead of staged files"),
        ("id: x, files: (, entry: promptops validate", "does not start promptops"),
        ("id: black", "does not run promptops"),
    ],
)
def test_a_hook_manager_covers_the_prompts_and_what_is_staged(
    repo: Repo, hook: str, said: str
) -> None:
    # Before the first commit, what is in the work tree counts.
    repo.hook("pre-commit", "exec pre-commit hook-impl")
    repo.write("evals/a.yaml", "x")
    text = MANAGED.format(hook).replace("files: (,", "files: '(',")
    if "black" in hook:
        text = text.replace("promptops", "black")
    repo.write(".pre-commit-config.yaml", text)
    assert said in ask_one(repo, "commit-hook").seen


@pytest.mark.slow
def test_the_entry_of_init_is_sound(sound: Repo) -> None:
    sound.hook("pre-commit", "exec pre-commit hook-impl")
    accept(sound, "init")
    text = (sound.path / ".pre-commit-config.yaml").read_text("utf-8")
    merge(sound, {".pre-commit-config.yaml": text, "evals/a.yaml": "x: 1\n"})
    assert ask_one(sound, "commit-hook").state is FINE
