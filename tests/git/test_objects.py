"""Reading objects: one process, any number of reads, threads and forks; and the parsers."""

from __future__ import annotations

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.errors import GitError, IntegrityError, UsageError
from promptops.git import objects
from promptops.git.objects import (
    Identity,
    ObjectReader,
    TreeEntry,
    parse_commit,
    parse_identity,
    parse_tag,
    parse_tree,
    split_signature,
)
from promptops.git.process import Git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import MakeRepo
    from tests.repositories import Repo

SIGNATURE = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"


@pytest.fixture
def reader(repo: Repo) -> Iterator[ObjectReader]:
    with ObjectReader(Git.discover(repo.path)) as reader:
        yield reader


def test_any_object_expression_can_be_read(repo: Repo, reader: ObjectReader) -> None:
    commit = repo.commit({"folder/a file.md": "text\r\n\n"})
    tag = repo.tag("prompts/a@1.0.0")
    blob = reader.read(f"{commit}:folder/a file.md")
    assert blob is not None
    assert (blob.kind, blob.data) == ("blob", b"text\r\n\n")
    found = reader.read_many(["refs/tags/prompts/a@1.0.0", f"{tag}^{{commit}}", f"{tag}^{{tree}}"])
    assert [(item.oid, item.kind) for item in found if item] == [
        (tag, "tag"),
        (commit, "commit"),
        (repo.rev("HEAD^{tree}"), "tree"),
    ]


@pytest.mark.parametrize("spec", ["refs/tags/gone", "0" * 40, "HEAD:gone.md", "a missing", "-x"])
def test_what_does_not_exist_is_none(repo: Repo, reader: ObjectReader, spec: str) -> None:
    repo.commit({"a.md": "text"})
    assert reader.read(spec) is None
    assert reader.read("HEAD:a.md") is not None


@pytest.mark.parametrize("spec", ["", "a\nb", "a\0b"])
def test_a_spec_that_would_break_the_conversation_is_refused(
    reader: ObjectReader, spec: str
) -> None:
    with pytest.raises(UsageError):
        reader.read(spec)


@pytest.mark.slow
def test_thousands_of_reads_do_not_block(repo: Repo, reader: ObjectReader) -> None:
    # Far more than the pipes to and from git hold.
    repo.commit({"big.md": "x" * 30_000, "a.md": "text"})
    specs = ["HEAD:big.md", "HEAD:gone", f"HEAD:{'long/' * 200}", "HEAD:a.md"] * 300
    sizes = [len(found.data) if found else None for found in reader.read_many(specs)]
    assert sizes == [30_000, None, None, 4] * 300


@pytest.mark.slow
def test_an_object_written_later_is_seen(repo: Repo, reader: ObjectReader) -> None:
    repo.commit({"a.md": "1"})
    assert reader.read("refs/tags/late") is None
    tag = repo.tag("late")
    repo.git("gc", "--quiet")
    found = reader.read("refs/tags/late")
    assert found is not None
    assert found.oid == tag


@pytest.mark.slow
def test_threads_share_a_reader(repo: Repo, reader: ObjectReader) -> None:
    repo.commit({f"{number}.md": str(number) * 1000 for number in range(20)})

    def read(number: int) -> bool:
        found = reader.read(f"HEAD:{number % 20}.md")
        return found is not None and found.data == (str(number % 20) * 1000).encode()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(400)))


@pytest.mark.story
def test_a_forked_child_has_a_conversation_of_its_own(repo: Repo, reader: ObjectReader) -> None:
    repo.commit({f"{number}.md": str(number) for number in range(50)})
    assert reader.read("HEAD:0.md") is not None
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            right = False
            try:
                found = reader.read_many([f"HEAD:{number}.md" for number in range(50)])
                right = [item.data for item in found if item] == [b"%d" % n for n in range(50)]
            finally:
                os._exit(0 if right else 1)
        children.append(pid)
    for number in range(50):
        again = reader.read(f"HEAD:{number}.md")
        assert again is not None
        assert again.data == str(number).encode()
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
    assert reader.read("HEAD:1.md") is not None


def test_a_dead_process_is_replaced(repo: Repo, reader: ObjectReader) -> None:
    repo.commit({"a.md": "text"})
    assert reader.read("HEAD:a.md") is not None
    batch = reader._batch
    assert batch is not None
    batch.process.kill()
    batch.process.wait()
    assert reader.read("HEAD:a.md") is not None


def test_a_closed_reader_opens_again(repo: Repo, reader: ObjectReader) -> None:
    repo.commit({"a.md": "text"})
    assert reader.read("HEAD:a.md") is not None
    reader.close()
    reader.close()
    assert reader.read("HEAD:a.md") is not None


