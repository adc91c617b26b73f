"""The library over real sources, with a clock that the test turns."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.errors import (
    IntegrityError,
    NotARepositoryError,
    PausedError,
    SourceUnavailableError,
    UsageError,
    VersionNotFoundError,
)
from promptops.runtime.following import Timing
from promptops.runtime.registry import Registry
from promptops.runtime.sources.repositories import choose_source, open_options
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.released import Press
    from tests.repositories import Repo

NAME = "support/triage"


class Clock(Timing):
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_at(clock: Clock, tmp_path: Path) -> Callable[..., Registry]:
    def make(source: str | Path, **options: Any) -> Registry:
        settings = open_options(trust=None, cache=tmp_path / "cache", environment=None)
        return Registry(choose_source(source, settings), timing=clock, **options)

    return make


def settle() -> None:
    """Wait for the background refresh to end."""
    for thread in threading.enumerate():
        if thread.name == "promptops-refresh":
            thread.join()


def take_away(repo: Repo) -> Callable[[], None]:
    """Make a source unreachable; give what brings it back."""
    hidden = repo.path.with_name("hidden")
    repo.path.rename(hidden)
    return lambda: (hidden.rename(repo.path), None)[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["work tree", "subfolder", "bare", "url"])
def test_a_repository_answers_wherever_it_lies(
    press: Press, tmp_path: Path, kind: str, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    sources: dict[str, str | Path] = {
        "work tree": press.repo.path,
        "subfolder": press.repo.path / "prompts",
        "bare": bare.path,
        "url": bare.url,
    }
    with open_at(sources[kind]) as registry:
        assert registry.get(NAME).version == "1.1.0"
        (message,) = registry.get(f"{NAME}@1.0.0").render(question="a")
        assert message["content"] == "Answer a as 1.0.0"
        assert [(one.name, one.version) for one in registry.list()] == [(NAME, "1.1.0")]
        assert not registry.get(NAME).is_stale


def test_the_current_folder_is_the_default_source(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(press.repo.path)
    with promptops.open() as registry:
        assert registry.get(NAME).deployment == 2


@pytest.mark.parametrize(
    "source",
    ["no/such/folder", "ext::sh -c date", "ftp://example.com/x.git", "-u", "http://a b/c", "\0"],
)
def test_what_is_no_source_is_said_at_once(source: str) -> None:
    with pytest.raises(UsageError):
        promptops.open(source)


def test_a_folder_without_a_repository_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError):
        promptops.open(tmp_path)


def test_the_default_environment_can_be_chosen(press: Press) -> None:
    press.deploy("staging", {NAME: "1.0.0"})
    with promptops.open(press.repo.path, environment="staging") as registry:
        assert (registry.get(NAME).version, registry.get(NAME).environment) == ("1.0.0", "staging")


def test_moving_answers_hold_for_the_refresh_time_and_exact_ones_for_ever(
    press: Press, clock: Clock, open_at: Callable[..., Registry]
) -> None:
    registry = open_at(press.repo.path)
    first, exact = registry.get(NAME), registry.get(f"{NAME}@1.0.0")
    press.deploy("production", {NAME: "1.0.0"})
    clock.seconds += 59
    assert registry.get(NAME) is first
    clock.seconds += 2
    assert registry.get(NAME).version == "1.0.0"
    assert registry.get(f"{NAME}@1.0.0") is exact


def test_a_paused_prompt_is_refused_and_an_exact_pin_is_not(press: Press) -> None:
    press.deploy("production", {NAME: "1.1.0"}, paused={NAME: "leak"}, action="pause")
    with promptops.open(press.repo.path) as registry:
        with pytest.raises(PausedError, match=r"paused in production by Jane Doe on .*: leak"):
            registry.get(NAME)
        assert registry.get(f"{NAME}@1.1.0").version == "1.1.0"
        assert registry.list()[0].paused == "leak"


def test_the_work_tree_is_read_at_every_call(press: Press) -> None:
    with promptops.open(press.repo.path) as registry:
        before = registry.get(f"{NAME}@working").digest
        press.repo.write("prompts/_shared/tone.md", "Be kind.\n")
        assert registry.get(f"{NAME}@working").digest != before


@pytest.mark.story
def test_a_url_is_asked_again_when_the_answer_is_too_old(
    press: Press, clock: Clock, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    registry = open_at(bare.url)
    assert registry.get(NAME).version == "1.1.0"
    press.deploy("production", {NAME: "1.0.0"})
    press.repo.git("push", "--quiet", "origin", "promptops/production")
    clock.seconds += 61
    assert (registry.get(NAME).version, registry.get(NAME).is_stale) == ("1.0.0", False)
    press.deploy("production", {NAME: "1.1.0"})
    press.repo.git("push", "--quiet", "origin", "promptops/production")
    clock.seconds += 46
    assert registry.get(NAME).version == "1.0.0"  # asked ahead, behind the caller's back
    settle()
    assert registry.get(NAME).version == "1.1.0"


@pytest.mark.slow
def test_a_version_released_a_moment_ago_is_found(
    press: Press, clock: Clock, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    registry = open_at(bare.url)
    registry.get(NAME)
    clock.seconds += 10
    press.release(NAME, "1.2.0")
    press.repo.git("push", "--quiet", "origin", f"refs/tags/prompts/{NAME}@1.2.0")
    assert registry.get(f"{NAME}@1.2.0").version == "1.2.0"
    with pytest.raises(VersionNotFoundError):
        registry.get(f"{NAME}@1.3.0")


@pytest.mark.story
def test_a_source_that_is_down_leaves_its_last_state_marked_as_stale(
    press: Press, clock: Clock, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    registry = open_at(bare.url, max_stale=3600)
    fetched_at = registry.get(NAME).fetched_at
    exact = registry.get(f"{NAME}@1.0.0")
    bring_back = take_away(bare)
    for seconds in (61, 1000, 2000):
        clock.seconds += seconds
        registry.get(NAME)
        settle()
        stale = registry.get(NAME)
        assert stale.is_stale
        assert stale.version == "1.1.0"
        assert stale.fetched_at == fetched_at
        assert masked(stale.warnings[-1]) == snapshot(
            "the source is unreachable: cannot reach the remote file://<folder>/remote.git: '<folder>/remote.git' does not appear to be a git repository"
        )
    clock.seconds += 1000
    with pytest.raises(SourceUnavailableError):
        registry.get(NAME)
    assert registry.get(f"{NAME}@1.0.0") is exact
    bring_back()
    assert not registry.get(NAME).is_stale


@pytest.mark.slow
def test_a_cold_start_without_the_source_uses_the_copy_on_disk(
    press: Press, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    with open_at(bare.url) as warm:
        warm.get(NAME)
    take_away(bare)
    cold = open_at(bare.url, refresh=0)
    assert (cold.get(NAME).version, cold.get(NAME).is_stale) == ("1.1.0", True)
    assert cold.get(f"{NAME}@1.0.0").version == "1.0.0"
    assert not cold.get(f"{NAME}@1.0.0").is_stale
    too_late = open_at(bare.url, refresh=0, max_stale=0)
    with pytest.raises(SourceUnavailableError):
        too_late.get(NAME)


def test_a_cold_start_without_source_and_copy_says_so(
    tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    registry = open_at((tmp_path / "nowhere.git").as_uri())
    with pytest.raises(SourceUnavailableError):
        registry.get(NAME)


@pytest.mark.slow
def test_history_that_went_back_is_refused_also_by_the_next_process(
    press: Press, clock: Clock, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    registry = open_at(bare.url)
    registry.get(NAME)
    bare.git("update-ref", "refs/heads/promptops/production", "refs/heads/promptops/production~1")
    clock.seconds += 61
    for ask in (registry.refresh, lambda: registry.get(NAME)):
        with pytest.raises(IntegrityError, match="went back from deployment 2 to 1"):
            ask()
    with pytest.raises(IntegrityError, match="went back"):
        open_at(bare.url).get(NAME)
    assert registry.get(f"{NAME}@1.0.0").version == "1.0.0"


def test_another_commit_under_the_same_number_is_refused(
    press: Press, clock: Clock, open_at: Callable[..., Registry]
) -> None:
    registry = open_at(press.repo.path)
    first = registry.get(NAME)
    assert first.placement is not None
    parent = press.repo.rev("refs/heads/promptops/production~1")
    press.deploy("production", {NAME: "1.0.0"}, parent=parent)
    clock.seconds += 61
    with pytest.raises(IntegrityError, match="another deployment 2"):
        registry.get(NAME)


@pytest.mark.slow
def test_a_shallow_runtime_follows_by_number(
    press: Press, clock: Clock, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    branch = "promptops/production"
    options = ("--bare", f"--branch={branch}", "--no-tags", "--depth=1")
    runtime = press.repo.clone(tmp_path / "runtime", *options)
    registry = open_at(runtime.path)
    assert registry.get(NAME).deployment == 2
    press.deploy("production", {NAME: "1.0.0"})
    press.deploy("production", {NAME: "1.1.0"})
    runtime.git("fetch", "--quiet", "--depth=1", "origin", f"+{branch}:{branch}")
    clock.seconds += 61
    assert registry.get(NAME).deployment == 4


def test_a_number_without_the_history_for_it_is_refused(
    press: Press, clock: Clock, open_at: Callable[..., Registry]
) -> None:
    registry = open_at(press.repo.path)
    registry.get(NAME)
    press.deploy("production", {NAME: "1.0.0"}, parent=None, number=99)
    clock.seconds += 61
    with pytest.raises(IntegrityError, match="is not based on 2"):
        registry.get(NAME)


@pytest.mark.slow
def test_an_environment_that_was_removed_is_refused(
    press: Press, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    with open_at(bare.url) as registry:
        registry.get(NAME)
        bare.git("update-ref", "-d", "refs/heads/promptops/production")
        for ask in (registry.refresh, lambda: registry.get(NAME)):
            with pytest.raises(IntegrityError, match="missing from"):
                ask()


@pytest.mark.slow
def test_a_moved_tag_is_not_followed(
    press: Press, tmp_path: Path, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    digest = press.files[NAME, "1.0.0"]
    with open_at(bare.url) as registry:
        registry.get(NAME)
        bare.git("update-ref", f"refs/tags/prompts/{NAME}@1.0.0", f"refs/tags/prompts/{NAME}@1.1.0")
        registry.refresh()
        pinned = registry.get(f"{NAME}@1.0.0")
        assert pinned.prompt.closure.files[f"{NAME}.md"].decode() == digest[f"{NAME}.md"]
        assert masked(pinned.warnings[0]) == snapshot(
            "the source moved a tag, which is ignored: prompts/support/triage@1.0.0 differs between this clone and the remote file://<folder>/remote.git (would clobber existing tag)"
        )


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["objects", "everything", "head"])
def test_a_damaged_mirror_is_made_anew_and_that_is_said(
    press: Press, tmp_path: Path, damage: str, open_at: Callable[..., Registry]
) -> None:
    bare = press.repo.publish(tmp_path / "remote.git")
    with open_at(bare.url) as registry:
        registry.get(NAME)
    (mirror,) = (tmp_path / "cache" / "mirrors").glob("*/repository.git")
    if damage == "objects":
        shutil.rmtree(mirror / "objects")
        (mirror / "objects").mkdir()
    elif damage == "head":
        (mirror / "HEAD").write_text("")
    else:
        shutil.rmtree(mirror)
        mirror.mkdir()
    with open_at(bare.url) as again:
        resolved = again.get(NAME)
        assert resolved.version == "1.1.0"
        assert resolved.warnings[0] == snapshot("the copy on disk was damaged and has been rebuilt")
        assert again.get(f"{NAME}@1.0.0").version == "1.0.0"


@pytest.mark.slow
def test_threads_share_a_registry(press: Press) -> None:
    failures: list[BaseException] = []
    with promptops.open(press.repo.path, refresh=0) as registry:

        def work() -> None:
            try:
                for _ in range(20):
                    assert registry.get(NAME).version == "1.1.0"
                    assert registry.get(f"{NAME}@1.0.0").version == "1.0.0"
            except BaseException as error:  # noqa: BLE001 - shown by the assertion below
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_goes_on_by_itself(press: Press) -> None:
    registry = promptops.open(press.repo.path, refresh=0)
    registry.get(NAME)
    registry._following._lock.acquire()
    registry._following._reading.acquire()
    child = os.fork()
    if child == 0:
        try:
            right = registry.get(NAME).version == "1.1.0"
            right = right and registry.get(f"{NAME}@1.0.0").version == "1.0.0"
            os._exit(0 if right else 1)
        except BaseException:  # noqa: BLE001 - a child of a test must not run the test's end
            os._exit(2)
    registry._following._reading.release()
    registry._following._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert registry.get(NAME).version == "1.1.0"


def test_async_callers_wait_without_blocking(press: Press) -> None:
    async def both(registry: Registry) -> list[str]:
        found = await asyncio.gather(
            registry.get_async(NAME), registry.get_async(f"{NAME}@1.0.0"), registry.get_async(NAME)
        )
        return [one.version for one in found]

    with promptops.open(press.repo.path) as registry:
        assert asyncio.run(both(registry)) == ["1.1.0", "1.0.0", "1.1.0"]


def test_a_closed_registry_answers_nothing(press: Press) -> None:
    registry = promptops.open(press.repo.path)
    registry.get(NAME)
    registry.close()
    with pytest.raises(UsageError, match="closed"):
        registry.get(NAME)


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, promptops; dir(promptops)\n"
        "heavy = {'litellm', 'git', 'deepdiff', 'rich', 'typer', 'jinja2', 'yaml'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
