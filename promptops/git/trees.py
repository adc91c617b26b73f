"""Read folders of a commit, and write trees with a few changed paths.

A deployment among a thousand prompts changes three or four trees. Reading all of it into an index
takes five times as long as this. So the changed trees are built here in Git's format and passed to
one `git unpack-objects` in a pack.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from promptops.errors import IntegrityError, NotAFileError, NotFoundError, UsageError
from promptops.git.objects import TreeEntry, parse_tree
from promptops.git.process import failure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from promptops.git.objects import ObjectReader
    from promptops.git.process import Git

FILE_MODE = "100644"
FOLDER_MODE = "040000"

# The type numbers of gitformat-pack(5).
_PACK_TYPES = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}

_UNREADABLE = {"120000": "a symbolic link", "160000": "a submodule"}


class TreeFile(NamedTuple):
    """A file below a folder: its path in the folder, its mode (`100644`), its blob's id."""

    path: str
    mode: str
    oid: str


# The change of a path: new content; an existing object as mode and id (mode 040000 inserts a whole
# folder); or None to delete it.
Change: TypeAlias = bytes | tuple[str, str] | None

# Changes as a tree of folders.
_Plan: TypeAlias = "dict[str, Change | _Plan]"


def write_blobs(git: Git, contents: Sequence[bytes]) -> list[str]:
    """Store files' bytes unchanged; return their object ids in the same order."""
    return write_objects(git, [("blob", content) for content in contents])


def write_blob(git: Git, content: bytes) -> str:
    """Store one file's bytes unchanged; return the object id."""
    return write_blobs(git, (content,))[0]


_MAX_UNPACKED = 100


def write_objects(git: Git, objects: Sequence[tuple[str, bytes]]) -> list[str]:
    """Store objects in one git process.

    Args:
        git: the repository.
        objects: kind (`blob`, `tree`, `commit`, `tag`) and raw bytes of each.

    Returns:
        Their ids, in the same order.
    """
    oids = [object_id(git.object_format, kind, data) for kind, data in objects]
    if objects:
        # Many objects stay in one pack, as after a fetch (fetch.unpackLimit).
        is_few = len(objects) <= _MAX_UNPACKED
        args = ("unpack-objects", "-q") if is_few else ("index-pack", "--stdin")
        done = git.run(*args, stdin=_pack(git.object_format, objects), check=False)
        if done.code != 0:
            raise failure(args, done)
    return oids


def object_id(object_format: str, kind: str, data: bytes) -> str:
    """Return an object's id; `object_format` is `sha1` or `sha256`."""
    return _hash(object_format, f"{kind} {len(data)}\0".encode() + data).hex()


def splice(git: Git, reader: ObjectReader, root: str | None, changes: Mapping[str, Change]) -> str:
    """Write a copy of a tree with some paths changed.

    Only the trees on the changed paths are read and written. Empty folders are dropped. Deleting a
    missing path changes nothing.

    Args:
        git: the repository to write to.
        reader: reads the same repository.
        root: the id of the tree to copy; None: an empty tree.
        changes: path -> its change; see `Change`.

    Returns:
        The id of the new tree.

    Raises:
        UsageError: Git refuses a path, or it is both a file and a folder.
        IntegrityError: a tree is missing or damaged.
    """
    result, new = _splice(git, reader, root, changes)
    write_objects(git, new)
    return result


def compute_splice(
    git: Git, reader: ObjectReader, root: str | None, changes: Mapping[str, Change]
) -> str:
    """Return the id of the tree that `splice` would write; write nothing. Raises as `splice`."""
    return _splice(git, reader, root, changes)[0]


def _splice(
    git: Git, reader: ObjectReader, root: str | None, changes: Mapping[str, Change]
) -> tuple[str, list[tuple[str, bytes]]]:
    new: list[tuple[str, bytes]] = []
    result = _rewrite(git, reader, root, _plan(changes), new)
    if result is None:
        new.append(("tree", b""))
        result = object_id(git.object_format, "tree", b"")
    return result, new


