"""`promptops serve keys list`: what each key may do, and until when."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from promptops.server.keyfile import KeyFile
from promptops.server.keys import KeyScope, make_key
from tests.cli.running import accept, run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from promptops.server.keys import ServiceKey, ServiceKeys

NOW = 1_767_225_600


def take(chance: bytes, count: int) -> bytes:
    return chance[:count]


def add(key: ServiceKey, known: ServiceKeys) -> ServiceKeys:
    return known.add(key)


def write_keys(file: Path) -> None:
    """One key for ever, one with a bound, one that expired, one that was revoked."""
    scope = KeyScope(("render", "read"), ("support/*", "b"), ("*",), None)
    keyfile = KeyFile(file)
    for name, until in (("ever", None), ("bound", NOW + 60), ("late", NOW), ("gone", None)):
        whose = scope._replace(tenant="acme" if name == "bound" else None)
        chance = name[0].encode() * 64
        key, _ = make_key(
            name, whose, now=NOW - 3600, expires_at=until, random_bytes=partial(take, chance)
        )
        keyfile.change(partial(add, key))
    keyfile.change(lambda known: known.revoke("gone", NOW - 60)[0])


def test_each_key_has_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.cli.serve.keys.list_keys.time.time", lambda: float(NOW))
    write_keys(tmp_path / "keys.json")
    words = ("serve", "keys", "list", "--keys", str(tmp_path / "keys.json"))
    assert accept(tmp_path, *words) == snapshot("""\
id          name   verbs        prompts      environments  tenant  state
mvswkzlfmv  ever   render,read  support/*,b  *                     good
mjrgeytcmj  bound  render,read  support/*,b  *             acme    good until 2026-01-01T00:01:00Z
nrwgy3dmnr  late   render,read  support/*,b  *                     expired 2026-01-01T00:00:00Z
m5twoz3hm5  gone   render,read  support/*,b  *                     revoked 2025-12-31T23:59:00Z
""")


def test_programs_get_no_hash(tmp_path: Path) -> None:
    write_keys(tmp_path / "keys.json")
    words = ("serve", "keys", "list", "--keys", str(tmp_path / "keys.json"), "--format", "json")
    found = json.loads(accept(tmp_path, *words))
    assert found["schema"] == "promptops.keys-list/v1"
    assert [one["name"] for one in found["keys"]] == ["ever", "bound", "late", "gone"]
    assert not any("hash" in one for one in found["keys"])


def test_without_keys_it_says_how_to_make_one(tmp_path: Path) -> None:
    result = run(tmp_path, "serve", "keys", "list", "--keys", str(tmp_path / "keys.json"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "promptops serve keys add NAME" in result.stderr
    assert not (tmp_path / "keys.json").exists()
