"""What all verbs that deploy share: the question before, and the report after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, run, sit_at_terminal
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.fixture
def at_terminal(staged: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at a terminal, once the repository is there."""
    sit_at_terminal(monkeypatch)


@pytest.mark.story
@pytest.mark.usefixtures("at_terminal")
def test_a_person_sees_the_change_before_the_question(staged: Repo) -> None:
    tip = staged.rev("promptops/production")
    words = ("promote", "a@1.1.0", "--to", "production")
    result = run(staged, *words, stdin="n\n")
    assert result.exit_code == 1
    assert result.stderr == ("production: a 1.0.0 -> 1.1.0\nDeploy this? [y/N] nothing changed\n")
    assert staged.rev("promptops/production") == tip
    assert run(staged, *words, stdin="y\n").exit_code == 0
    assert staged.rev("promptops/production") != tip


@pytest.mark.usefixtures("at_terminal")
def test_a_rollback_shows_the_text_that_comes_back(staged: Repo) -> None:
    result = run(staged, "rollback", "a", "--env", "staging", stdin="n\n")
    assert masked(result.stderr) == snapshot("""\
staging: a 1.1.0 -> 1.0.0
  behaviour  message 1 (user): the model reads another text

  message 1 (user) changed
  @@ line 1 @@
  - Now {{ question }}
  + Answer {{ question }}
Deploy this? [y/N] nothing changed
""")


@pytest.mark.usefixtures("at_terminal")
def test_nobody_is_asked_about_nothing(staged: Repo) -> None:
    result = run(staged, "promote", "a@1.0.0", "--to", "production")
    assert (result.exit_code, "[y/N]" in result.stderr) == (0, False)


@pytest.mark.slow
def test_the_report_says_how_to_undo_it_and_what_is_live_elsewhere(staged: Repo) -> None:
    done = run(staged, "promote", "a@1.1.0", "--to", "production")
    assert done.stdout == "production: a 1.0.0 -> 1.1.0\n"
    assert done.stderr == (
        "deployment 2 of production\nto undo it: promptops rollback a --env production\n"
    )
    back = run(staged, "rollback", "a", "--env", "production").stderr
    assert "a 1.1.0 is still live in staging; promptops yank a@1.1.0 --reason TEXT" in back


@pytest.mark.slow
def test_a_release_that_a_limit_refuses_is_named(staged: Repo) -> None:
    staged.commit({"promptops.toml": "[guards]\nspend_per_day = 1\n"})
    result = run(staged, "promote", "a@1.1.0", "--to", "production")
    assert "a@1.1.0 has no max_tokens, and guards.spend_per_day is set" in result.stderr


@pytest.mark.slow
def test_what_is_not_pushed_is_told_each_time(staged: Repo, tmp_path: Path) -> None:
    staged.publish(tmp_path / "remote.git")
    for version, count in (("1.1.0", "1 deployment is"), ("1.0.0", "2 deployments are")):
        result = run(staged, "promote", f"a@{version}", "--to", "production", "--local")
        assert f"warning: production: {count} not pushed to origin" in result.stderr


@pytest.mark.slow
def test_programs_get_the_deployment_or_none(staged: Repo) -> None:
    words = ("promote", "a@1.1.0", "--to", "production", "--format", "json")
    tried = json.loads(accept(staged, *words, "--dry-run"))
    done = json.loads(accept(staged, *words))
    assert (tried["dry_run"], tried["deployment"], len(tried["changes"])) == (True, None, 1)
    assert done["deployment"] == {"number": 2, "commit": staged.rev("promptops/production")}
    assert done["changes"] == tried["changes"]