def list_files(git: Git, treeish: str, prefix: str = "") -> list[TreeFile]:
    """List all files of a tree in one git process, symbolic links and submodules included.

    Args:
        git: the repository.
        treeish: an object id or a full ref name.
        prefix: the folder to list; paths are relative to it.

    Returns:
        The files, in Git's order; empty if there is no such folder.

    Raises:
        NotFoundError: there is no such tree.
    """
    args = ("ls-tree", "-r", "-z", "--full-tree", f"{treeish}:{prefix.strip('/')}")
    done = git.run(*args, check=False)
    if done.code != 0:
        if git.run("cat-file", "-e", f"{treeish}^{{tree}}", check=False).code != 0:
            message = f"there is no tree {treeish} in this repository"
            raise NotFoundError(message, hint="fetch it first")
        if "Not a valid object name" in done.stderr or "not a tree object" in done.stderr:
            return []
        raise failure(args, done)
    files = []
    for line in done.stdout.split(b"\0"):
        head, tab, path = line.partition(b"\t")
        if tab:
            mode, _, oid = head.decode().split(" ")
            files.append(TreeFile(path.decode("utf-8", "surrogateescape"), mode, oid))
    return files


class TreeReader:
    """Files below one folder of one commit, as a source of prompts.

    Folders are read on first use and cached, since a commit never changes.
    """

    __slots__ = ("_files", "_folders", "_kept", "_prefix", "_reader", "_treeish")

    def __init__(self, reader: ObjectReader, treeish: str, prefix: str = "") -> None:
        """Store the reader, an object id or full ref name, and the folder (empty: the root)."""
        self._reader = reader
        self._treeish = treeish
        self._prefix = prefix.strip("/")
        self._folders: dict[str, dict[str, TreeEntry] | None] = {}
        self._files: list[TreeFile] | None = None
        self._kept: dict[str, bytes] | None = None

    def keep(self, paths: Collection[str]) -> None:
        """Read many files with few round trips, and cache these and all later reads.

        Unreadable files are skipped here; `read` raises for them.
        """
        self._kept = kept = {} if self._kept is None else self._kept
        top = f"{self._prefix}/" if self._prefix else ""
        full = [f"{top}{path}" for path in paths if "\n" not in path]
        # With all parent folders, to check that each is a tree that Git would write.
        folders = sorted({one for path in full for one in _around(path)} - self._folders.keys())
        found = self._reader.read_many([f"{self._treeish}:{folder}" for folder in folders])
        for folder, tree in zip(folders, found, strict=True):
            if tree is not None and tree.kind == "tree":
                self._folders[folder] = self._parse(tree.data)
        entries = [self._look_up(path) for path in full]
        oids = list(dict.fromkeys(one.oid for one in entries if one and one.oid not in kept))
        for blob in self._reader.read_many(oids):
            if blob is not None and blob.kind == "blob":
                kept[blob.oid] = blob.data

    def _look_up(self, full: str) -> TreeEntry | None:
        """Return the entry of a path from the top, if it is a file in a cached folder."""
        folder, _, name = full.rpartition("/")
        entry = (self._folders.get(folder) or {}).get(name)
        return entry if entry and not entry.is_folder and entry.mode not in _UNREADABLE else None

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None when there is no such file.

        Raises:
            NotFoundError: the commit does not exist.
            GitError: the path, or a parent, is a symbolic link or a submodule.
            IntegrityError: the file's object is missing.
        """
        entry = self.entry(path)
        if entry is None or entry.is_folder:
            return None
        self._refuse_unreadable(path, entry)
        if self._kept is not None and entry.oid in self._kept:
            return self._kept[entry.oid]
        found = self._reader.read(entry.oid)
        if found is None:
            raise IntegrityError(
                f"the content of {path} is missing: object {entry.oid}",
                hint="run `git fsck` to list what is broken, or fetch again",
            )
        if self._kept is not None:
            self._kept[entry.oid] = found.data
        return found.data

    def paths(self) -> list[str]:
        """List the paths of all files below the folder; links and submodules too, for callers to
        refuse.
        """
        return [file.path for file in self.files()]

    def beside(self, folder: str) -> TreeReader:
        """Return a reader of another folder of the same commit, relative to its top."""
        other = TreeReader(self._reader, self._treeish, folder)
        # keyed by paths from the top, and by ids
        other._folders, other._kept = self._folders, self._kept
        return other

    def files(self) -> list[TreeFile]:
        """List all files below the folder."""
        if self._files is None:
            self._folder(self._prefix)
            self._files = list_files(self._reader.git, self._treeish, self._prefix)
        return self._files

    def mode(self, path: str) -> str | None:
        """Return a path's mode (`100644`, `120000`, `040000`); None if the path is missing."""
        entry = self.entry(path)
        return None if entry is None else entry.mode

    def entry(self, path: str) -> TreeEntry | None:
        """Return a path's entry; None if the path is missing. Raises as `read`."""
        full = f"{self._prefix}/{path}" if self._prefix else path
        parent, _, name = full.rpartition("/")
        folder = self._folder(parent)
        return None if folder is None else folder.get(name)

    def _folder(self, path: str) -> dict[str, TreeEntry] | None:
        if path not in self._folders:
            self._folders[path] = self._read_folder(path)
        return self._folders[path]

    def _read_folder(self, path: str) -> dict[str, TreeEntry] | None:
        if not path:
            return self._entries(f"{self._treeish}^{{tree}}")
        parent_path, _, name = path.rpartition("/")
        parent = self._folder(parent_path)
        entry = None if parent is None else parent.get(name)
        if entry is None:
            return None
        self._refuse_unreadable(path, entry)
        return self._entries(entry.oid) if entry.is_folder else None

    def _entries(self, spec: str) -> dict[str, TreeEntry]:
        found = self._reader.read(spec)
        if found is None:
            message = f"there is no tree {spec.removesuffix('^{tree}')} in this repository"
            raise NotFoundError(message, hint="fetch it first")
        return self._parse(found.data)

    def _parse(self, data: bytes) -> dict[str, TreeEntry]:
        entries = parse_tree(data, self._reader.git.object_id_bytes)
        return {entry.name: entry for entry in entries}

    def _refuse_unreadable(self, path: str, entry: TreeEntry) -> None:
        what = _UNREADABLE.get(entry.mode)
        if what is not None:
            raise NotAFileError(
                f"{path} is {what} in {self._treeish}, and links are never followed",
                hint="replace it with the file itself",
            )


