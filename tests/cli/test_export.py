"""`promptops export`: snapshots that the library reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.runtime.sources.snapshot import parse_snapshot
from tests.cli.pieces import TRIAGE_NAME
from tests.cli.running import run
from tests.git.signing.test_ssh import allow, make_key
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.released import Press


def test_an_export_is_what_the_library_reads(press: Press, tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"
    result = run(
        press.repo, "export", f"{TRIAGE_NAME}@1.0.0", "--env", "production", "-o", str(file)
    )
    assert (result.exit_code, result.stdout) == (0, "")
    assert masked(result.stderr) == snapshot("2 releases in <folder>/prompts.json\n")
    with promptops.open(file) as registry:
        assert registry.get(TRIAGE_NAME).version == "1.1.0"
        assert registry.get(f"{TRIAGE_NAME}@1.0.0").version == "1.0.0"


def test_an_export_can_go_through_a_pipe(press: Press) -> None:
    result = run(press.repo, "export", TRIAGE_NAME, "-o", "-")
    assert parse_snapshot(result.stdout_bytes, "it").releases.keys() == {f"{TRIAGE_NAME}@1.1.0"}


@pytest.mark.slow
def test_everything_live_in_the_default_environment_can_be_exported(
    press: Press, tmp_path: Path
) -> None:
    result = run(press.repo, "export", "--all", "-o", "-")
    named = run(press.repo, "export", "--env", "production", "-o", "-")
    assert result.exit_code == 0, result.stderr
    assert result.stdout_bytes == named.stdout_bytes
    folder = tmp_path / "out"
    done = run(press.repo, "export", "--all", "--format", "json", "-o", f"{folder}/")
    assert done.exit_code == 0, done.stderr
    assert len(list(folder.rglob("*.json"))) == 1
    assert run(press.repo, "export", TRIAGE_NAME, "--all", "-o", "-").exit_code == 2


@pytest.mark.slow
def test_an_export_can_be_signed(press: Press, tmp_path: Path) -> None:
    key = make_key(tmp_path)
    file = tmp_path / "prompts.json"
    result = run(press.repo, "export", TRIAGE_NAME, "-o", str(file), "--sign", str(key))
    assert result.exit_code == 0, result.stderr
    with promptops.open(file, trust=allow(tmp_path, key)) as registry:
        assert registry.get(TRIAGE_NAME).authenticated == "jane@example.com"


@pytest.mark.parametrize(
    "words",
    [
        ["export", TRIAGE_NAME],
        ["export", "-o", "x.json"],
        ["export", TRIAGE_NAME, "-o", "-", "--sign", "key"],
        ["export", f"{TRIAGE_NAME}@working", "-o", "x.json"],
        ["export", "nothing", "-o", "x.json"],
        ["export", TRIAGE_NAME, "-o", "no/such/folder/x.json"],
        ["export", TRIAGE_NAME, "-o", "x.json", "--sign", "no-such-key"],
    ],
)
def test_an_export_that_cannot_be_made_writes_nothing(
    press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    result = run(press.repo, *words)
    assert result.exit_code == 2, result.output
    assert "error:" in result.stderr
    assert list(folder.iterdir()) == []
