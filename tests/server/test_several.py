"""Several services beside one another: one file of keys, one source, one log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept

if TYPE_CHECKING:
    from tests.server.conftest import Team

pytestmark = pytest.mark.slow

BODY = {"inputs": {"question": "?"}}
RUN = "/v1/run/support/echo@production"


@pytest.mark.story
def test_a_pause_and_a_revoked_key_hold_on_all(team: Team) -> None:
    made = json.loads(accept(team.repo, "serve", "keys", "add", "both", "--format", "json"))
    key = made["key"]
    with team.serve("--refresh", "0") as one, team.serve("--refresh", "0") as other:
        services = (one, other)
        assert [each.ask("POST", RUN, BODY, key=key).status for each in services] == [200, 200]
        live = {"support/echo": "1.0.0"}
        team.press.deploy("production", live, paused={"support/echo": "It shouts."})
        assert [each.ask("POST", RUN, BODY, key=key).code for each in services] == ["paused"] * 2
        team.press.deploy("production", live)
        accept(team.repo, "serve", "keys", "revoke", made["id"])
        assert [each.ask("POST", RUN, BODY, key=key).code for each in services] == ["key"] * 2


@pytest.mark.story
def test_one_takes_over_while_the_other_restarts(team: Team) -> None:
    key = team.make_key()
    with team.serve() as old:
        done = old.ask("POST", RUN, BODY, key=key).json
        with team.serve() as new:
            assert old.stop() == 0
            feedback = {"run": done["id"], "score": 1}
            assert new.ask("POST", "/v1/feedback", feedback, key=key).status == 201