def read_tree_files(reader: ObjectReader, treeish: str, path: str = "") -> dict[str, TreeFile]:
    """List the files of a small folder without starting a process; see `list_files`."""
    top = reader.read(f"{treeish}:{path.strip('/')}")
    if top is None or top.kind != "tree":
        return {}
    files: dict[str, TreeFile] = {}
    folders = [("", top.oid)]
    while folders:
        found = reader.read_many([oid for _, oid in folders])
        deeper = []
        for (parent, oid), tree in zip(folders, found, strict=True):
            if tree is None:
                raise _missing_tree(oid)
            for entry in parse_tree(tree.data, reader.git.object_id_bytes):
                full = f"{parent}{entry.name}"
                if entry.is_folder:
                    deeper.append((f"{full}/", entry.oid))
                else:
                    files[full] = TreeFile(full, entry.mode, entry.oid)
        folders = deeper
    return files


def _around(path: str) -> Iterator[str]:
    """Yield the parent folders of a path from the top, innermost first; the top is the empty
    string.
    """
    while path:
        path = path.rpartition("/")[0]
        yield path


def _plan(changes: Mapping[str, Change]) -> _Plan:
    plan: _Plan = {}
    for path, change in changes.items():
        *parents, name = _components(path)
        folder = plan
        for parent in parents:
            below = folder.setdefault(parent, {})
            if not isinstance(below, dict):
                raise _both(path)
            folder = below
        if name in folder:
            raise _both(path)
        folder[name] = change
    return plan


