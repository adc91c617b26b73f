"""The file of keys: where it is, and that a change of it holds at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.locking import FileLock
from promptops.server.keyfile import KeyFile, find_keys
from promptops.server.keys import ServiceKeys, write_keys
from tests.server.pieces import make_test_key

KEY, TEXT = make_test_key()


@pytest.mark.parametrize(
    ("path", "environment", "common", "found"),
    [
        ("a.json", {"PROMPTOPS_KEYS": "b.json"}, "/r/.git", "a.json"),
        (None, {"PROMPTOPS_KEYS": "b.json", "XDG_STATE_HOME": "/s"}, "/r/.git", "b.json"),
        (None, {"XDG_STATE_HOME": "/s"}, "/r/.git", "/r/.git/promptops-serve/keys.json"),
        (None, {"XDG_STATE_HOME": "/s"}, None, "/s/promptops/keys.json"),
    ],
)
def test_the_nearest_name_wins(
    path: str | None, environment: dict[str, str], common: str | None, found: str
) -> None:
    place = find_keys(path, environment, common_dir=Path(common) if common else None)
    assert place == Path(found)


def test_without_a_repository_it_is_in_the_home_folder(home: Path) -> None:
    named = find_keys("~/k.json", {}, common_dir=None)
    assert named == home / "k.json"
    assert find_keys(None, {}, common_dir=None).is_relative_to(home)


def test_a_change_holds_at_once(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "a" / "keys.json")
    assert file.keys.list() == ()
    file.change(lambda keys: keys.add(KEY))
    assert KeyFile(file.path).keys.list() == file.keys.list() == (KEY,)
    file.path.unlink()
    assert file.keys.list() == ()


def test_a_broken_file_lets_nobody_in_until_it_is_whole(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.change(lambda keys: keys.add(KEY))
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[:-9])
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="is malformed"):
            _ = file.keys
    file.path.write_bytes(whole)
    assert file.keys.find(TEXT, 0) == KEY


def test_an_unchanged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(write_keys(ServiceKeys([KEY])))
    file = KeyFile(path)
    before = file.keys
    monkeypatch.setattr("promptops.server.keyfile.read_file", lambda _: pytest.fail("read again"))
    assert file.keys is before


@pytest.mark.skipif(sys.platform == "win32", reason="has no such permissions")
def test_a_file_that_others_can_write_is_warned_of(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    assert file.check_private() is None
    file.change(lambda keys: keys)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.check_private() is None
    for mode in (0o620, 0o602):
        file.path.chmod(mode)
        assert f"chmod 600 {file.path}" in (file.check_private() or "")


def test_keys_are_changed_by_one_at_a_time(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    with (
        FileLock(tmp_path / "keys.json.lock").held(),
        pytest.raises(ConfigurationError, match="another process is changing"),
    ):
        keys.change(lambda known: known)
    keys.change(lambda known: known)
    assert (tmp_path / "keys.json").exists()


def test_a_change_that_fails_leaves_the_file(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.change(lambda keys: keys.add(KEY))

    def fail(_: ServiceKeys) -> ServiceKeys:
        raise OSError(os.strerror(28))

    with pytest.raises(OSError, match="No space"):
        file.change(fail)
    assert file.keys.list() == (KEY,)
