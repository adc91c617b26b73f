"""Real Git repositories for tests, made and changed in as few words as a test can spare.

Nothing here goes through `promptops`: a test that checks the program against a repository must
not have built that repository with the program. Where copying a few files leaves what git would
leave, no git is started: `tests/test_repositories.py` compares the two.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PLAIN_URL = re.compile(r"[A-Za-z0-9:/._%-]+")


@dataclass(frozen=True, slots=True)
class Repo:
    """One repository on disk: its work tree, or the folder itself when it is bare."""

    path: Path

    @classmethod
    def init(cls, path: Path, *, bare: bool = False, object_format: str = "sha1") -> Repo:
        """Make an empty repository with the branch `main` and no commits."""
        path.mkdir(parents=True, exist_ok=True)
        folder = path if bare else path / ".git"
        if _is_redirected() or (any(path.iterdir()) if bare else folder.exists()):
            return cls(path)._init(bare, object_format)
        for name, content in _read_empty(bare, object_format):
            if content is None:
                (folder / name).mkdir(exist_ok=True)
            else:
                (folder / name).write_bytes(content)
        return cls(path)

    def _init(self, bare: bool, object_format: str) -> Repo:
        """Have git make the repository."""
        options = ["--quiet", "--initial-branch=main", f"--object-format={object_format}"]
        self.git("init", *options, *(["--bare"] if bare else []))
        return self

    def git(
        self,
        *args: str,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> str:
        """Run git here; give its standard output without the last line end."""
        done = self.run(*args, stdin=stdin, env=env)
        if check and done.returncode != 0:
            message = f"git {' '.join(args)}: {done.stderr.decode(errors='replace')}"
            raise AssertionError(message)
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def run(
        self, *args: str, stdin: str | bytes = b"", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git here, whatever its exit code."""
        return subprocess.run(
            ["git", *args],
            cwd=self.path,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            check=False,
            env={**os.environ, **(env or {})},
        )

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file of the work tree, with its folders; text keeps its line ends."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(
        self, files: Mapping[str, str | bytes] | None = None, message: str = "change things"
    ) -> str:
        """Write files, stage everything, commit (even without a change); give the commit's id."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "-F", "-", stdin=message)
        return self.rev("HEAD")

    def rev(self, revision: str) -> str:
        """Give the object id of a revision that exists."""
        return self._read_ref(revision) or self.git(
            "rev-parse", "--verify", "--end-of-options", revision
        )

    def find(self, ref: str) -> str | None:
        """Give what a full ref name means, if there is such a ref."""
        found = self._read_ref(ref)
        return found or self.git("rev-parse", "--verify", "--quiet", ref, check=False) or None

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Give every ref below a prefix with its object id."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def tag(self, name: str, message: str = "a tag", target: str = "HEAD") -> str:
        """Make an annotated tag and give the id of the tag object."""
        self.git("tag", "-a", "--cleanup=verbatim", "-F", "-", name, target, stdin=message)
        return self.rev(f"refs/tags/{name}")

    def make_ambiguous(self) -> str:
        """Write two commits whose ids begin alike; give those first four characters."""
        tree = self.git("write-tree")
        seen: dict[str, str] = {}
        for number in range(5000):
            who = "Jane Doe <jane@example.com> 1767225600 +0000"
            text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\n{number}\n"
            data = f"commit {len(text)}\0{text}".encode()
            short = hashlib.sha1(data, usedforsecurity=False).hexdigest()[:4]
            if short in seen:
                for content in (seen[short], text):
                    self.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=content)
                return short
            seen[short] = text
        raise AssertionError

    def pack(self) -> None:
        """Put all objects into one pack: a copy then has a few files instead of many folders."""
        self.git("repack", "-a", "-d", "-q")

    def lose(self, revision: str) -> str:
        """Remove an object, packed or not, as a failing disk does; give its id."""
        oid = self.rev(revision)
        objects = self._folder / "objects"
        for pack in (objects / "pack").glob("*.pack"):
            packed = pack.read_bytes()
            for file in (objects / "pack").glob(f"{pack.stem}.*"):
                file.unlink()
            self.git("unpack-objects", "-q", stdin=packed)
        (objects / oid[:2] / oid[2:]).unlink()
        return oid

    def config(self, name: str, value: str) -> None:
        """Set one value in the repository's own configuration."""
        self.git("config", name, value)

    def hook(self, name: str, script: str) -> None:
        """Install a hook: a shell script without its first line."""
        folder = Path(self.git("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def clone(self, path: Path, *options: str) -> Repo:
        """Clone over `file://`, so that shallow and partial clones are real ones."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.git("clone", "--quiet", *options, "--", self.url, str(path))
        return Repo(path)

    def publish(self, path: Path, name: str = "origin") -> Repo:
        """Make a bare remote at a path, push all branches and tags to it, track it as `name`."""
        object_format = self.git("rev-parse", "--show-object-format")
        remote = Repo.init(path, bare=True, object_format=object_format)
        if self._copy_to(remote, name):
            return remote
        self.git("remote", "add", name, remote.url)
        if self.refs():
            self.git(
                "push", "--quiet", name, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"
            )
        self.git("fetch", "--quiet", name)
        if self.git("rev-parse", "--verify", "--quiet", f"refs/remotes/{name}/main", check=False):
            self.git("remote", "set-head", name, "main")
        return remote

    def _read_ref(self, name: str) -> str | None:
        """Give what a full name means by its own file; None where only git can tell."""
        if _is_redirected() or not (name == "HEAD" or name.startswith("refs/")):
            return None
        folder = self._folder
        for _ in range(2):
            try:
                text = (folder / name).read_text("ascii").rstrip("\n")
            except (OSError, ValueError):
                return None
            if _OBJECT_ID.fullmatch(text):
                return text
            name = text.removeprefix("ref: ")
        return None

    def _copy_to(self, remote: Repo, name: str) -> bool:
        """Do by copying what a first push to an empty remote does; False where that takes git."""
        if not self._is_plain(name) or not _PLAIN_URL.fullmatch(remote.url):
            return False
        mine, theirs = self._folder, remote._folder
        refs = {
            file.relative_to(mine).as_posix(): file.read_text()
            for kind in ("heads", "tags")
            for file in sorted((mine / "refs" / kind).rglob("*"))
            if file.is_file()
        }
        if not all(_OBJECT_ID.fullmatch(one.rstrip("\n")) for one in refs.values()):
            return False
        for file in (mine / "objects").rglob("*"):
            if file.is_file():
                copy = theirs / file.relative_to(mine)
                copy.parent.mkdir(exist_ok=True)
                copy.write_bytes(file.read_bytes())
                copy.chmod(0o444)
        for ref, content in refs.items():
            _write(theirs / ref, content)
        heads = {ref[11:]: one for ref, one in refs.items() if ref.startswith("refs/heads/")}
        tracked = f"refs/remotes/{name}"
        fetched = []
        for head, content in heads.items():
            _write(mine / tracked / head, content)
            line = f"{content.rstrip()}\tnot-for-merge\tbranch '{head}' of {remote.url}"
            fetched.append(f"{line.removesuffix('.git')}\n")
        if "main" in heads:
            _write(mine / tracked / "HEAD", f"ref: {tracked}/main\n")
        _write(mine / "FETCH_HEAD", "".join(fetched))
        with (mine / "config").open("a") as config:
            config.write(f'[remote "{name}"]\n\turl = {remote.url}\n')
            config.write(f"\tfetch = +refs/heads/*:{tracked}/*\n")
        return True

    def _is_plain(self, name: str) -> bool:
        """Whether this is a work tree as `init` and `commit` leave it, without such a remote."""
        folder = self.path / ".git"
        unusual = ("packed-refs", "shallow", "hooks/pre-push", "objects/info/alternates")
        return (
            not _is_redirected()
            and folder.is_dir()
            and not any((folder / one).exists() for one in (*unusual, f"refs/remotes/{name}"))
            and f'[remote "{name}"]' not in (folder / "config").read_text()
        )

    @property
    def _folder(self) -> Path:
        """What git calls `$GIT_DIR`: a folder, unless this is a linked worktree."""
        folder = self.path / ".git"
        return folder if folder.exists() else self.path

    @property
    def url(self) -> str:
        """The repository's `file://` address."""
        return self.path.absolute().as_uri()


def _write(file: Path, text: str) -> None:
    """Write a file with its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _is_redirected() -> bool:
    """Whether the environment has git look elsewhere."""
    return "GIT_DIR" in os.environ or "GIT_COMMON_DIR" in os.environ


@cache
def _read_empty(bare: bool, object_format: str) -> tuple[tuple[str, bytes | None], ...]:
    """Read what git makes of an empty folder: every file, and None for every folder."""
    with TemporaryDirectory() as name:
        place = Path(name) / "repo"
        place.mkdir()
        folder = Path(name) / "templates"
        folder.mkdir()
        options = [
            "--initial-branch=main",
            f"--object-format={object_format}",
            f"--template={folder}",
        ]
        subprocess.run(
            ["git", "init", "--quiet", *options, *(["--bare"] if bare else [])],
            cwd=place,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
            },
        )
        made = place if bare else place / ".git"
        found = [
            (".", None),
            *((path.relative_to(made).as_posix(), path) for path in sorted(made.rglob("*"))),
        ]
        return tuple(
            (one, None if path is None or path.is_dir() else path.read_bytes())
            for one, path in found
        )