def _components(path: str) -> list[str]:
    components = path.split("/")
    for component in components:
        if component.lower() in {"", ".", "..", ".git"} or "\0" in component:
            message = f"{path!r} is not a path that Git can store"
            raise UsageError(message, hint="use a relative path without . and ..")
    return components


def _both(path: str) -> UsageError:
    message = f"{path} cannot be both a file and a folder"
    return UsageError(message, hint="rename one of them")


def _rewrite(
    git: Git,
    reader: ObjectReader,
    oid: str | None,
    plan: _Plan,
    new: list[tuple[str, bytes]],
) -> str | None:
    entries = _read_tree(git, reader, oid)
    for name, change in plan.items():
        present = entries.get(name)
        if change is None:
            entries.pop(name, None)
        elif isinstance(change, bytes):
            new.append(("blob", change))
            blob = object_id(git.object_format, "blob", change)
            entries[name] = TreeEntry(FILE_MODE, name, blob)
        elif isinstance(change, tuple):
            entries[name] = TreeEntry(change[0].zfill(6), name, change[1])
        else:
            is_folder = present is not None and present.is_folder
            below = present.oid if present is not None and is_folder else None
            folder = _rewrite(git, reader, below, change, new)
            if folder is not None:
                entries[name] = TreeEntry(FOLDER_MODE, name, folder)
            elif is_folder:
                del entries[name]
    if not entries:
        return None
    data = b"".join(_lines(entries.values()))
    result = object_id(git.object_format, "tree", data)
    if result != oid:
        new.append(("tree", data))
    return result


def _read_tree(git: Git, reader: ObjectReader, oid: str | None) -> dict[str, TreeEntry]:
    if oid is None:
        return {}
    found = reader.read(oid)
    if found is None or found.kind != "tree":
        raise _missing_tree(oid)
    return {entry.name: entry for entry in parse_tree(found.data, git.object_id_bytes)}


def _missing_tree(oid: str) -> IntegrityError:
    return IntegrityError(
        f"the tree {oid} is missing", hint="run `git fsck` to list what is broken, or fetch again"
    )


def _lines(entries: Iterable[TreeEntry]) -> Iterator[bytes]:
    for entry in sorted(entries, key=_tree_order):
        name = entry.name.encode("utf-8", "surrogateescape")
        mode = entry.mode.lstrip("0").encode()
        yield mode + b" " + name + b"\0" + bytes.fromhex(entry.oid)


def _tree_order(entry: TreeEntry) -> bytes:
    # Git sorts a folder as if its name ended in a slash.
    name = entry.name.encode("utf-8", "surrogateescape")
    return name + b"/" if entry.is_folder else name


def _pack(object_format: str, objects: Sequence[tuple[str, bytes]]) -> bytes:
    """Build a pack without deltas, see gitformat-pack(5)."""
    parts = [b"PACK", (2).to_bytes(4, "big"), len(objects).to_bytes(4, "big")]
    for kind, data in objects:
        # The first byte has the type and four bits of the size; each further byte has seven bits.
        # The highest bit means that more follow.
        size = len(data)
        byte, size = (_PACK_TYPES[kind] << 4) | (size & 15), size >> 4
        header = bytearray()
        while size:
            header.append(byte | 128)
            byte, size = size & 127, size >> 7
        header.append(byte)
        # Git recompresses as configured, so use the fastest level.
        parts += [bytes(header), zlib.compress(data, 1)]
    pack = b"".join(parts)
    return pack + _hash(object_format, pack)


def _hash(object_format: str, data: bytes) -> bytes:
    if object_format == "sha256":
        return hashlib.sha256(data).digest()
    # Git's object id, not a security measure.
    return hashlib.sha1(data, usedforsecurity=False).digest()
