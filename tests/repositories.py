"""Real Git repositories for tests, made and changed in as few words as a test can spare.

Nothing here goes through `promptops`: a test that checks the program against a repository must
not have built that repository with the program.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Repo:
    """One repository on disk: its work tree, or the folder itself when it is bare."""

    path: Path

    @classmethod
    def init(cls, path: Path, *, bare: bool = False, object_format: str = "sha1") -> Repo:
        """Make an empty repository with the branch `main` and no commits."""
        path.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--initial-branch=main", f"--object-format={object_format}"]
        if bare:
            options.append("--bare")
        repo = cls(path)
        repo.git("init", *options)
        return repo

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
        return self.git("rev-parse", "--verify", "--end-of-options", revision)

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
        self.git("remote", "add", name, remote.url)
        if self.refs():
            self.git(
                "push", "--quiet", name, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"
            )
        self.git("fetch", "--quiet", name)
        if self.git("rev-parse", "--verify", "--quiet", f"refs/remotes/{name}/main", check=False):
            self.git("remote", "set-head", name, "main")
        return remote

    @property
    def url(self) -> str:
        """The repository's `file://` address."""
        return self.path.absolute().as_uri()
