"""`promptops conversations erase`: what was said is gone, and that it was there stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_what_was_said_is_erased_and_the_rows_stay(talks: Repo) -> None:
    dry = accept(talks, "conversations", "erase", "c-1", "--dry-run")
    unknown = refuse(talks, "conversations", "erase", "c-2", "c-9", "--yes", code=2)
    still = accept(talks, "conversations", "show", "c-2")
    said = accept(talks, "conversations", "erase", "c-1", "c-1", "--yes")
    shown = accept(talks, "conversations", "show", "c-1")

    assert "would remove" in dry
    assert masked(unknown) == snapshot("""\
error: there is no conversation 'c-9'
 hint: run promptops conversations list to see the newest\
""")
    assert "Bonjour" in still
    assert masked(said) == snapshot("removed the content of 1 conversation\n")
    assert "Hello" not in shown
    assert masked(shown) == snapshot("""\
c-1  user ann, tenant acme
1  <time>  user  by ann  5 tokens
    (removed)
2  <time>  user  by ann  5 tokens
    (removed)
3  <time>  erased  by Jane Doe <jane@example.com>
""")
