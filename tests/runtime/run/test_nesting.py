"""Runs within a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import promptops
from tests.runtime.run.pieces import logged

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


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
