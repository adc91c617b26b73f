"""Several sources: order, outages, and never going back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.errors import IntegrityError, SourceUnavailableError, UsageError
from promptops.runtime.registry import Registry
from promptops.runtime.sources.repositories import choose_source, open_options
from tests.runtime.sources.pieces import freeze
from tests.runtime.test_registry import NAME, Clock, settle, take_away

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.released import Press
    from tests.repositories import Repo


@pytest.fixture
def remote(press: Press, tmp_path: Path) -> Repo:
    """What the first source follows; deploying pushes nothing by itself."""
    return press.repo.publish(tmp_path / "remote.git")


@pytest.fixture
def file(press: Press, tmp_path: Path) -> Path:
    """A snapshot taken while 1.1.0 was live."""
    file = tmp_path / "prompts.json"
    file.write_bytes(freeze(press, NAME))
    return file


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_at(clock: Clock, tmp_path: Path) -> Callable[..., Registry]:
    def make(*sources: str | Path, **options: Any) -> Registry:
        settings = open_options(trust=None, cache=tmp_path / "cache", environment=None)
        return Registry(choose_source(list(sources), settings), timing=clock, **options)

    return make


def deploy(press: Press, version: str) -> None:
    press.deploy("production", {NAME: version})
    press.repo.git("push", "--quiet", "origin", "refs/heads/promptops/*")


@pytest.mark.slow
def test_the_first_source_answers_while_it_can(
    open_at: Callable[..., Registry], press: Press, remote: Repo, file: Path
) -> None:
    deploy(press, "1.0.0")
    with open_at(remote.url, file) as registry:
        found = registry.get(NAME)
        assert (found.version, found.source) == ("1.0.0", remote.url)
        assert registry.source == f"{remote.url}, else {file}"


@pytest.mark.slow
def test_the_next_one_answers_while_the_first_is_out_of_reach(
    open_at: Callable[..., Registry],
    press: Press,
    remote: Repo,
    file: Path,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    come_back = take_away(remote)
    with caplog.at_level(logging.WARNING), open_at(remote.url, file) as registry:
        found = registry.get(NAME)
        assert (found.version, found.source, found.is_stale) == ("1.1.0", str(file), False)
        assert [record.message.endswith(f"; using {file}") for record in caplog.records] == [True]
        registry.refresh()
        assert len(caplog.records) == 1

        come_back()
        deploy(press, "1.0.0")
        clock.seconds += 61
        assert registry.get(NAME).version == "1.0.0"
        settle()


@pytest.mark.slow
def test_no_source_takes_an_environment_back(
    open_at: Callable[..., Registry], press: Press, remote: Repo, file: Path, clock: Clock
) -> None:
    deploy(press, "1.0.0")
    with open_at(remote.url, file, max_stale=1000) as registry:
        assert registry.get(NAME).version == "1.0.0"
        take_away(remote)
        clock.seconds += 61
        found = registry.get(NAME)
        assert (found.version, found.is_stale) == ("1.0.0", True)
        settle()
        with pytest.raises(SourceUnavailableError, match="went back from deployment 3 to 2"):
            registry.refresh()
        clock.seconds += 1000
        with pytest.raises(SourceUnavailableError):
            registry.get(NAME)


def test_refused_content_is_not_hidden_by_another_source(
    open_at: Callable[..., Registry], press: Press, remote: Repo, file: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(file.read_bytes().replace(b"kindly", b"rudely"))
    with open_at(broken, file) as registry, pytest.raises(IntegrityError):
        registry.get(NAME)


def test_without_any_source_all_are_named(
    open_at: Callable[..., Registry], remote: Repo, press: Press, tmp_path: Path
) -> None:
    other = press.repo.publish(tmp_path / "other.git", "other")
    take_away(remote)
    other.path.rename(tmp_path / "gone")
    with (
        open_at(remote.url, other.url) as registry,
        pytest.raises(SourceUnavailableError) as caught,
    ):
        registry.get(NAME)
    assert remote.url in caught.value.message
    assert other.url in caught.value.message


def test_local_sources_take_turns_at_once(
    open_at: Callable[..., Registry], press: Press, file: Path
) -> None:
    with open_at(press.repo.path, file, refresh=0) as registry:
        assert registry.get(NAME).source == str(press.repo.path)
        come_back = take_away(press.repo)
        assert registry.get(NAME).source == str(file)
        come_back()
        assert registry.get(NAME).source == str(press.repo.path)


def test_a_list_has_sources() -> None:
    with pytest.raises(UsageError, match="list of sources is empty"):
        promptops.open([])
