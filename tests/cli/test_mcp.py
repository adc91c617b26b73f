"""`promptops mcp`: who may see what, over which transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.running import refuse, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.released import Press

pytest.importorskip("mcp")
pytest.importorskip("httptools")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be served, over either transport: the environment, and the tools' options."""
    found: list[Any] = []
    module = "promptops.server.mcp.application"
    monkeypatch.setattr(f"{module}.serve_streams", lambda *given: found.append(given[1:]))
    monkeypatch.setattr(f"{module}.make_application", lambda *given: found.append(given[1:]))
    monkeypatch.setattr("promptops.server.listening.serve", lambda *given: given[2].close())
    return found


def test_a_client_beside_the_work_tree_sees_it(press: Press, served: list[Any]) -> None:
    assert run(press.repo, "mcp").exit_code == 0
    ((environment, options),) = served
    assert environment == "production"
    assert (options.folder, options.may_run) == (press.repo.path, False)


def test_runs_and_another_environment_have_to_be_asked_for(press: Press, served: list[Any]) -> None:
    assert run(press.repo, "mcp", "--allow-run", "--env", "staging").exit_code == 0
    ((environment, options),) = served
    assert (environment, options.may_run) == ("staging", True)


def test_over_http_nobody_sees_the_work_tree_and_keys_are_needed(
    press: Press, served: list[Any]
) -> None:
    result = run(press.repo, "mcp", "--http", "--port", "0")
    assert result.exit_code == 0, result.output
    ((_, options),) = served
    assert options.folder is None
    assert "warning: there is no key yet, so every request is refused" in result.stderr
    assert "at http://127.0.0.1:" in result.stderr


def test_a_source_elsewhere_has_no_work_tree(
    press: Press, served: list[Any], tmp_path: Path
) -> None:
    bare = press.repo.publish(tmp_path / "bare.git")
    assert run(press.repo, "mcp", "--source", str(bare.path)).exit_code == 0
    assert [options.folder for _, options in served] == [None]


def test_a_bare_repository_is_served_without_a_work_tree(
    press: Press, served: list[Any], tmp_path: Path
) -> None:
    bare = press.repo.publish(tmp_path / "bare.git")
    result = run(bare, "mcp")
    assert result.exit_code == 0, result.output
    assert [options.folder for _, options in served] == [None]


def test_keys_are_for_http(press: Press, served: list[Any]) -> None:
    assert "--keys needs --http" in refuse(press.repo, "mcp", "--keys", "k.json", code=2)
    assert served == []


def test_what_is_not_installed_is_said_before_anything_else(
    press: Press, served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    said = refuse(press.repo, "mcp", code=2)
    assert "pip install 'git-promptops[mcp]'" in said
    assert served == []
