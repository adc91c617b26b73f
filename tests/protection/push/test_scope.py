"""Which refs the push checks apply to, and names that only look like one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.protection.push.scope import RefKind, classify, may_share_file
from tests.cli.running import run
from tests.protection.push.server import Server

if TYPE_CHECKING:
    from pathlib import Path

ZEROS = "0" * 40


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("refs/heads/main", RefKind.GUARDED),
        ("refs/heads/Main", RefKind.MISPLACED),
        ("refs/heads/main2", None),
        ("refs/heads/topic/main", None),
        ("refs/heads/promptops/eu-2", RefKind.ENVIRONMENT),
        ("refs/heads/promptops/eu_2", RefKind.MISPLACED),
        ("refs/heads/promptops", RefKind.MISPLACED),
        ("refs/heads/PROMPTOPS", RefKind.MISPLACED),
        ("refs/heads/promptops2/x", None),
        ("refs/tags/prompts/a@1.0.0", RefKind.RELEASE),
        ("refs/tags/prompts/a@1.0.0-rc.1", RefKind.RELEASE),
        ("refs/tags/prompts/a@01.0.0", RefKind.MISPLACED),
        ("refs/tags/prompts/a@1.0.0+x", RefKind.MISPLACED),
        ("refs/tags/yanked/prompts/a@1.0.0", RefKind.YANK),
        ("refs/tags/yanked/other", None),
        ("refs/tags/yanked", RefKind.MISPLACED),
        ("refs/promptops/approvals/change/x/y", RefKind.APPROVAL),
        ("refs/promptops/approvals", RefKind.MISPLACED),
        ("refs/promptops/evals/0a", RefKind.EVIDENCE),
        ("refs/promptops/evals", RefKind.MISPLACED),
        ("refs/promptops/runs/x", None),
        ("refs/notes/prompts", None),
        # a ref spelled inside a ref, in full and in short
        ("refs/heads/refs/heads/promptops/staging", RefKind.MISPLACED),
        ("refs/tags/refs/heads/promptops/staging", RefKind.MISPLACED),
        ("refs/refs/heads/promptops/staging", RefKind.MISPLACED),
        ("refs/heads/refs/heads/promptops", RefKind.MISPLACED),
        ("refs/tags/refs/remotes/origin/promptops/staging", RefKind.MISPLACED),
        ("refs/tags/refs/remotes/origin/topic", None),
        ("refs/remotes/origin/promptops/staging", None),
        ("refs/heads/refs/tags/prompts/a@1.0.0", RefKind.MISPLACED),
        ("refs/tags/promptops/staging", RefKind.MISPLACED),
        ("refs/tags/heads/promptops/staging", RefKind.MISPLACED),
        ("refs/heads/prompts/a@1.0.0", RefKind.MISPLACED),
        ("refs/heads/prompts/better-triage", None),
        ("refs/heads/refs/heads/main", RefKind.MISPLACED),
        ("refs/heads/heads/main", RefKind.MISPLACED),
        ("refs/heads/refs/heads/Main", RefKind.MISPLACED),
        ("refs/tags/main", RefKind.MISPLACED),
        ("refs/remotes/main/HEAD", RefKind.MISPLACED),
        ("refs/heads/refs/heads/topic", None),
        # what nobody sees
        ("refs/heads/promptops\u200b/staging", RefKind.MISPLACED),
        ("refs/heads/prompt\u00adops/staging", RefKind.MISPLACED),
        ("refs/heads/promptops\udcff/staging", RefKind.MISPLACED),
        ("refs/heads/promptops\u3164", RefKind.MISPLACED),
        ("refs/heads/\uff50romptops/staging", RefKind.MISPLACED),
        ("refs/heads/ma\u2060in", RefKind.MISPLACED),
        ("refs/heads/m\u00e4in", None),
        ("refs/heads/日本語", None),
    ],
)
def test_refs_are_told_apart(ref: str, kind: RefKind | None) -> None:
    assert classify(ref, {"refs/heads/main"}) is kind


@pytest.mark.slow
def test_a_misplaced_name_may_be_deleted_but_not_made(tmp_path: Path) -> None:
    server = Server.open(tmp_path)
    commit = server.remote.rev("main")
    for ref in ("refs/heads/refs/heads/main", "refs/heads/promptops", "refs/tags/main"):
        made = f"{ZEROS} {commit} {ref}\n"
        done = run(server.remote, "hook", "pre-receive", stdin=made)
        assert (done.exit_code, "this name is not allowed" in done.stderr) == (1, True)
        gone = f"{commit} {ZEROS} {ref}\n"
        assert run(server.remote, "hook", "pre-receive", stdin=gone).exit_code == 0
    # On some disks, that is the file of the branch itself.
    for ref in ("refs/heads/MAIN", "refs/heads/promptops/Staging"):
        gone = f"{commit} {ZEROS} {ref}\n"
        assert run(server.remote, "hook", "pre-receive", stdin=gone).exit_code == 1


@pytest.mark.parametrize(
    ("ref", "may_share"),
    [
        # A disk that ignores case has one file for both names.
        ("refs/heads/MAIN", True),
        ("refs/heads/RELEASE", True),
        ("refs/heads/Promptops/staging", True),
        ("refs/tags/Prompts/a@1.0.0", True),
        # Removing these cannot remove one of ours.
        ("refs/heads/refs/heads/main", False),
        ("refs/heads/promptops", False),
        ("refs/tags/prompts/a@1.0.0+x", False),
    ],
)
def test_a_name_may_be_the_same_file_as_one_of_ours(ref: str, may_share: bool) -> None:
    guarded = {"refs/heads/main", "refs/heads/Release"}
    assert classify(ref, guarded) is RefKind.MISPLACED
    assert may_share_file(ref, guarded) is may_share
