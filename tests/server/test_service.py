"""The service without HTTP: who is let in, to which prompt, and for whom a run is."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import UsageError
from promptops.runtime.live import Share
from promptops.runtime.run.share import choose_share
from promptops.server.keys import KeyScope
from promptops.server.problems import HttpProblem
from promptops.server.service import make_caller
from tests.server.pieces import NOW, FakeRegistry, make_service, make_test_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_is_the_bearers(tmp_path: Path, scheme: str) -> None:
    service, key, _ = make_service(tmp_path)
    found = service.authenticate(f"{scheme}  {key} ")
    assert found.name == "tests"
    assert service.is_good(found)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic {key}", "Bearer {key}x", "{key}"])
def test_anything_else_is_refused_in_one_way(tmp_path: Path, header: str | None) -> None:
    service, key, _ = make_service(tmp_path)
    with pytest.raises(HttpProblem) as caught:
        service.authenticate(header and header.format(key=key))
    assert (caught.value.status, caught.value.headers) == (401, {"WWW-Authenticate": "Bearer"})
    assert key not in str(caught.value.describe("r"))


def test_a_key_that_has_expired_is_no_longer_good(tmp_path: Path) -> None:
    times = [float(NOW)]
    service, key, _ = make_service(tmp_path, clock=lambda: times[0])
    found = service.authenticate(f"Bearer {key}")
    service.keyfile.change(lambda keys: keys.revoke("tests", NOW)[0])
    assert not service.is_good(found)


def test_a_ref_that_the_key_does_not_cover_is_not_there(tmp_path: Path) -> None:
    service, key, _ = make_service(tmp_path, scope=KeyScope(prompts=("a/*",)))
    found = service.authenticate(f"Bearer {key}")
    asyncio.run(service.admit(found, "a/b"))
    for ref in ("b/a", "a/b@working"):
        with pytest.raises(HttpProblem) as caught:
            asyncio.run(service.admit(found, ref))
        assert (caught.value.status, caught.value.kind) == (404, "not_found")
    with pytest.raises(UsageError):
        asyncio.run(service.admit(found, "A"))


def resolved(version: str, split: tuple[Share, ...], paused: str | None = None) -> Any:
    return SimpleNamespace(
        name="a", version=version, environment="production", split=split, paused=paused
    )


SPLIT = (Share("1.0.0", "sha256:0", 50), Share("1.1.0", "sha256:1", 50))
OLD = next(str(n) for n in range(99) if choose_share(SPLIT, "a", str(n)).version == "1.0.0")
NEW = next(str(n) for n in range(99) if choose_share(SPLIT, "a", str(n)).version == "1.1.0")


def test_a_caller_gets_the_version_of_its_share(tmp_path: Path) -> None:
    one, other = resolved("1.0.0", SPLIT), resolved("1.1.0", SPLIT)
    registry = FakeRegistry(**{"a": one, "1.1.0": other})
    service, _, _ = make_service(tmp_path, registry)
    assert asyncio.run(service.find("a")) is one
    assert asyncio.run(service.find("a", OLD)) is one
    assert asyncio.run(service.find("a", NEW)) is other
    assert registry.asked == ["a", "a", "a", "a@production 1.1.0"]


@pytest.mark.parametrize("found", [resolved("1.0.0", SPLIT[:1]), resolved("1.0.0", SPLIT, "why")])
def test_there_is_no_choice_without_a_split_or_in_a_pause(tmp_path: Path, found: Any) -> None:
    registry = FakeRegistry(a=found)
    service, _, _ = make_service(tmp_path, registry)
    assert asyncio.run(service.find("a", NEW)) is found
    assert registry.asked == ["a"]


def test_the_default_environment_is_asked_for_once(tmp_path: Path) -> None:
    registry = FakeRegistry()
    service, _, _ = make_service(tmp_path, registry)
    assert asyncio.run(service.default_environment()) == "production"
    registry.default_environment = "staging"
    assert asyncio.run(service.default_environment()) == "production"


def test_a_service_is_ready_while_it_has_prompts_and_keys_and_goes_on(tmp_path: Path) -> None:
    service, _, _ = make_service(tmp_path)
    assert asyncio.run(service.is_ready())
    service.is_draining = True
    assert not asyncio.run(service.is_ready())
    service.is_draining = False
    service.keyfile.path.write_text("{")
    assert not asyncio.run(service.is_ready())
    service, _, _ = make_service(tmp_path / "b", object())
    assert not asyncio.run(service.is_ready())


def test_a_run_is_labelled_with_its_key_and_request() -> None:
    key, _ = make_test_key()
    caller = make_caller(key, "r-7", "ann", "acme", None)
    assert (caller.user, caller.tenant) == ("ann", "acme")
    assert caller.labels == {"request": "r-7", "key": key.id}


@pytest.mark.parametrize(("asked", "tenant"), [(None, "acme"), ("acme", "acme")])
def test_a_key_of_a_tenant_runs_for_that_one(asked: str | None, tenant: str) -> None:
    key, _ = make_test_key(KeyScope(tenant="acme"))
    assert make_caller(key, "r", None, asked, None).tenant == tenant
    with pytest.raises(HttpProblem) as caught:
        make_caller(key, "r", None, "evil", None)
    assert (caught.value.status, caught.value.parameter) == (403, "tenant")
