"""What one client may see: its prompts, page by page, and errors without places on the machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from promptops.errors import PausedError, PromptNotFoundError, PromptopsError, UsageError
from promptops.server.keys import KeyScope
from promptops.server.mcp import reader as module
from promptops.server.problems import HttpProblem, not_found
from tests.server.mcp.pieces import make_reader, resolve

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = (resolve(name) for name in ("a", "b", "c"))
LIVE = {"a@production": A, "b@production": B, "c@production": C, "a@1.0.0": A}


@pytest.mark.parametrize(
    ("ref", "pinned"), [("a", "a@production"), ("a@1.0.0", "a@1.0.0"), ("a@latest", "a@latest")]
)
def test_a_name_alone_means_what_is_live(tmp_path: Path, ref: str, pinned: str) -> None:
    reader = make_reader(tmp_path, LIVE)
    assert asyncio.run(reader.admit(ref)) == pinned
    with pytest.raises(UsageError):
        reader.pin("A")


def test_a_verb_that_the_key_lacks_is_asked_for(tmp_path: Path) -> None:
    reader = make_reader(tmp_path, LIVE, KeyScope(("read",)))
    reader.require("read")
    with pytest.raises(HttpProblem, match="this key may not run"):
        reader.require("run")


def test_what_the_key_does_not_cover_looks_missing(tmp_path: Path) -> None:
    reader = make_reader(tmp_path, LIVE, KeyScope(prompts=("a",), environments=("production",)))
    assert asyncio.run(reader.find("a")) is A
    for ref in ("b", "a@1.0.0"):
        with pytest.raises(HttpProblem) as caught:
            asyncio.run(reader.find(ref))
        assert caught.value.kind == "not_found"
    assert [one.name for one in asyncio.run(reader.list_live())] == ["a"]
    shut = make_reader(tmp_path, LIVE, KeyScope(environments=("staging",)))
    assert asyncio.run(shut.list_live()) == []


def test_a_paused_prompt_is_found_and_does_not_run(tmp_path: Path) -> None:
    paused = resolve("a", paused="it shouts")
    reader = make_reader(tmp_path, {"a@production": paused})
    assert asyncio.run(reader.find("a")) is paused
    with pytest.raises(PausedError, match="it shouts"):
        asyncio.run(reader.find_running("a"))


def test_a_long_list_comes_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    reader = make_reader(tmp_path, LIVE)
    first, cursor = asyncio.run(reader.page(None))
    assert ([one.name for one in first], cursor) == (["a", "b"], "b")
    rest, cursor = asyncio.run(reader.page(cursor))
    assert ([one.name for one in rest], cursor) == (["c"], None)
    # The last page is full.
    monkeypatch.setattr(module, "PAGE", 3)
    assert asyncio.run(reader.page(None))[1] is None


SECRET = "no a in /srv/here"
HINT = "check name and selector; list the live prompts with the tool list_prompts"


@pytest.mark.parametrize(
    ("error", "is_local", "text"),
    [
        (PromptNotFoundError(SECRET, hint="look"), True, f"{SECRET}\nhint: look"),
        (PromptNotFoundError(SECRET), False, f"this key has no such prompt\nhint: {HINT}"),
        (not_found(), True, f"this key has no such prompt\nhint: {HINT}"),
        (PromptopsError(SECRET), True, SECRET),
        (
            PromptopsError(SECRET),
            False,
            "internal error\nhint: see the log under the request's id",
        ),
        (KeyError(SECRET), True, "internal error\nhint: see the log under the request's id"),
        (UsageError("'A' is no name", hint="write a"), False, "'A' is no name\nhint: write a"),
    ],
)
def test_only_a_client_of_this_machine_learns_where_things_are(
    tmp_path: Path, error: Exception, is_local: bool, text: str
) -> None:
    assert make_reader(tmp_path, {}, is_local=is_local).explain(error)[0] == text


def test_an_error_has_a_code_of_the_protocol_and_the_run(tmp_path: Path) -> None:
    reader = make_reader(tmp_path, {})
    failed = PromptopsError("x")
    failed.run_id = "run-1"
    found = reader.as_failure(failed).error
    assert (found.code, found.data) == (INTERNAL_ERROR, {"code": "internal", "run_id": "run-1"})
    found = reader.as_failure(UsageError("x")).error
    assert (found.code, found.data) == (INVALID_PARAMS, {"code": "usage"})
