"""`promptops serve keys add`: the key is shown once, and only its hash is kept."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.running import accept, refuse

if TYPE_CHECKING:
    from pathlib import Path


def add(folder: Path, *words: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(
        accept(folder, "serve", "keys", "add", *words, "--keys", "keys.json", "--format", "json")
    )
    return made


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_file_has_no_key_but_its_hash(tmp_path: Path) -> None:
    shown = accept(tmp_path, "serve", "keys", "add", "jane", "--keys", "keys.json")
    text = (tmp_path / "keys.json").read_text()
    assert len(shown.strip()) > 30
    assert shown.strip() not in text
    assert shown.strip()[-20:] not in text
    assert '"jane"' in text


def test_two_keys_are_never_the_same_and_both_stay(tmp_path: Path) -> None:
    first, second = add(tmp_path, "jane"), add(tmp_path, "jane")
    assert first["key"] != second["key"]
    text = (tmp_path / "keys.json").read_text()
    assert first["id"] in text
    assert second["id"] in text


def test_a_key_may_do_what_it_is_told_to(tmp_path: Path) -> None:
    made = add(
        tmp_path,
        *("jane", "--verb", "render", "--verb", "run", "--prompt", "support/*"),
        *("--env", "staging", "--tenant", "acme"),
    )
    assert (made["verbs"], made["prompts"], made["environments"], made["tenant"]) == (
        ["render", "run"],
        ["support/*"],
        ["staging"],
        "acme",
    )
    assert "hash" not in made


@pytest.mark.parametrize(
    ("text", "seconds"), [("12h", 43_200), ("90d", 7_776_000), ("4w", 2_419_200)]
)
def test_it_expires_after_its_lifetime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, seconds: int
) -> None:
    monkeypatch.setattr("promptops.cli.serve.keys.add.time.time", lambda: 1_767_225_600.5)
    add(tmp_path, "jane", "--expires", text)
    (key,) = json.loads((tmp_path / "keys.json").read_text())["keys"]
    begin, until = (datetime.fromisoformat(key[f"{one}_at"]) for one in ("created", "expires"))
    assert (until - begin).total_seconds() == seconds


@pytest.mark.parametrize("text", ["0d", "90", "d", "1.5h", "1000000d", "-1h", "1h "])
def test_a_lifetime_of_another_form_makes_no_key(tmp_path: Path, text: str) -> None:
    words = ("serve", "keys", "add", "jane", "--keys", "keys.json", f"--expires={text}")
    assert f"'{text}' is not a time span" in refuse(tmp_path, *words, code=2)
    assert not (tmp_path / "keys.json").exists()
