"""Trees: spliced as Git would have written them, read without following anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.errors import GitError, IntegrityError, NotFoundError, UsageError
from promptops.git.objects import ObjectReader
from promptops.git.process import Git
from promptops.git.trees import (
    Change,
    TreeFile,
    TreeReader,
    list_files,
    object_id,
    read_tree_files,
    splice,
    write_blob,
    write_blobs,
    write_objects,
)
from tests.repositories import Repo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_blobs_are_stored_byte_by_byte(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    repo.config("core.autocrlf", "true")
    contents = [b"", b"text\r\n", b"\0\xff" * 5000, b"x" * 15, b"x" * 16, b"x" * 2048, b"text\r\n"]
    git = Git.discover(repo.path)
    oids = write_blobs(git, contents)
    assert [repo.run("cat-file", "blob", oid).stdout for oid in oids] == contents
    assert write_blob(git, b"text\r\n") == oids[1]
    assert write_objects(git, []) == []


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_an_object_id_is_gits(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    assert object_id(object_format, "blob", b"text") == repo.git(
        "hash-object", "--stdin", stdin="text"
    )


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_spliced_tree_is_the_one_that_git_writes(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    before = {"a.md": "1", "a/b.md": "2", "a-b.md": "3", "z/y/x.md": "4", "keep/it.md": "5"}
    repo.commit(before)
    root = repo.rev("HEAD^{tree}")
    git = Git.discover(repo.path)
    with ObjectReader(git) as reader:
        keep = repo.rev("HEAD:keep")
        changes: dict[str, Change] = {
            "a/b.md": b"changed",
            "a/c/d.md": b"new",
            "z/y/x.md": None,
            "copy": ("040000", keep),
            "link.md": ("100755", repo.rev("HEAD:a.md")),
            "gone/from/here.md": None,
            "a.md/below.md": None,
            "é.md": b"unicode",
        }
        spliced = splice(git, reader, root, changes)
    (repo.path / "z/y/x.md").unlink()
    repo.write("link.md", "1").chmod(0o755)
    repo.commit({"a/b.md": "changed", "a/c/d.md": "new", "copy/it.md": "5", "é.md": "unicode"})
    assert spliced == repo.rev("HEAD^{tree}")
    repo.git("fsck", "--strict")


def test_what_changes_nothing_gives_the_same_tree(repo: Repo) -> None:
    repo.commit({"a/b.md": "1"})
    root = repo.rev("HEAD^{tree}")
    git = Git.discover(repo.path)
    with ObjectReader(git) as reader:
        assert splice(git, reader, root, {}) == root
        assert splice(git, reader, root, {"a/b.md": b"1", "x/y": None}) == root


def test_removing_everything_leaves_the_empty_tree(repo: Repo) -> None:
    repo.commit({"a/b/c.md": "1"})
    git = Git.discover(repo.path)
    with ObjectReader(git) as reader:
        empty = splice(git, reader, repo.rev("HEAD^{tree}"), {"a/b/c.md": None})
        assert splice(git, reader, None, {}) == empty
    assert repo.git("ls-tree", empty) == ""
    assert repo.git("cat-file", "-t", empty) == "tree"


def test_a_file_gives_way_to_a_folder_and_back(repo: Repo) -> None:
    repo.commit({"a": "file"})
    git = Git.discover(repo.path)
    with ObjectReader(git) as reader:
        folder = splice(git, reader, repo.rev("HEAD^{tree}"), {"a/b": b"1"})
        assert [file.path for file in list_files(git, folder)] == ["a/b"]
        file = splice(git, reader, folder, {"a": b"2"})
        assert [file.path for file in list_files(git, file)] == ["a"]


@pytest.mark.parametrize(
    "paths",
    [["a", "a/b"], ["a/b", "a"], ["/a"], ["a//b"], ["a/../b"], ["./a"], [""], ["a/"], ["a/.GIT/x"],
     ["a\0b"]],
)  # fmt: skip
def test_a_path_that_git_cannot_store_is_refused(repo: Repo, paths: list[str]) -> None:
    git = Git.discover(repo.path)
    with ObjectReader(git) as reader, pytest.raises(UsageError):
        splice(git, reader, None, dict.fromkeys(paths, b""))


def test_a_missing_tree_is_an_error(repo: Repo) -> None:
    git = Git.discover(repo.path)
    with ObjectReader(git) as reader, pytest.raises(IntegrityError, match="is missing"):
        splice(git, reader, "1" * 40, {"a": b""})


_NAMES = st.sampled_from(["a", "a-", "a.md", "a0", "b", "é", "A"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)


@pytest.mark.story
@given(st.lists(st.dictionaries(_PATHS, st.one_of(st.none(), st.binary(max_size=3)))))
@settings(max_examples=15, deadline=None)
def test_any_series_of_splices_ends_where_a_plain_model_does(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[dict[str, bytes | None]]
) -> None:
    repo = Repo.init(tmp_path_factory.mktemp("splice"))
    git = Git.discover(repo.path)
    model: dict[str, bytes] = {}
    root: str | None = None
    with ObjectReader(git) as reader:
        for changes in rounds:
            plain = {path: change for path, change in changes.items() if not _clash(path, changes)}
            for path, change in plain.items():
                _apply(model, path, change)
            root = splice(git, reader, root, plain)
            found = {file.path: file.oid for file in list_files(git, root)}
            assert {path: object_id("sha1", "blob", data) for path, data in model.items()} == found
            assert found == {path: file.oid for path, file in read_tree_files(reader, root).items()}
    if root is not None:
        repo.git("fsck", "--strict", root)


def _clash(path: str, others: dict[str, bytes | None]) -> bool:
    return any(path.startswith(f"{other}/") for other in others)


def _apply(model: dict[str, bytes], path: str, change: bytes | None) -> None:
    for other in list(model):
        below = other.startswith(f"{path}/") or other == path
        above = change is not None and path.startswith(f"{other}/")
        if below or above:
            del model[other]
    if change is not None:
        model[path] = change


def test_files_are_listed_below_a_folder(repo: Repo) -> None:
    commit = repo.commit({"prompts/a.md": "1", "prompts/s p/ü\n.md": "2", "other.md": "3"})
    git = Git.discover(repo.path)
    expected = [
        TreeFile("a.md", "100644", repo.rev("HEAD:prompts/a.md")),
        TreeFile("s p/ü\n.md", "100644", object_id("sha1", "blob", b"2")),
    ]
    assert list_files(git, commit, "prompts/") == expected
    assert list_files(git, commit, "none") == []
    assert list_files(git, commit, "other.md") == []
    with ObjectReader(git) as reader:
        assert list(read_tree_files(reader, commit, "prompts").values()) == expected
        assert read_tree_files(reader, commit, "none") == {}
    with pytest.raises(NotFoundError):
        list_files(git, "1" * 40)


def test_a_folder_of_a_commit_is_read_file_by_file(repo: Repo) -> None:
    commit = repo.commit({"deep/prompts/a.md": "1", "deep/prompts/b/c.md": "2"})
    with ObjectReader(Git.discover(repo.path)) as reader:
        tree = TreeReader(reader, commit, "deep/prompts")
        assert tree.read("a.md") == b"1"
        assert tree.read("b/c.md") == b"2"
        assert tree.paths() == ["a.md", "b/c.md"]
        assert (tree.mode("a.md"), tree.mode("b"), tree.mode("x")) == ("100644", "040000", None)
        for absent in ("x.md", "b", "a.md/x", "x/y.md", "", ".."):
            assert tree.read(absent) is None
        assert TreeReader(reader, commit, "none").paths() == []
        assert TreeReader(reader, commit).read("deep/prompts/a.md") == b"1"
        with pytest.raises(NotFoundError, match="there is no tree refs/heads/none"):
            TreeReader(reader, "refs/heads/none").read("a.md")


def test_links_and_submodules_are_never_followed(repo: Repo, tmp_path: Path) -> None:
    repo.write("prompts/a.md", "1")
    (repo.path / "prompts" / "link.md").symlink_to("/etc/passwd")
    (repo.path / "prompts" / "folder").symlink_to(tmp_path)
    (repo.path / "elsewhere").symlink_to("prompts")
    first = repo.commit()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{first},prompts/module")
    repo.git("commit", "--quiet", "-m", "submodule")
    with ObjectReader(Git.discover(repo.path)) as reader:
        tree = TreeReader(reader, "HEAD", "prompts")
        assert tree.paths() == ["a.md", "folder", "link.md", "module"]
        for path, what in {
            "link.md": "symbolic link",
            "folder/x.md": "symbolic link",
            "module": "submodule",
            "module/x.md": "submodule",
        }.items():
            with pytest.raises(GitError, match=what):
                tree.read(path)
        with pytest.raises(GitError, match="symbolic link"):
            TreeReader(reader, "HEAD", "elsewhere").paths()
