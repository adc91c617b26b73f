"""Approvals that are pushed: made once, under their own name, and signed by somebody known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protection.push.signing import approve, make_key, public

if TYPE_CHECKING:
    from pathlib import Path

    from tests.protection.push.server import Server

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.story
def test_approvals_are_made_once_and_signed_by_somebody_known(
    server: Server, tmp_path: Path
) -> None:
    jane, eve = make_key(tmp_path / "jane"), make_key(tmp_path / "eve")
    true, false = (approve(server, key, DIGEST, "jane@example.com") for key in (jane, eve))
    # Where nobody's key is known, nothing can be told, and nothing counts.
    server.take_push(true)
    server.clone.commit({".promptops/allowed_signers": f"jane@example.com {public(jane)}\n"})
    server.take("main")
    server.refuse(f":{true.partition(':')[2]}", why="it is never deleted")
    server.refuse(f"{false.partition(':')[0]}:{true.partition(':')[2]}", why="it is never moved")
    server.refuse_push(false, why="it does not count")
    another = approve(server, jane, DIGEST, "jane@example.com", "1.1.0")
    blob, _, place = another.partition(":")
    folder, elsewhere = place.rpartition("/")[0], f"{'0' * 32}/{blob}"
    server.refuse(f"{blob}:{folder.rpartition('/')[0]}/{elsewhere}", why=f"belongs to {folder}/")
    server.take(another)
    ref = "refs/promptops/approvals/change/0123"
    server.refuse(f"main:{ref}/x", why="it contains no statement")
    blob = server.clone.git("hash-object", "-w", "--stdin", stdin="{}")
    server.refuse(f"{blob}:{ref}/jane", why="its name does not match its content")
    server.refuse(f"{blob}:{ref}/{blob}", why="error: refs/promptops/approvals/change/0123/")
