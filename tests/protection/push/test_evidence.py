"""Evidence of evals that is pushed: made once, under the name of its content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.evidence import write_evidence
from tests.delivery.test_evidence import RECORD

if TYPE_CHECKING:
    from tests.protection.push.server import Server


@pytest.mark.story
def test_evidence_is_pushed_once_under_its_own_name(server: Server) -> None:
    blob = server.clone.git("hash-object", "-w", "--stdin", stdin=write_evidence([RECORD]).decode())
    other = server.clone.git("hash-object", "-w", "--stdin", stdin="{}")
    ref = "refs/promptops/evals"
    server.refuse(f"{blob}:{ref}/jane", why="its name does not match its content")
    server.refuse(f"main:{ref}/{blob}", why="it contains no evidence")
    server.refuse(f"{other}:{ref}/{other}", why="is not of the form promptops.evals/v2")
    server.take_push(f"{blob}:{ref}/{blob}")
    server.refuse(f"{other}:{ref}/{blob}", why="it is never moved")
    server.refuse(f":{ref}/{blob}", why="it is never deleted")
