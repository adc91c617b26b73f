"""A damaged cache costs time, or is an error that names it; it is never promptops' own fault."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.errors import IntegrityError, PromptopsError
from tests.cli.running import run
from tests.prompts import prompt_text, suite_text
from tests.released import Press, publish_triage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories import Repo

pytestmark = pytest.mark.slow

NAME = "support/triage"
JUNK = (
    *(b"", b"\0" * 100, b"{", b"[]", b"null", b"1", b'"x"', b"[" * 100_000, b"\xff\xfe{}"),
    *(b'{"schema": "promptops.cache/v1"}', b"9" * 5000),
)
STATES = (
    *('{"schema": "promptops.cache/v1", "fetched_at": 1e999, "seen": {}, "facts": {}}',),
    '{"schema": "promptops.cache/v1", "fetched_at": %s, "seen": {}, "facts": {}}' % ("9" * 400),
    '{"schema": "promptops.cache/v1", "fetched_at": 1, "seen": {"production": '
    '{"deployment": %s, "commit": 1}}, "facts": {}}' % ("9" * 400),
    '{"schema": "promptops.cache/v1", "fetched_at": 1, "seen": [], "facts": {"body": "../x"}}',
    '{"schema": "promptops.cache/v1", "fetched_at": NaN, "seen": {}, "facts": 1}',
)


def damage(chance: random.Random, file: Path) -> None:
    data = file.read_bytes()
    file.chmod(0o600)
    kind = chance.randrange(4)
    if kind == 0:
        file.write_bytes(chance.choice(JUNK))
    elif kind == 1:
        file.write_bytes(data[: chance.randrange(len(data) + 1)])
    elif kind == 2 and data:
        at = chance.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
    else:
        file.unlink()


def list_files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file() and not one.is_symlink())


@pytest.mark.story
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_mirror(repo: Repo, tmp_path: Path, seed: int) -> None:
    publish_triage(Press(repo))
    url = repo.publish(tmp_path / "remote.git").url
    cache = tmp_path / "cache"
    with promptops.open(url, cache=cache) as registry:
        wanted = registry.get(NAME).digest
    chance = random.Random(seed)
    for file in chance.sample(list_files(cache), 6):
        damage(chance, file)
    try:
        with promptops.open(url, cache=cache) as registry:
            assert registry.get(NAME).digest == wanted
    except PromptopsError as error:
        assert str(cache) in f"{error.message} {error.hint}"  # noqa: PT017 - or no error at all


@pytest.mark.story
@pytest.mark.parametrize("text", [*STATES, *(one.decode("latin-1") for one in JUNK)])
@pytest.mark.parametrize("name", ["state.json", "silence.json"])
def test_a_damaged_state(repo: Repo, tmp_path: Path, text: str, name: str) -> None:
    publish_triage(Press(repo))
    url = repo.publish(tmp_path / "remote.git").url
    cache = tmp_path / "cache"
    with promptops.open(url, cache=cache) as registry:
        wanted = registry.get(NAME).digest
    [state] = cache.rglob("state.json")
    state.with_name(name).write_bytes(text.encode("latin-1"))
    with promptops.open(url, cache=cache) as registry:
        assert registry.get(NAME).digest == wanted


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_store_of_results(repo: Repo, seed: int) -> None:
    files = {f"prompts/{name}.md": prompt_text() for name in "abc"}
    repo.commit({**files, "evals/a.yaml": suite_text("a")})
    wanted = run(repo, "validate").stdout
    kept = list_files(repo.path / ".git" / "promptops")
    assert kept
    chance = random.Random(seed)
    for file in kept:
        damage(chance, file)
    assert run(repo, "validate").stdout == wanted


def refuse(read: Callable[[], object], cache: Path) -> None:
    with pytest.raises(IntegrityError) as caught:
        read()
    assert "this machine's cache" in caught.value.message
    assert str(cache) in (caught.value.hint or "")
    assert "delete" in (caught.value.hint or "")


def test_what_the_cache_refuses_says_so_and_how_to_clear_it(repo: Repo, tmp_path: Path) -> None:
    press = Press(repo)
    publish_triage(press)
    remote = repo.publish(tmp_path / "remote.git")
    cache = tmp_path / "cache"
    with promptops.open(remote.url, cache=cache) as registry:
        registry.get(NAME)
    branch = "refs/heads/promptops/production"
    remote.git("update-ref", branch, f"{branch}~1")
    refuse(lambda: promptops.open(remote.url, cache=cache, refresh=0).get(NAME), cache)
    remote.git("update-ref", "-d", branch)
    refuse(lambda: promptops.open(remote.url, cache=cache, refresh=0).get(NAME), cache)