def test_what_is_too_large_is_refused_and_reading_goes_on(
    repo: Repo, reader: ObjectReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "MAXIMUM_OBJECT_BYTES", 1000)
    repo.commit({"big.md": "x" * 200_000, "a.md": "text"})
    with pytest.raises(GitError, match="too large"):
        reader.read("HEAD:big.md")
    assert reader.read("HEAD:a.md") is not None


def test_an_ambiguous_id_is_an_error(repo: Repo, reader: ObjectReader) -> None:
    repo.commit({"a.md": "text"})
    short = repo.make_ambiguous()
    with pytest.raises(GitError, match="ambiguous"):
        reader.read(short)
    assert reader.read("HEAD:a.md") is not None


@pytest.mark.slow
def test_an_object_in_quarantine_is_seen_by_the_servers_hook(repo: Repo, tmp_path: Path) -> None:
    remote = repo.publish(tmp_path / "remote.git")
    program = tmp_path / "hook.py"
    program.write_text(
        "import sys; from pathlib import Path; from promptops.git.objects import ObjectReader\n"
        "from promptops.git.process import Git\n"
        "new = sys.stdin.read().split()[1]\n"
        "with ObjectReader(Git.discover(Path())) as reader:\n"
        "    found = reader.read(f'{new}:a.md')\n"
        "sys.exit(0 if found and found.data == b'text' else 1)\n"
    )
    # Under PYTHONPATH when the package is not installed into the interpreter.
    package = Path(objects.__file__).parents[2]
    remote.hook("pre-receive", f"PYTHONPATH='{package}' '{sys.executable}' '{program}'")
    commit = repo.commit({"a.md": "text"})
    repo.git("push", "--quiet", "origin", "main")
    assert remote.rev("refs/heads/main") == commit


@pytest.mark.parametrize("damage", [b"", b"x\x9cnonsense"])
def test_damage_is_not_taken_for_absence(repo: Repo, reader: ObjectReader, damage: bytes) -> None:
    repo.commit({"a.md": "text", "b.md": "more"})
    oid = repo.rev("HEAD:a.md")
    file = repo.path / ".git" / "objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(damage)
    for specs in ([oid], ["HEAD:b.md", oid, "0" * 40], ["0" * 40, oid, "HEAD:b.md"]):
        with pytest.raises(GitError) as caught:
            reader.read_many(specs)
        assert caught.value.hint == snapshot(
            "run `git fsck` to list what is broken, or clone the repository again"
        )
    assert reader.read("HEAD:b.md") is not None


