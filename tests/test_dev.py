"""`dev.py` is what a newcomer meets first, on a machine that nobody has prepared."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from tests.screens import masked

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
    module.BIN = module.ENVIRONMENT / module.BIN.name
    module.PYTHON = module.BIN / module.PYTHON.name
    module.installed = []
    monkeypatch.setattr(module, "install_part", module.installed.append)
    monkeypatch.setattr(module, "add_pip", lambda: None)
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


def test_it_is_short_enough_to_be_read_before_it_is_run() -> None:
    assert len(SOURCE.splitlines()) <= 150


def test_an_old_python_is_told_which_newer_one_to_use(
    dev: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(
        dev.shutil, "which", lambda name: "/bin/x" if name in {"python3.12", "python3.11"} else None
    )
    with pytest.raises(SystemExit, match="2"):
        dev.main(["demo"])
    said = capsys.readouterr().err
    assert masked(said) == snapshot("""\
error: promptops needs Python 3.11 or newer
hint: run: python3.12 dev.py
""")


@pytest.mark.parametrize("git", [None, "git version 2.37.9"])
def test_a_machine_without_a_new_enough_git_is_told_so(
    dev: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    git: str | None,
) -> None:
    if git is not None:
        (tmp_path / "git").write_text(f"#!/bin/sh\necho {git}\n")
        (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="2"):
        dev.main(["demo"])
    assert "git is needed" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["tset"], ["--help"]])
def test_an_unknown_command_names_the_known_ones(
    dev: Any, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        dev.main(words)
    assert "demo, test" in capsys.readouterr().err


@pytest.mark.slow
def test_the_tour_sees_the_path_of_the_terminal(
    dev: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Or it would take `promptops` for a command that works there, and not say what is missing."""
    dev.prepare("program")
    tour = dev.BIN / "promptops"
    tour.write_text('#!/bin/sh\necho "$PATH"\n')
    tour.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert dev.demo([]) == 0
    assert capfd.readouterr().out.endswith("/usr/bin:/bin\n")
    assert str(tour.parent) not in dev.os.environ["PATH"]


@pytest.mark.slow
def test_what_is_in_place_is_not_installed_again(dev: Any) -> None:
    dev.prepare("program")
    dev.prepare("program", "test")
    dev.prepare("program")
    assert dev.installed == ["program", "test"]


@pytest.mark.slow
def test_changed_metadata_installs_again_into_the_same_environment(dev: Any) -> None:
    dev.prepare("program")
    kept = dev.ENVIRONMENT / "kept"
    kept.touch()
    (dev.ROOT / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    dev.prepare("program")
    assert dev.installed == ["program", "program"]
    assert kept.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "stamp",
    [
        pytest.param({"half": 1}, id="half-made"),
        pytest.param({"root": "/elsewhere", "python": "3.11", "parts": ["program"]}, id="moved"),
        pytest.param({"root": "", "python": "2.7", "parts": ["program"]}, id="of another Python"),
    ],
)
def test_an_environment_that_no_longer_fits_is_made_anew(dev: Any, stamp: dict[str, Any]) -> None:
    dev.prepare("program")
    stray = dev.ENVIRONMENT / "stray"
    stray.touch()
    held = {**stamp, "root": stamp.get("root") or str(dev.ROOT)}
    (dev.ENVIRONMENT / "dev.json").write_text(json.dumps(held))
    dev.prepare("program")
    assert dev.installed == ["program", "program"]
    assert not stray.exists()


@pytest.mark.slow
def test_an_environment_that_lost_its_python_is_made_anew(dev: Any) -> None:
    dev.prepare("program")
    dev.PYTHON.unlink()
    dev.prepare("program")
    assert dev.installed == ["program", "program"]
    assert dev.capture(dev.PYTHON, "-c", "")[0] == 0


def test_an_environment_that_somebody_else_made_is_never_removed(
    dev: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = dev.ENVIRONMENT / "theirs"
    dev.ENVIRONMENT.mkdir()
    theirs.touch()
    with pytest.raises(SystemExit, match="2"):
        dev.prepare("program")
    assert masked(capsys.readouterr().err) == snapshot("""\
error: <folder>/.venv does not fit, or was made by something else
hint: move it out of the way
""")
    assert theirs.exists()


@pytest.mark.slow
def test_an_environment_that_somebody_else_made_and_that_fits_is_taken(dev: Any) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", dev.ENVIRONMENT], check=True)
    theirs = dev.ENVIRONMENT / "theirs"
    theirs.touch()
    dev.prepare("program")
    assert dev.installed == ["program"]
    assert theirs.exists()


@pytest.mark.slow
def test_only_one_process_prepares_the_environment(dev: Any) -> None:
    fcntl = pytest.importorskip("fcntl")
    tried = []

    def install(_part: str) -> None:
        with (dev.ENVIRONMENT / "dev.lock").open("ab") as file, pytest.raises(OSError) as refused:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tried.append(refused.type)

    dev.install_part = install
    dev.prepare("program")
    assert tried == [BlockingIOError]
