"""Commits and tags of exactly the bytes that Git writes, and others that readers would dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import IntegrityError
from promptops.git.form import check_commit_form, check_tag_form

if TYPE_CHECKING:
    from tests.conftest import MakeRepo

ID, OTHER = "a" * 40, "b" * 64
WHO = "Jane Doe <jane@example.com> 1767225600 +0000"
COMMIT = f"tree {ID}\nauthor {WHO}\ncommitter {WHO}\n\nA title\n\nText.\n"
TAG = f"object {ID}\ntype commit\ntag v1\ntagger {WHO}\n\nNotes.\n"
SIGNED = "gpgsig -----BEGIN SSH SIGNATURE-----\n abc\n -----END SSH SIGNATURE-----\n"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_what_git_writes_is_in_form(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    repo.commit({"a": "1"})
    repo.commit({"a": "2"}, "Änderung\n\nwith more")
    tag = repo.tag("v1", "notes\n")
    check_commit_form(repo.run("cat-file", "commit", "HEAD").stdout)
    check_tag_form(repo.run("cat-file", "tag", tag).stdout)


@pytest.mark.parametrize(
    "data",
    [
        COMMIT,
        COMMIT.replace(f"tree {ID}", f"tree {OTHER}\nparent {OTHER}\nparent {OTHER}"),
        COMMIT.replace("\n\nA", f"\n{SIGNED}\nA", 1),
        COMMIT.replace("\n\nA", f"\n{SIGNED}{SIGNED.replace('gpgsig', 'gpgsig-sha256')}\nA", 1),
        COMMIT.replace("Jane Doe ", "", 1),
        COMMIT.replace(" 1767225600 +0000", " 0 -0930", 1),
        f"tree {ID}\nauthor {WHO}\ncommitter {WHO}\n\n",
    ],
)
def test_each_header_that_git_writes_may_be_there(data: str) -> None:
    check_commit_form(data.encode())


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (f"tree {ID}", f"tree {ID[1:]}", "other headers"),
        (f"tree {ID}", f"tree {ID.upper()}", "other headers"),
        ("\nauthor ", f"\nauthor {WHO}\nauthor ", "other headers"),
        ("\nauthor ", f"\nparent {ID}\nauthor {WHO}\nparent {ID}\nauthor ", "other headers"),
        ("\n\nA title", "\nencoding utf-7\n\nA title", "other headers"),
        ("Jane Doe <", "Jane > Doe <", "other headers"),
        (" 1767225600", " 01767225600", "other headers"),
        (" +0000", " UTC", "other headers"),
        ("\n\nA title", f"\n{SIGNED * 3}\nA title", "other headers"),
        ("Text.", "Text.\0 More.", "continues after a NUL character"),
        ("\n\nA title\n\nText.\n", "\n", "other headers"),
    ],
)
def test_a_commit_that_git_does_not_write_is_refused(old: str, new: str, why: str) -> None:
    assert old in COMMIT
    with pytest.raises(IntegrityError, match=why):
        check_commit_form(COMMIT.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tag v1", "tag v1\nx-more yes"),
        ("tag v1", "tag v1\0"),
        ("tagger", "author"),
        ("\ntype commit", "\ntype Commit"),
        (f"\ntagger {WHO}", ""),
    ],
)
def test_a_tag_that_git_does_not_write_is_refused(old: str, new: str) -> None:
    check_tag_form(TAG.encode())
    assert old in TAG
    with pytest.raises(IntegrityError, match="other headers"):
        check_tag_form(TAG.replace(old, new, 1).encode())


def test_a_message_is_utf8() -> None:
    with pytest.raises(IntegrityError, match="not UTF-8"):
        check_commit_form(COMMIT.encode().replace(b"Text.", b"\xff"))
    with pytest.raises(IntegrityError, match="not UTF-8"):
        check_tag_form(TAG.encode("utf-8").replace(b"tag v1", b"tag \xe9"))
