"""The filters of runs that options make, and in whose name runs are changed."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

import pytest

from promptops.cli.runs.opening import log_settings, make_filters, open_run_log, who
from promptops.cli.session import Session, start_session
from promptops.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        (None, (None, None, None)),
        ("a/b", ("a/b", None, None)),
        ("a/*@1.2.0", ("a/*", "1.2.0", None)),
        ("a@staging", ("a", None, "staging")),
        ("@staging", (None, None, "staging")),
        ("a@", ("a", None, None)),
    ],
)
def test_a_selector_is_a_version_or_an_environment(
    prompt: str | None, found: tuple[str | None, ...]
) -> None:
    made = make_filters(prompt)
    assert (made.prompt, made.version, made.environment) == found


def test_an_environment_may_be_named_twice_but_not_two() -> None:
    assert make_filters("a@staging", environment="staging").environment == "staging"
    with pytest.raises(UsageError, match="'@staging' and --env live cannot be combined"):
        make_filters("a@staging", environment="live")


@pytest.mark.parametrize(
    ("options", "evals"),
    [
        ({}, False),
        ({"evals": True}, True),
        ({"environment": "eval"}, None),
        ({"parent": "x"}, None),
        ({"parent": "x", "evals": True}, True),
        ({"evals": None}, None),
    ],
)
def test_evals_are_left_out_unless_they_are_asked_for(
    options: dict[str, Any], evals: bool | None
) -> None:
    assert make_filters("a", **options).evals is evals


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"status": "faild"}, "--status 'faild' is unknown", "did you mean 'failed'?"),
        ({"stage": "xyzzy"}, "--stage 'xyzzy' is unknown", "one of: "),
        ({"since": "soon"}, "'soon' is not a time", "write a time span"),
    ],
)
def test_a_word_that_means_nothing_is_refused(
    options: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        make_filters(**options)
    assert (caught.value.hint or "").startswith(hint)


def test_an_age_counts_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.cli.runs.opening.time.time", lambda: 1_000_000.0)
    made = make_filters(since="1h", until="10m")
    assert (made.since, made.until) == (1_000_000.0 - 3600, 1_000_000.0 - 600)


def test_a_change_is_in_the_name_that_git_knows_else_the_system_s(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_session(Session(str(repo.path)))
    assert who() == "Jane Doe <jane@example.com>"
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GIT_COMMITTER_EMAIL", raising=False)
    monkeypatch.setattr(getpass, "getuser", lambda: "jane")
    start_session(Session(str(repo.path)))
    assert who() == "jane"


def test_a_log_that_is_not_there_is_not_made(repo: Repo, tmp_path: Path) -> None:
    repo.write("promptops.toml", '[log]\nurl = "logs/runs.db"\nretention = "30d"\n')
    start_session(Session(str(repo.path)))
    with pytest.raises(NotFoundError):
        open_run_log()
    assert not (repo.path / "logs").exists()
    assert log_settings().retention_seconds == 30 * 86_400
