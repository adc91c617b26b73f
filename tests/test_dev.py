"""`dev.py` is what a newcomer meets first, on a machine that nobody has prepared."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent
SOURCE = (ROOT / "dev.py").read_text("utf-8")


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A `dev.py` in a checkout of its own, which installs nothing."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    module.ROOT = tmp_path
    module.ENVIRONMENT = tmp_path / ".venv"
    module.installed = []
    monkeypatch.setattr(module, "install_part", module.installed.append)
    monkeypatch.setattr(module, "add_pip", lambda _environment: None)
    checked: ModuleType = module
    return checked


def test_an_old_python_can_parse_it() -> None:
    ast.parse(SOURCE, feature_version=(3, 8))


def test_it_needs_the_standard_library_alone() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names == set()


def test_an_old_python_is_told_which_newer_one_to_use(
    dev: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(
        dev.shutil, "which", lambda name: "/bin/x" if name in {"python3.12", "python3.11"} else None
    )
    with pytest.raises(
        dev.CommandError, match=r"needs Python 3\.11 or newer, and this is 3\.9"
    ) as told:
        dev.begin(["demo"])
    assert told.value.hint == "run: python3.12 dev.py"


def test_a_machine_without_git_is_told_so(dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(dev.CommandError, match="git is needed"):
        dev.begin(["demo"])


def test_an_unknown_command_names_the_known_ones(
    dev: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.attempt(dev.begin, ["tset"]) == 2
    assert "one of: demo, test, lint" in capsys.readouterr().err


def test_the_tour_sees_the_path_of_the_terminal(
    dev: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Or it would take `promptops` for a command that works there, and not say what is missing."""
    dev.prepare("program")
    tour = dev.program(dev.ENVIRONMENT, "promptops")
    tour.write_text('#!/bin/sh\necho "$PATH"\n')
    tour.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert dev.demo([]) == 0
    assert capfd.readouterr().out.endswith("/usr/bin:/bin\n")
    assert str(tour.parent) not in dev.os.environ["PATH"]


def test_what_is_in_place_is_not_installed_again(dev: Any) -> None:
    dev.prepare("program")
    dev.prepare("program", "test")
    dev.prepare("program")
    assert dev.installed == ["program", "test"]


def test_changed_metadata_installs_again_into_the_same_environment(dev: Any) -> None:
    dev.prepare("program")
    kept = dev.ENVIRONMENT / "kept"
    kept.touch()
    (dev.ROOT / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    dev.prepare("program")
    assert dev.installed == ["program", "program"]
    assert kept.exists()


@pytest.mark.parametrize(
    "stamp",
    [
        pytest.param({"unfinished": True}, id="half-made"),
        pytest.param({"root": "/elsewhere", "python": "3.11", "parts": ["program"]}, id="moved"),
        pytest.param({"root": "", "python": "2.7", "parts": ["program"]}, id="of another Python"),
    ],
)
def test_an_environment_that_no_longer_fits_is_made_anew(dev: Any, stamp: dict[str, Any]) -> None:
    dev.prepare("program")
    stray = dev.ENVIRONMENT / "stray"
    stray.touch()
    dev.write_stamp({**stamp, "root": stamp.get("root") or str(dev.ROOT)})
    dev.prepare("program")
    assert dev.installed == ["program", "program"]
    assert not stray.exists()


def test_an_environment_that_lost_its_python_is_made_anew(dev: Any) -> None:
    dev.prepare("program")
    dev.program(dev.ENVIRONMENT, "python").unlink()
    dev.prepare("program")
    assert dev.installed == ["program", "program"]
    assert dev.python_of(dev.ENVIRONMENT) is not None


def test_an_environment_that_somebody_else_made_is_never_removed(dev: Any) -> None:
    theirs = dev.ENVIRONMENT / "theirs"
    dev.ENVIRONMENT.mkdir()
    theirs.touch()
    with pytest.raises(dev.CommandError, match="made by something else"):
        dev.prepare("program")
    assert theirs.exists()


def test_only_one_process_prepares_the_environment(dev: Any, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with dev.locked(path), path.open("a+b") as second:
        assert not dev.try_lock(second)
    with path.open("a+b") as third:
        assert dev.try_lock(third)


def test_every_direct_dependency_has_its_licence_listed() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    optional = table["project"]["optional-dependencies"]["models"]
    needed = {
        re.split(r"[^\w.-]", text)[0] for text in [*table["project"]["dependencies"], *optional]
    }
    listed = set(
        re.findall(r"^\| ([\w.-]+) \|", (ROOT / "THIRD_PARTY.md").read_text(), re.MULTILINE)
    )
    assert listed - {"Package", "---"} == needed


@pytest.mark.parametrize(("server", "code"), [("", 0), ("true", 2)])
def test_githubs_descriptions_need_npm_on_a_server_alone(
    dev: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: str,
    code: int,
) -> None:
    monkeypatch.setenv("CI", server)
    monkeypatch.setattr(dev.shutil, "which", lambda _name: None)
    assert dev.attempt(dev.descriptions, []) == code
    assert "npm" in capsys.readouterr().err


def test_descriptions_that_are_here_are_not_fetched_again(
    dev: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev.shutil, "which", pytest.fail)
    folder = dev.ROOT / "build" / "descriptions"
    folder.mkdir(parents=True)
    for kind, (package, _) in dev.DESCRIPTIONS.items():
        (folder / f"{kind}-{package.rpartition('@')[2]}.json").write_text("{}")
    assert dev.attempt(dev.descriptions, []) == 0


def test_stores_are_insisted_on(dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (dev.ROOT / "pyproject.toml").write_text("[project.optional-dependencies]\npostgres = []\n")
    called: list[tuple[Any, ...]] = []

    def tool(*words: str, more: dict[str, str]) -> int:
        called.append((words, more))
        return 0

    monkeypatch.setattr(dev, "tool", tool)
    assert dev.stores(["tests/runtime/log"]) == 0
    assert dev.installed == ["program", "test", "postgres"]
    ((words, more),) = called
    assert words[0] == "pytest"
    assert words[-1] == "tests/runtime/log"
    assert more == {"PROMPTOPS_REQUIRE_STORES": "1"}


def test_checking_everything_leaves_the_stores_to_a_step_of_their_own(
    dev: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or no run of the tests would show that they pass without the extras."""
    steps: list[Any] = []

    def attempt(command: Any, _options: list[str]) -> int:
        steps.append(command)
        return 0

    monkeypatch.setattr(dev, "attempt", attempt)
    assert dev.check([]) == 0
    assert not {"postgres", "redis"} & set(dev.installed)
    assert steps.index(dev.test) < steps.index(dev.stores)


@pytest.mark.parametrize(("required", "outcome"), [("", "Skipped"), ("1", "Failed")])
def test_a_missing_store_is_left_out_or_insisted_on(required: str, outcome: str) -> None:
    question = "from tests.stores import leave_out; leave_out('there is none')"
    done = subprocess.run(
        [sys.executable, "-c", question],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PROMPTOPS_REQUIRE_STORES": required},
        capture_output=True,
        text=True,
    )
    assert f"{outcome}: there is none" in done.stderr
