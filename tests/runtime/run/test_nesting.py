"""Runs within a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.runtime.run.nesting import enclosing_run, within
from tests.runtime.run.pieces import logged

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


@pytest.mark.slow
def test_runs_within_a_run_name_it_and_are_limited(
    registry: Registry, team: Repo, near: Provider
) -> None:
    near.always(text="Yes.")

    def recurse(level: int) -> None:
        run = registry.run("a@working", {"text": str(level)})
        ids.append(run.id)
        with run.within():
            recurse(level + 1)

    ids: list[str] = []
    with pytest.raises(promptops.GuardError, match="nested") as caught:
        recurse(0)
    assert len(ids) == 8
    refused = logged(team, str(caught.value.run_id)).run
    assert (refused.status, refused.prompt, refused.version) == ("refused", "a", None)
    assert [logged(team, one).run.parent_id for one in ids] == [None, *ids[:-1]]


def test_the_innermost_run_encloses_until_its_block_ends() -> None:
    assert enclosing_run() is None
    with within("outer", 0):
        with within("inner", 1):
            assert enclosing_run() == "inner"
        assert enclosing_run() == "outer"
    with pytest.raises(KeyError), within("outer", 0):
        raise KeyError
    assert enclosing_run() is None


def test_another_thread_is_not_within_the_run() -> None:
    with within("outer", 0), ThreadPoolExecutor(1) as pool:
        assert pool.submit(enclosing_run).result() is None
