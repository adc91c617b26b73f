"""The scripts and sessions that contributors and CI run."""

from __future__ import annotations

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

ROOT = Path(__file__).parents[1]
NOXFILE = (ROOT / "noxfile.py").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture
def descriptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that fetches descriptions, for a folder of its own."""
    spec = importlib.util.spec_from_file_location("descriptions", ROOT / "scripts/descriptions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    return module


@pytest.mark.parametrize(("server", "code"), [("", 0), ("true", 2)])
def test_githubs_descriptions_need_npm_on_a_server_alone(
    descriptions: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: str,
    code: int,
) -> None:
    monkeypatch.setenv("CI", server)
    monkeypatch.setattr(descriptions.shutil, "which", lambda _name: None)
    assert descriptions.main() == code
    assert "npm" in capsys.readouterr().err


def test_descriptions_that_are_here_are_not_fetched_again(
    descriptions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptions.shutil, "which", pytest.fail)
    for kind, (package, _) in descriptions.DESCRIPTIONS.items():
        (descriptions.FOLDER / f"{kind}-{package.rpartition('@')[2]}.json").write_text("{}")
    assert descriptions.main() == 0


def test_every_direct_dependency_has_its_licence_listed() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    texts = [
        *PROJECT["project"]["dependencies"],
        *(text for extra in extras.values() for text in extra),
    ]
    needed = {re.split(r"[^\w.-]", text)[0] for text in texts}
    listed = set(
        re.findall(r"^\| ([\w.-]+) \|", (ROOT / "THIRD_PARTY.md").read_text(), re.MULTILINE)
    )
    assert listed - {"Package", "---"} == needed


def test_the_main_run_of_the_tests_is_without_the_stores() -> None:
    """Or no run of the tests would show that they pass without the extras."""
    assert not [text for text in PROJECT["dependency-groups"]["test"] if "psycopg" in text]
    assert not [text for text in PROJECT["dependency-groups"]["test"] if "redis" in text]


def test_dev_py_can_read_the_group_that_it_installs() -> None:
    assert all(isinstance(entry, str) for entry in PROJECT["dependency-groups"]["test"])


@pytest.mark.slow
def test_each_session_that_is_named_somewhere_exists() -> None:
    sessions = set(re.findall(r"^def (\w+)\(session", NOXFILE, re.MULTILINE))
    named = set()
    for folder in ("", "benchmarks", "docs", "promptops", "tests"):
        pattern = "**/*" if folder else "*"
        for path in (ROOT / folder).glob(pattern):
            if path.suffix in {".py", ".md", ".yml", ".yaml", ".toml"} and path.is_file():
                named |= set(re.findall(r"nox -s (\w+)", path.read_text("utf-8")))
    assert named - sessions == set()


@pytest.mark.slow
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


BENCHMARKS = ROOT / "benchmarks"
PAGES = sorted([ROOT / "README.md", BENCHMARKS / "README.md", *(ROOT / "docs").glob("*.md")])


def test_every_table_of_measurements_says_what_prints_it() -> None:
    text = (BENCHMARKS / "README.md").read_text("utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        if "\n| " in section:
            scripts = [BENCHMARKS / one for one in re.findall(r"`([a-z_]+\.py)\b", section)]
            sessions = re.findall(r"nox -s ([a-z_]+)", section)
            assert scripts or sessions, section.partition("\n")[0]
            assert [one for one in scripts if not one.is_file()] == []
            assert [one for one in sessions if f"def {one}(" not in NOXFILE] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_measurement_that_a_page_names_can_be_made(page: Path) -> None:
    named = re.findall(r"benchmarks/([a-z_]+\.py)(?: ([a-z_]+))?", page.read_text("utf-8"))
    for name, part in named:
        text = (BENCHMARKS / name).read_text("utf-8")
        assert re.search(rf"\b{part}\b", text), f"{name} {part}"
