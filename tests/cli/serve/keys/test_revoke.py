"""`promptops serve keys revoke`: one key, and at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, refuse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A file with a key of `ann` and two keys of `bob`."""
    file = tmp_path / "keys.json"
    for name in ("ann", "bob", "bob"):
        accept(tmp_path, "serve", "keys", "add", name, "--keys", str(file))
    return file


def revoked(file: Path) -> list[str]:
    return [one["name"] for one in json.loads(file.read_text())["keys"] if one.get("revoked_at")]


def test_a_name_is_enough_if_it_has_one_key(tmp_path: Path, keys: Path) -> None:
    said = accept(tmp_path, "serve", "keys", "revoke", "ann", "--keys", str(keys))
    assert said.startswith("revoked ")
    assert said.endswith(" of ann\n")
    assert revoked(keys) == ["ann"]


def test_of_two_keys_of_a_name_the_id_says_which(tmp_path: Path, keys: Path) -> None:
    refuse(tmp_path, "serve", "keys", "revoke", "bob", "--keys", str(keys), code=2)
    assert revoked(keys) == []
    last = json.loads(keys.read_text())["keys"][2]["id"]
    assert last in accept(tmp_path, "serve", "keys", "revoke", last, "--keys", str(keys))
    assert revoked(keys) == ["bob"]


def test_a_dry_run_names_the_key_and_keeps_it(tmp_path: Path, keys: Path) -> None:
    before = keys.read_bytes()
    words = ("serve", "keys", "revoke", "ann", "--keys", str(keys), "--dry-run")
    assert accept(tmp_path, *words).startswith("would revoke ")
    assert keys.read_bytes() == before


def test_a_key_that_nobody_has_is_an_error(tmp_path: Path, keys: Path) -> None:
    before = keys.read_bytes()
    refuse(tmp_path, "serve", "keys", "revoke", "eve", "--keys", str(keys), code=2)
    assert keys.read_bytes() == before
