"""Whose configuration holds for runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.errors import ConfigurationError, RefusedError
from tests.cli.running import accept
from tests.released import Press
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.registry import Registry

ALLOWS = "[models]\nallow = [{}]\n"


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMPTOPS_LOG", str(tmp_path / "runs.db"))
    monkeypatch.delenv("PROMPTOPS_CONFIG", raising=False)


def build_repo(folder: Path) -> None:
    repo = Repo.init(folder / "repo")
    press = Press(repo)
    repo.write("promptops.toml", ALLOWS.format("'echo/own'"))
    repo.commit()
    press.release("a", "1.0.0", model="echo/a", inputs="{question: string}")
    press.deploy("production", {"a": "1.0.0"})
    repo.publish(folder / "remote.git")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository whose own configuration allows nothing but echo/own."""
    copy_template(build_repo, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "repo")


def allowed(registry: Registry) -> set[str]:
    """Which models may be asked."""
    found = set()
    for model in ("echo/own", "echo/named", "echo/variable", "echo/any"):
        try:
            registry.run("a", {"question": "x"}, model=model)
        except RefusedError:
            continue
        found.add(model)
    return found


def open_source(kind: str, repo: Repo, tmp_path: Path, **options: Any) -> Registry:
    if kind == "url":
        url = f"file://{tmp_path / 'remote.git'}"
        return promptops.open(url, cache=tmp_path / "cache", **options)
    if kind == "snapshot":
        file = tmp_path / "prompts.json"
        accept(repo, "export", "--env", "production", "-o", str(file))
        return promptops.open(file, **options)
    return promptops.open(repo.path, **options)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["work tree", "url", "snapshot"])
def test_the_sources_own_holds_unless_another_is_named(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    named, variable = tmp_path / "named.toml", tmp_path / "variable.toml"
    named.write_text(ALLOWS.format("'echo/named'"))
    variable.write_text(ALLOWS.format("'echo/variable'"))
    with open_source(kind, repo, tmp_path) as registry:
        assert allowed(registry) == {"echo/own"}
    monkeypatch.setenv("PROMPTOPS_CONFIG", str(variable))
    with open_source(kind, repo, tmp_path) as registry:
        assert allowed(registry) == {"echo/variable"}
    with open_source(kind, repo, tmp_path, config=str(named)) as registry:
        assert allowed(registry) == {"echo/named"}


@pytest.mark.slow
def test_a_clone_url_is_asked_before_the_first_run_also_on_an_event_loop(
    repo: Repo, tmp_path: Path
) -> None:
    async def ask() -> tuple[str, str]:
        with open_source("url", repo, tmp_path) as registry:
            stream = registry.astream("a", {"question": "x"}, model="echo/own")
            text = "".join([piece.text async for piece in stream])
            run = await registry.arun("a", {"question": "x"}, model="echo/own")
            return text, run.text

    assert masked(asyncio.run(ask())) == snapshot(["Answer x as 1.0.0", "Answer x as 1.0.0"])


def test_commands_go_by_the_variable(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "variable.toml"
    file.write_text("[guards]\nspend_per_hour = 7\n")
    monkeypatch.setenv("PROMPTOPS_CONFIG", str(file))
    assert masked(accept(repo, "guards", "show")) == snapshot("""\
LIMIT           OF      SPENT     HELD  MOST      FREES
spend_per_hour  global  0.00 USD  -     7.00 USD  <time>
""")


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "cannot be read"), ("[guards]\nspend = 1\n", "unknown key"), ("[", "not TOML")],
)
def test_a_file_that_is_named_must_be_right(
    repo: Repo, tmp_path: Path, text: str | None, message: str
) -> None:
    file = tmp_path / "named.toml"
    if text is not None:
        file.write_text(text)
    with (
        promptops.open(repo.path, config=file) as registry,
        pytest.raises(ConfigurationError, match=message),
    ):
        registry.run("a", {"question": "x"})


def test_pyproject_is_read_as_such(repo: Repo, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.promptops.models]\nallow = ['echo/named']\n")
    with promptops.open(repo.path, config=file) as registry:
        assert allowed(registry) == {"echo/named"}


def test_a_snapshot_without_such_tables_has_none(repo: Repo, tmp_path: Path) -> None:
    repo.write("promptops.toml", "prompts = 'prompts'\n")
    repo.commit()
    with open_source("snapshot", repo, tmp_path) as registry:
        assert allowed(registry) == {"echo/own", "echo/named", "echo/variable", "echo/any"}
    assert '"config"' not in (tmp_path / "prompts.json").read_text()
