"""Keys: what each opens, how one is recognised, and what a file of them may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.errors import ConfigurationError, NotFoundError, UsageError
from promptops.prompt.reference import parse_ref
from promptops.server.keys import (
    KeyScope,
    ServiceKey,
    ServiceKeys,
    hash_key,
    make_key,
    read_keys,
    write_keys,
)
from tests.server.pieces import NOW, make_test_key


@pytest.mark.parametrize(
    ("environments", "prompts", "ref", "is_covered"),
    [
        (("*",), ("*",), "a/b", True),
        (("*",), ("*",), "a/b@1.0.0", True),
        (("*",), ("*",), "a/b@staging", True),
        # The work tree is open only to those who are told so.
        (("*",), ("*",), "a/b@working", False),
        (("working",), ("*",), "a/b@working", True),
        (("production",), ("*",), "a/b", True),
        (("staging",), ("*",), "a/b", False),
        (("staging",), ("*",), "a/b@staging", True),
        (("production",), ("*",), "a/b@latest", False),
        (("releases",), ("*",), "a/b@latest", True),
        (("releases",), ("*",), "a/b@^1.0", True),
        (("releases",), ("*",), "a/b", False),
        (("*",), ("a/*",), "a/b", True),
        (("*",), ("a/*",), "ab", False),
        (("*",), ("x", "a/b"), "a/b", True),
        (("*",), ("a",), "a/b", False),
    ],
)
def test_a_scope_covers_a_ref_by_place_and_name(
    environments: tuple[str, ...], prompts: tuple[str, ...], ref: str, is_covered: bool
) -> None:
    scope = KeyScope(prompts=prompts, environments=environments)
    assert scope.covers(parse_ref(ref), "production") == is_covered


def test_a_key_is_found_by_its_whole_text_while_it_is_good() -> None:
    key, text = make_test_key(expires_at=NOW + 10)
    keys = ServiceKeys([key])
    assert keys.find(text, NOW) == key
    assert keys.find(text, NOW + 10) is None
    for other in (
        text[:-1],
        text[:-1] + ("B" if text[-1] == "A" else "A"),
        f" {text}",
        "",
        "\udcff",
    ):
        assert keys.find(other, NOW) is None
    assert keys.is_good(key.id, NOW)
    assert not keys.is_good(key.id, NOW + 10)
    assert not keys.is_good("other", NOW)


def test_a_key_holds_its_hash_and_not_its_text() -> None:
    key, text = make_test_key()
    assert (key.hash, text.split("_")[1]) == (hash_key(text), key.id)
    assert text.split("_", 2)[2] not in write_keys(ServiceKeys([key])).decode()


def named(key_id: str, name: str, revoked_at: int | None = None) -> ServiceKey:
    return ServiceKey(key_id, name, "sha256:0", KeyScope(), NOW, revoked_at=revoked_at)


def test_a_key_is_revoked_by_its_id_or_the_name_that_only_one_good_key_has() -> None:
    keys = ServiceKeys([named("a", "web"), named("b", "web", NOW), named("c", "job")])
    for which, key_id in (("web", "a"), ("a", "a"), ("job", "c")):
        rest, revoked = keys.revoke(which, NOW + 5)
        assert (revoked.id, revoked.revoked_at) == (key_id, NOW + 5)
        assert [one.id for one in rest.list()] == ["a", "b", "c"]
    # The first time stays.
    assert keys.revoke("b", NOW + 5)[1].revoked_at == NOW


def test_a_name_of_two_or_of_none_revokes_nothing() -> None:
    keys = ServiceKeys([named("a", "web"), named("b", "web")])
    with pytest.raises(NotFoundError, match="2 keys are called 'web'"):
        keys.revoke("web", NOW)
    with pytest.raises(NotFoundError, match="no key is called 'job'"):
        keys.revoke("job", NOW)


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("", KeyScope()),
        ("a\nb", KeyScope()),
        ("a", KeyScope(verbs=())),
        ("a", KeyScope(verbs=("fly",))),
        ("a", KeyScope(prompts=("A b",))),
        ("a", KeyScope(environments=("Prod",))),
        ("a", KeyScope(tenant=" ")),
    ],
)
def test_a_key_that_cannot_be_meant_is_not_made(name: str, scope: KeyScope) -> None:
    with pytest.raises(UsageError):
        make_key(name, scope, now=NOW, expires_at=None, random_bytes=bytes)


def test_a_file_is_read_as_it_was_written() -> None:
    scope = KeyScope(("run",), ("a/*",), ("production", "releases"), "acme")
    key, _ = make_test_key(scope, expires_at=NOW + 5)
    keys = ServiceKeys([key, named("b", "müller", NOW)])
    assert read_keys(write_keys(keys), "keys.json").list() == keys.list()


def edit(change: Any) -> bytes:
    """A file of one key after a change of its document."""
    document = json.loads(write_keys(ServiceKeys([make_test_key()[0]])))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "keys.json is malformed: JSONDecodeError"),
        (b"[]", "keys.json is malformed: TypeError"),
        (edit(lambda one: one.update(schema="promptops.keys/v2")), "the schema of keys.json is"),
        (edit(lambda one: one["keys"][0].pop("hash")), "malformed: KeyError: 'hash'"),
        (edit(lambda one: one["keys"][0].update(verbs="run")), "'run' is not a list of texts"),
        (edit(lambda one: one["keys"][0].update(verbs=["fly"])), "'fly' is not a valid verb"),
        (edit(lambda one: one["keys"][0].update(expires_at="soon")), "malformed: ValueError"),
        (edit(lambda one: one.update(keys=[3])), "malformed: AttributeError"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why.replace("[", r"\[")):
        read_keys(data, "keys.json")
