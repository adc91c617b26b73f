"""The file for other forges: from outside the checkout, and nothing in it left unread."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import IntegrityError, UsageError
from promptops.gate.approvals.file import MAX_BYTES, parse_approvals, read_approvals_file
from promptops.gate.rules import Approval, ApprovalEntry
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

A = "a" * 40


def document(*approvals: Any, **more: Any) -> bytes:
    return json.dumps({"schema": "promptops.approvals/v1", "approvals": approvals, **more}).encode()


def test_everything_that_it_can_say() -> None:
    data = document(
        {"approver": "@bob", "commit": A, "may_write": True, "where": "https://example.com/12"},
        {"approver": "kim", "contents": {"a": f"100644 {A}", "b": None}, "base": A},
        author="@jane",
        committers=["@zoe"],
        objections=["@max"],
        teams={"@Acme/Prompts": ["@Bob", "kim"]},
    )
    found = parse_approvals(data, "f.json")
    assert found.found == (
        Approval("@bob", "file", commit=A, may_write=True, where="https://example.com/12"),
        Approval("kim", "file", contents={"a": ApprovalEntry("100644", A), "b": None}, base=A),
    )
    assert (found.sources, found.author, found.committers) == (("file",), "@jane", ("@zoe",))
    assert found.objections == ("@max",)
    assert found.teams == {"@acme/prompts": frozenset({"@bob", "kim"})}


GOOD = {"approver": "@bob", "commit": A}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 5_000, "not JSON"),
        (b"[]", "its schema is not promptops.approvals/v1"),
        (b"{}", "its schema is not promptops.approvals/v1"),
        (b'{"schema":"promptops.approvals/v1"}', "'approvals' is not a list"),
        (
            b'{"schema":"promptops.approvals/v2","approvals":[]}',
            "its schema is not promptops.approvals/v1",
        ),
        (document(aproved=[]), "unknown key 'aproved'"),
        (document()[:-1] + b',"author":"a","author":"b"}', "is given twice"),
        (document()[:-1] + b',"author":NaN}', "NaN is not JSON"),
        (document("@bob"), r"approvals\[0\] is not an object"),
        (document({**GOOD, "may_writ": True}), "did you mean 'may_write'"),
        (document({"approver": "@bob"}), "either 'commit' or 'contents'"),
        (document({**GOOD, "contents": {}}), "either 'commit' or 'contents'"),
        (document({"commit": A}), "approver: None is not a name"),
        (document({**GOOD, "approver": ["@bob"]}), "is not a name"),
        (document({**GOOD, "approver": "@bob\n"}), "is not a name"),
        (document({**GOOD, "approver": ""}), "is not a name"),
        (document({**GOOD, "approver": "@bob "}), "is not a name"),
        (document({**GOOD, "approver": "@b\u200bob"}), "is not a name"),
        (document({**GOOD, "approver": "b" * 4_097}), "is not a name"),
        (document({**GOOD, "commit": "main"}), "commit is not the full id"),
        (document({**GOOD, "commit": None}), "commit is not the full id"),
        (document({**GOOD, "base": A[1:]}), "base is not the full id"),
        (document({**GOOD, "may_write": "yes"}), "may_write is not true or false"),
        (document({**GOOD, "may_write": 1}), "may_write is not true or false"),
        (document({**GOOD, "where": 3}), "where: 3 is not a name"),
        (document({"approver": "@b", "contents": []}), "contents is not an object"),
        (document({"approver": "@b", "contents": {"a": A}}), "is not a file's mode and id"),
        (document(author=""), "author: '' is not a name"),
        (document(committers="@a"), "committers is not a list"),
        (document(objections=[1]), "objections: 1 is not a name"),
        (document(teams=[]), "'teams' is not an object"),
        (document(teams={"@a/b": "@c"}), "teams.'@a/b' is not a list"),
        (b" " * (MAX_BYTES + 1), "more than"),
        (b" " * MAX_BYTES, "not JSON"),
    ],
)
def test_what_is_not_understood_is_an_error(data: bytes, words: str) -> None:
    with pytest.raises(IntegrityError, match=words) as caught:
        parse_approvals(data, "f.json")
    assert caught.value.message.startswith("f.json: ")
    assert caught.value.hint


def test_a_name_may_be_long() -> None:
    name = "b" * 4_096
    assert parse_approvals(document({**GOOD, "approver": name}), "f").found[0].approver == name


@pytest.mark.slow
@given(st.binary(max_size=60))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    with contextlib.suppress(IntegrityError):
        parse_approvals(data, "f")


def test_it_has_to_lie_outside_of_the_checkout(repo: Repo, tmp_path: Path) -> None:
    repository = open_repository(repo.path)
    outside = tmp_path / "approvals.json"
    outside.write_bytes(document(GOOD))
    assert read_approvals_file(repository, outside).found[0].approver == "@bob"
    inside = repo.write("deep/approvals.json", document(GOOD))
    hidden = repo.write(".git/approvals.json", document(GOOD))
    link = tmp_path / "link.json"
    link.symlink_to(inside)
    way = tmp_path / "way"
    way.symlink_to(repo.path / "deep")
    dotted = repo.path / "deep" / ".." / "deep" / "approvals.json"
    (tmp_path / "folder").mkdir()
    around = tmp_path / "folder" / ".." / "link.json"
    for path in (inside, hidden, link, way / "approvals.json", dotted, around):
        with pytest.raises(UsageError, match="is in the checkout"):
            read_approvals_file(repository, path)
    # A link in the checkout to a file outside of it leads where the change wants it to.
    back = repo.path / "back.json"
    back.symlink_to(outside)
    round_about = tmp_path / "round-about.json"
    round_about.symlink_to(back)
    for path in (back, round_about):
        with pytest.raises(UsageError, match="or reached through it"):
            read_approvals_file(repository, path)


def test_it_may_be_reached_by_a_long_way(repo: Repo, tmp_path: Path) -> None:
    repository = open_repository(repo.path)
    (tmp_path / "approvals.json").write_bytes(document(GOOD))
    (tmp_path / "folder").mkdir()
    around = tmp_path / "folder" / ".." / "approvals.json"
    assert read_approvals_file(repository, around).found[0].approver == "@bob"
    last = tmp_path / "approvals.json"
    for number in range(40):  # as many as the system follows
        link = tmp_path / f"link-{number}"
        link.symlink_to(last.name)
        last = link
    assert read_approvals_file(repository, last).found[0].approver == "@bob"
    (tmp_path / "one-more").symlink_to(last.name)
    with pytest.raises(UsageError, match="cannot be read"):
        read_approvals_file(repository, tmp_path / "one-more")


def test_a_worktree_s_repository_is_no_place_either(repo: Repo, tmp_path: Path) -> None:
    repo.commit()
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    hidden = repo.write(".git/approvals.json", document(GOOD))
    with pytest.raises(UsageError, match="is in the checkout"):
        read_approvals_file(open_repository(tmp_path / "linked"), hidden)


def test_what_is_no_file_is_refused(repo: Repo, tmp_path: Path) -> None:
    repository = open_repository(repo.path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("missing", "pipe", "loop", "."):
        with pytest.raises(UsageError):
            read_approvals_file(repository, tmp_path / name)
