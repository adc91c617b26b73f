"""A world without surprises for every test: no user's configuration, clock, colours or network.

Dates and identities are fixed, so that a test that makes the same commit twice gets the same
object id, and two racing clones can be made to write identical objects.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import shutil
import signal
import subprocess
import time
from importlib import import_module
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

from tests.compilers import typescript
from tests.repositories import Repo

# How long an example takes says how busy the machine is.
settings.register_profile(
    "any-speed",
    parent=settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any-speed")

TESTS = Path(__file__).parent

# Fixtures for all tests.
__all__ = ["typescript"]

# Two hundred threads, each with an event loop and both ends of a connection, need about a thousand;
# some systems allow 256 unless asked for more.
OPEN_FILES = 4096

# Linux's folder of files in memory, and what all tests write, many times over.
MEMORY = Path("/dev/shm")
BYTES_OF_FILES = 2 << 30

GIT_CONFIGURATION = """\
[init]
\tdefaultBranch = main
[user]
\tuseConfigOnly = true
[protocol "file"]
\tallow = always
[gc]
\tauto = 0
[maintenance]
\tauto = false
[core]
\tfsync = none
[advice]
\tdetachedHead = false
"""

# 2026-01-01 00:00:00 UTC
SECONDS = 1_767_225_600

FIXED_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Jane Doe",
    "GIT_AUTHOR_EMAIL": "jane@example.com",
    "GIT_AUTHOR_DATE": f"{SECONDS} +0000",
    "GIT_COMMITTER_NAME": "Jane Doe",
    "GIT_COMMITTER_EMAIL": "jane@example.com",
    "GIT_COMMITTER_DATE": f"{SECONDS} +0000",
    "GIT_TERMINAL_PROMPT": "0",
    # What a screen shows must not depend on how busy the machine is.
    "PROMPTOPS_REFRESH_SECONDS": "120",
    "LC_ALL": "C.UTF-8",
    "TERM": "xterm",
    "TZ": "UTC",
}

_HOMES = itertools.count()

LEAKING_PREFIXES = ("CI_", "GH_", "GIT_", "GITHUB_", "GITLAB_", "PROMPTOPS_", "SSH_", "XDG_")
LEAKING_NAMES = (
    "CI",
    "COLUMNS",
    "EDITOR",
    "EMAIL",
    "FORCE_COLOR",
    "GNUPGHOME",
    "LANG",
    "LANGUAGE",
    "LINES",
    "NO_COLOR",
    "PAGER",
    "PYTHONUNBUFFERED",
    "VISUAL",
)


def pytest_collection(session: pytest.Session) -> None:
    """Have every other process import the tests from their end, in a run of all tests.

    Pytest compiles a file of tests when it is imported first, and keeps it for the next process. In
    the same order, all processes would compile all files.
    """
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    if int(name.removeprefix("gw")) % 2 == 0 or not _is_whole(session.config):
        return
    for file in sorted(TESTS.rglob("test_*.py"), reverse=True):
        # The collection that follows tells what is wrong with a file.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))


def _is_whole(config: pytest.Config) -> bool:
    """Return whether all tests are asked for."""
    return {Path(one).resolve() for one in config.args} == {TESTS}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what sessions of nox run, unless asked for; begin with the files of slow tests.

    All other processes wait for a slow test that begins last.
    """
    asked = config.option.markexpr
    names = {"network"} | ({"story"} if _is_whole(config) else set())
    left_out = [
        item
        for item in items
        if any(item.get_closest_marker(name) and name not in asked for name in names)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        without = set(left_out)
        items[:] = [item for item in items if item not in without]
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking over ten thousand collected tests again and again.

    With Python's own thresholds, collections take a seventh of the time of short tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 50)


def pytest_configure(config: pytest.Config) -> None:
    """Set time zone, umask, the place of the tests' files, and the limit of open files."""
    os.umask(0o022)
    os.environ["TZ"] = FIXED_ENVIRONMENT["TZ"]
    if hasattr(time, "tzset"):  # not on Windows; elsewhere the zone is read once
        time.tzset()
    if config.option.basetemp is None and _has_room_in_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _has_room_in_memory() -> bool:
    """Return whether files may be kept in memory: enough of it, and programs can be run there.

    Git on a disk spends about half as much system time again on files.
    """
    if not os.access(MEMORY, os.W_OK):
        return False
    place = os.statvfs(MEMORY)
    can_execute = not place.f_flag & getattr(os, "ST_NOEXEC", 0)
    return can_execute and place.f_bavail * place.f_frsize >= BYTES_OF_FILES


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let children be interrupted, even where a shell has the tests run in the background.

    Such a shell has SIGINT ignored, which every child inherits; it would wait for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test an empty home with a minimal `.gitconfig`, and a fixed environment."""
    return move_in(tmp_path_factory, monkeypatch)


def move_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home and the fixed environment, for as long as the patches last."""
    # `mktemp` would list the folders of all tests so far.
    folder = tmp_path_factory.getbasetemp() / "homes" / str(next(_HOMES))
    folder.mkdir(parents=True)
    configuration = folder / ".gitconfig"
    configuration.write_text(GIT_CONFIGURATION)
    for name in list(os.environ):
        if name.startswith(LEAKING_PREFIXES) or name in LEAKING_NAMES:
            monkeypatch.delenv(name)
    templates = folder / "templates"
    templates.mkdir()
    for name, value in {
        **FIXED_ENVIRONMENT,
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_STATE_HOME": str(folder / ".local" / "state"),
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_TEMPLATE_DIR": str(templates),
        # A temporary folder may itself lie inside somebody's checkout.
        "GIT_CEILING_DIRECTORIES": str(tmp_path_factory.getbasetemp()),
    }.items():
        monkeypatch.setenv(name, value)
    return folder


class MakeRepo(Protocol):
    """Makes an empty repository in a folder of the test's own temporary folder."""

    def __call__(
        self, name: str = "repo", *, bare: bool = False, object_format: str = "sha1"
    ) -> Repo: ...


@pytest.fixture
def make_repo(tmp_path: Path) -> MakeRepo:
    """Give a maker of repositories below `tmp_path`."""

    def make(name: str = "repo", *, bare: bool = False, object_format: str = "sha1") -> Repo:
        return Repo.init(tmp_path / name, bare=bare, object_format=object_format)

    return make


@pytest.fixture
def repo(make_repo: MakeRepo) -> Repo:
    """Give an empty repository: the branch `main`, no commits yet."""
    return make_repo()


@pytest.fixture
def bound_by_permissions(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have git be refused what permissions refuse, even as root, whom they do not bind.

    Git is still root's own then, but has given up the right to override them (capabilities(7)).
    """
    if os.geteuid() != 0:
        return
    give_up = ("setpriv", "--bounding-set=-dac_override")
    git = shutil.which("git")
    if (
        shutil.which("setpriv") is None
        or subprocess.run((*give_up, "true"), check=False, capture_output=True).returncode != 0
    ):
        pytest.skip("root is bound by permissions only with setpriv, and where that may be used")
    bound = tmp_path_factory.mktemp("bound") / "git"
    bound.write_text(f'#!/bin/sh\nexec {" ".join(give_up)} {git} "$@"\n', "utf-8")
    bound.chmod(0o755)
    monkeypatch.setenv("PATH", str(bound.parent), prepend=os.pathsep)