@pytest.mark.slow
def test_a_partial_clone_fetches_what_it_lacks(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.md": "text", "b.md": "more"})
    repo.config("uploadpack.allowFilter", "true")
    repo.config("uploadpack.allowAnySHA1InWant", "true")
    clone = repo.clone(tmp_path / "clone", "--filter=blob:none", "--no-checkout")
    with ObjectReader(Git.discover(clone.path)) as reader:
        present = reader.read("HEAD:a.md")
        assert present is not None
        assert present.data == b"text"
        shutil.move(repo.path, tmp_path / "elsewhere")
        with pytest.raises(GitError) as caught:
            reader.read("HEAD:b.md")
    assert caught.value.hint == snapshot(
        "check the connection to the remote of this partial clone, or fetch everything with `git fetch --refetch --no-filter`"
    )


def test_replacements_are_ignored(repo: Repo, reader: ObjectReader) -> None:
    first = repo.commit({"a.md": "1"})
    second = repo.commit({"a.md": "2"})
    repo.git("replace", second, first)
    found = reader.read(f"{second}:a.md")
    assert found is not None
    assert found.data == b"2"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_commits_tags_and_trees_are_parsed(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    first = repo.commit({"a.md": "1"}, message="first\n")
    second = repo.commit({"b/c.md": "2", "é.md": "3"}, message="title\n\n# Heading\n\nBody ü\n")
    tag_oid = repo.tag("prompts/b@1.0.0", "title\n\n# Heading\n", second)
    jane = Identity("Jane Doe", "jane@example.com", 1_767_225_600, "+0000")
    git = Git.discover(repo.path)
    with ObjectReader(git) as reader:
        raw_commit, raw_tag, raw_tree = reader.read_many([second, tag_oid, f"{second}^{{tree}}"])
    assert raw_commit is not None
    assert raw_tag is not None
    assert raw_tree is not None
    commit = parse_commit(raw_commit.data)
    assert (commit.tree, commit.parents) == (raw_tree.oid, (first,))
    assert (commit.author, commit.committer) == (jane, jane)
    assert commit.message == snapshot("title\n\n# Heading\n\nBody ü\n")
    assert commit.signature is None
    tag = parse_tag(raw_tag.data)
    assert (tag.target, tag.target_kind, tag.name) == (second, "commit", "prompts/b@1.0.0")
    assert (tag.tagger, tag.message, tag.signature) == (jane, "title\n\n# Heading\n", None)
    assert parse_tree(raw_tree.data, git.object_id_bytes) == [
        TreeEntry("100644", "a.md", repo.rev("HEAD:a.md")),
        TreeEntry("040000", "b", repo.rev("HEAD:b")),
        TreeEntry("100644", "é.md", repo.rev("HEAD:é.md")),
    ]


def test_a_commit_in_another_encoding_is_read_in_it(repo: Repo) -> None:
    repo.config("i18n.commitEncoding", "ISO-8859-1")
    repo.git(
        "commit", "--quiet", "--allow-empty", "-F", "-", stdin="gr\xfc\xdfe\n".encode("latin-1")
    )
    with ObjectReader(Git.discover(repo.path)) as reader:
        found = reader.read("HEAD")
    assert found is not None
    assert parse_commit(found.data).message == "grüße\n"


@pytest.mark.parametrize("encoding", ["undefined", "idna", "base64", "a\0b", "utf-16", "klingon"])
def test_no_encoding_that_a_commit_names_can_break_the_reading(encoding: str) -> None:
    data = f"tree 1\nauthor J <> x\ncommitter J <> x\nencoding {encoding}\n\n..\n"
    assert parse_commit(data.encode()).tree == "1"


def test_undecodable_bytes_survive() -> None:
    data = b"tree 1\nauthor J\xff <j@x> 5 +0200\ncommitter J <> x\nencoding klingon\n\n\xff\xfe\n"
    commit = parse_commit(data)
    assert commit.message.encode("utf-8", "surrogateescape") == b"\xff\xfe\n"
    assert commit.author == Identity("J\udcff", "j@x", 5, "+0200")
    assert commit.committer == Identity("J", "", 0, "+0000")


def test_a_signed_commit_keeps_its_signature_apart() -> None:
    data = (
        b"tree 1\nparent 2\nauthor a <a@x> 1 +0000\ncommitter a <a@x> 1 +0000\n"
        b"gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n\nmessage\n"
    )
    commit = parse_commit(data)
    assert commit.signature == SIGNATURE.rstrip()
    assert commit.message == "message\n"


@pytest.mark.parametrize("parse", [parse_commit, parse_tag])
def test_what_is_not_such_an_object_is_refused(parse: object) -> None:
    assert callable(parse)
    with pytest.raises(IntegrityError):
        parse(b"hello\n\nthere")


@pytest.mark.parametrize(
    ("text", "message", "signed"),
    [
        ("notes\n", "notes\n", False),
        ("notes\n" + SIGNATURE, "notes\n", True),
        (SIGNATURE, "", True),
        ("see\n" + SIGNATURE + "end\n", "see\n" + SIGNATURE + "end\n", False),
        ("see\n" + SIGNATURE + "end\n" + SIGNATURE, "see\n" + SIGNATURE + "end\n", True),
        ("a -----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n", None, False),
        ("-----BEGIN PGP SIGNATURE-----\n-----END SSH SIGNATURE-----\n", None, False),
        ("x\n" + SIGNATURE.rstrip(), None, False),
    ],
)
def test_only_a_signature_at_the_very_end_is_one(
    text: str, message: str | None, *, signed: bool
) -> None:
    found = split_signature(text)
    assert found == (text if message is None else message, SIGNATURE if signed else None)


@pytest.mark.parametrize("folder", ["", "tags/", "heads/", "remotes/"])
def test_a_full_name_is_never_an_abbreviation(
    repo: Repo, reader: ObjectReader, folder: str
) -> None:
    first, second = repo.commit({"a": "1"}), repo.commit({"a": "2"})
    name = "refs/tags/prompts/a@1.0.0"
    repo.git("update-ref", f"refs/{folder}{name}", first)
    assert reader.read_many([name, f"{name}:a", f"{name}^{{tree}}"]) == [None, None, None]
    repo.git("update-ref", name, second)
    found, file = reader.read_many([name, f"{name}:a"])
    assert found is not None
    assert file is not None
    assert (found.oid, file.data) == (second, b"2")


def test_a_cut_off_tree_is_refused() -> None:
    with pytest.raises(IntegrityError, match="cut off"):
        parse_tree(b"100644 a.md\0" + b"x" * 19, 20)


@pytest.mark.slow
@given(st.text())
def test_an_identity_never_fails_to_parse(text: str) -> None:
    assert isinstance(parse_identity(text).time_seconds, int)
