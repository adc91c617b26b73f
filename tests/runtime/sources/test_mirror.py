"""Mirrors under many processes, and under processes that are killed."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.errors import IntegrityError, SourceUnavailableError
from promptops.git.process import Git
from promptops.runtime.sources.mirror import Mirror
from tests.released import Press, publish_triage

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo

NAME = "support/triage"

READ = """
import sys, promptops
with promptops.open(sys.argv[1], cache=sys.argv[2]) as registry:
    print(registry.get("support/triage"), registry.get("support/triage@1.0.0"))
"""


def killed_at(step: int, url: str, cache: Path, errors: Path) -> bool:
    """Ask in a forked process that is killed right before a step; whether it came so far.

    A step starts a process or puts a file in its place. A process that is not killed must end well.
    """
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        code = 1
        with contextlib.suppress(Exception), errors.open("w") as file:
            # Git and Python write there, and so do warnings without a handler.
            os.dup2(file.fileno(), 2)
            sys.stderr = file
            logging.getLogger().handlers.clear()
            seen = itertools.count(1)

            def reached() -> None:
                if next(seen) == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            start, move = subprocess.Popen.__init__, Path.replace

            def starting(*args: Any, **options: Any) -> None:
                reached()
                start(*args, **options)

            def moving(path: Path, target: Path) -> Path:
                reached()
                return move(path, target)

            subprocess.Popen.__init__, Path.replace = starting, moving  # type: ignore[method-assign,assignment]
            with promptops.open(url, cache=cache, refresh=0) as registry:
                registry.get(NAME)
            code = 0
        os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended == -signal.SIGKILL or (ended, errors.read_text()) == (0, "")
    return ended != 0


@pytest.fixture
def remote(press: Press, tmp_path: Path) -> Repo:
    return press.repo.publish(tmp_path / "remote.git")


def start(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def mirrors(cache: Path) -> list[Path]:
    return sorted((cache / "mirrors").glob("*/repository.git*"))


@pytest.mark.story
def test_processes_that_start_together_share_one_mirror(remote: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    processes = [start(READ, remote.url, str(cache)) for _ in range(4)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
        assert out.split() == [f"{NAME}@1.1.0", f"{NAME}@1.0.0"]
    assert len(mirrors(cache)) == 1


@pytest.mark.story
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("first", [True, False], ids=["while made", "while fetched"])
def test_a_process_killed_at_any_step_leaves_a_mirror_that_works(
    press: Press, remote: Repo, tmp_path: Path, *, first: bool
) -> None:
    steps = 0
    killed = True
    while killed:
        steps += 1
        cache = tmp_path / f"cache{steps}"
        if not first:
            with promptops.open(remote.url, cache=cache) as registry:
                registry.get(NAME)
            press.deploy("production", {NAME: "1.0.0"})
            press.repo.git("push", "--quiet", "origin", "promptops/production")
        killed = killed_at(steps, remote.url, cache, tmp_path / "errors")
        with promptops.open(remote.url, cache=cache, refresh=0) as registry:
            resolved = registry.get(NAME)
            assert (resolved.version, resolved.is_stale) == ("1.1.0" if first else "1.0.0", False)
        assert len(mirrors(cache)) == 1
    assert steps > 5


@pytest.mark.story
def test_a_stale_lock_of_a_killed_git_is_overcome(
    press: Press, remote: Repo, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with promptops.open(remote.url, cache=cache) as registry:
        registry.get(NAME)
        (mirror,) = mirrors(cache)
        (mirror / "packed-refs.lock").touch()
        (mirror / "refs" / "heads" / "promptops" / "production.lock").touch()
        press.deploy("production", {NAME: "1.0.0"})
        press.repo.git("push", "--quiet", "origin", "promptops/production")
        registry.refresh()
        assert registry.get(NAME).version == "1.0.0"


@pytest.mark.slow
def test_only_what_is_needed_is_fetched(press: Press, remote: Repo, tmp_path: Path) -> None:
    press.repo.git("branch", "feature")
    press.repo.git("tag", "v1")
    press.repo.git("push", "--quiet", "origin", "feature", "v1")
    with promptops.open(remote.url, cache=tmp_path / "cache") as registry:
        registry.get(NAME)
    (mirror,) = mirrors(tmp_path / "cache")
    git = Git.foreign(mirror)
    names = git.run("for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags").text.split()
    assert names == [
        "refs/heads/main",
        "refs/heads/promptops/production",
        f"refs/tags/prompts/{NAME}@1.0.0",
        f"refs/tags/prompts/{NAME}@1.1.0",
    ]


@pytest.mark.slow
def test_the_sources_own_settings_count(press: Press, tmp_path: Path) -> None:
    press.deploy("live", {NAME: "1.0.0"})
    press.repo.commit({"promptops.toml": 'environments = ["live"]\n'})
    remote = press.repo.publish(tmp_path / "remote.git")
    with promptops.open(remote.url, cache=tmp_path / "cache") as registry:
        assert registry.get(NAME).environment == "live"


@pytest.mark.slow
def test_a_source_without_a_default_branch_has_the_default_settings(
    press: Press, tmp_path: Path
) -> None:
    remote = press.repo.publish(tmp_path / "remote.git")
    remote.git("symbolic-ref", "HEAD", "refs/heads/nobody-pushed-it")
    with promptops.open(remote.url, cache=tmp_path / "cache") as registry:
        assert registry.get(NAME).environment == "production"


@pytest.mark.slow
def test_a_default_branch_that_is_renamed_is_followed(remote: Repo, tmp_path: Path) -> None:
    with promptops.open(remote.url, cache=tmp_path / "cache") as registry:
        registry.get(NAME)
        remote.git("branch", "-m", "main", "trunk")
        registry.refresh()
        assert registry.get(NAME).version == "1.1.0"


@pytest.mark.slow
def test_sha256_sources_are_mirrored(make_repo: MakeRepo, tmp_path: Path) -> None:
    press = Press(make_repo("sha256", object_format="sha256"))
    publish_triage(press)
    remote = press.repo.publish(tmp_path / "remote.git")
    with promptops.open(remote.url, cache=tmp_path / "cache") as registry:
        assert registry.get(NAME).version == "1.1.0"


@pytest.mark.slow
def test_git_variables_of_the_caller_do_not_reach_the_mirror(
    remote: Repo, tmp_path: Path, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repo("other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    with promptops.open(remote.url, cache=tmp_path / "cache") as registry:
        assert registry.get(NAME).version == "1.1.0"
    monkeypatch.delenv("GIT_DIR")
    assert other.refs() == {}


def test_a_cache_folder_that_cannot_be_used_is_said(remote: Repo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        promptops.open(remote.url, cache=tmp_path / "file") as registry,
        pytest.raises(SourceUnavailableError, match="the cache folder cannot be used"),
    ):
        registry.get(NAME)


def test_credentials_in_a_url_are_never_shown() -> None:
    registry = promptops.open("https://user:secret@example.invalid/prompts.git")
    assert "secret" not in f"{registry!r} {registry.source}"


@pytest.mark.slow
def test_a_branch_that_is_no_environment_is_refused_alone(
    press: Press, remote: Repo, tmp_path: Path
) -> None:
    press.repo.git("push", "--quiet", "origin", "main:refs/heads/promptops/staging")
    mirror = Mirror(remote.url, tmp_path / "cache", None)
    state = mirror.update()
    mirror.close()
    assert set(state.refusals) == {"staging"}
    with promptops.open(remote.url, cache=tmp_path / "cache") as registry:
        assert registry.get(NAME).version == "1.1.0"
        with pytest.raises(IntegrityError, match="not a deployment"):
            registry.get(f"{NAME}@staging")


@pytest.mark.slow
def test_a_killed_holder_gives_its_lock_back(remote: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with promptops.open(remote.url, cache=cache) as registry:
        registry.get(NAME)
    (folder,) = (cache / "mirrors").iterdir()
    code = (
        "import fcntl, os, sys\n"
        "fcntl.flock(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    with promptops.open(remote.url, cache=cache, refresh=0) as registry:
        assert not registry.get(NAME).is_stale
