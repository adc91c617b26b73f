"""Releases and deployments written with plain git, as docs/SPEC.md has them.

What reads them is tested against these, so they are not made by the program.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Shares = str | tuple[tuple[str, int], ...]


def digest_of(files: Mapping[str, str]) -> str:
    """The digest of a closure, by the recipe in SPEC.md, section 2."""
    lines = "".join(
        f"{hashlib.sha256(files[path].encode()).hexdigest()}  {path}\n"
        for path in sorted(files, key=str.encode)
    )
    total = hashlib.sha256(f"promptops-digest-v1\n{lines}".encode())
    return f"sha256:{total.hexdigest()}"


@dataclass
class Press:
    """Publishes prompts in a repository."""

    repo: Repo
    key: Path | None = None
    files: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    commits: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def release(
        self,
        name: str,
        version: str,
        body: str = "",
        *,
        extra: Mapping[str, str] | None = None,
        notes: str = "Notes.",
        trailers: str = "",
        **keys: str,
    ) -> str:
        """Commit a prompt and tag it as released; give its digest."""
        text = prompt_text(version, body or f"Answer {{{{ question }}}} as {version}", **keys)
        files = {f"{name}.md": text, **(extra or {})}
        commit = self.repo.commit({f"prompts/{path}": text for path, text in files.items()})
        digest = digest_of(files)
        self.files[name, version] = files
        self.commits[name, version] = commit
        self.tag(
            f"prompts/{name}@{version}",
            f"{name} {version}\n\n{notes}\n\nPrompt-Digest: {digest}\nPrompt-Path: "
            f"prompts/{name}.md\nPrompt-Model: openai/gpt-4o-mini\nPrompt-Change: new\n"
            f"Prompt-Base: none\n{trailers}Operation: 0123\n",
            commit,
        )
        return digest

    def yank(self, name: str, version: str, reason: str) -> None:
        """Yank a release."""
        self.tag(
            f"yanked/prompts/{name}@{version}",
            f"Yank {name} {version}\n\nReason: {reason}\nRelease-Tag: 0123\nOperation: 0123\n",
            self.commits[name, version],
        )

    def tag(self, name: str, message: str, commit: str) -> None:
        """Make an annotated tag, signed where there is a key."""
        options = ["-s", "-u", str(self.key)] if self.key else ["-a"]
        gpg = ["-c", "gpg.format=ssh"]
        self.repo.git(
            *gpg, "tag", *options, "--cleanup=verbatim", "-F", "-", name, commit, stdin=message
        )

    def deploy(
        self,
        environment: str,
        live: Mapping[str, Shares],
        *,
        paused: Mapping[str, str] | None = None,
        action: str = "promote",
        reason: str = "",
        number: int | None = None,
        parent: str | None = "tip",
        change_lock: Mapping[str, Any] | None = None,
        change_files: Mapping[str, str] | None = None,
    ) -> str:
        """Put one more deployment on an environment's branch; give its commit."""
        branch = f"refs/heads/promptops/{environment}"
        tip = self.repo.find(branch)
        before = tip if parent == "tip" else parent
        if number is None:
            number = 1 + (self._number(before) if before else 0)
        lock, contents = self._state(live, paused or {})
        lock.update(change_lock or {})
        contents.update(change_files or {})
        contents["promptops.lock"] = json.dumps(lock, indent=1, sort_keys=True) + "\n"
        contents["promptops.undo"] = '{"prompts": {}, "schema": "promptops.undo/v1"}\n'
        names = "".join(f"Prompt: {name}\nFrom: none\nTo: 1.0.0\n" for name in live)
        why = f"Reason: {reason}\n" if reason else ""
        message = (
            f"{environment}: {action}\n\nDeployment: {number}\nAction: {action}\n{names}"
            f"{why}Operation: 0123\n"
        )
        if self.key:
            commit = self._sign(
                self._import("refs/scratch/tree", "", None, contents), before, message
            )
            self.repo.git("update-ref", "-d", "refs/scratch/tree")
            self.repo.git("update-ref", branch, commit)
        else:
            commit = self._import(branch, message, before, contents)
        self.numbers[commit] = number
        return commit

    def _number(self, commit: str) -> int:
        if commit in self.numbers:
            return self.numbers[commit]
        message = self.repo.git("cat-file", "commit", commit)
        return int(message.partition("\nDeployment: ")[2].partition("\n")[0])

    def _state(
        self, live: Mapping[str, Shares], paused: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        prompts, contents = {}, {}
        for name, shares in live.items():
            pairs = ((shares, 100),) if isinstance(shares, str) else shares
            prompts[name] = {
                "live": [
                    {
                        "version": version,
                        "digest": digest_of(self.files[name, version]),
                        "commit": self.commits[name, version],
                        "share": share,
                    }
                    for version, share in pairs
                ],
                "paused": {"reason": paused[name]} if name in paused else None,
            }
            for version, _ in pairs:
                for path, text in self.files[name, version].items():
                    contents[f"releases/{name}@{version}/{path}"] = text
        return {"schema": "promptops.lock/v1", "prompts": prompts}, contents

    def _import(
        self, ref: str, message: str, parent: str | None, contents: Mapping[str, str]
    ) -> str:
        """Commit files to a ref without a work tree, in one process; give the commit."""
        data = message.encode()
        stream = [f"commit {ref}\n".encode()]
        for who in ("author", "committer"):
            name, email = (os.environ[f"GIT_{who.upper()}_{part}"] for part in ("NAME", "EMAIL"))
            date = os.environ.get(f"GIT_{who.upper()}_DATE") or f"{int(time.time())} +0000"
            stream.append(f"{who} {name} <{email}> {date}\n".encode())
        stream.append(b"data %d\n%b\n" % (len(data), data))
        stream.append(f"from {parent}\n".encode() if parent else b"")
        stream.append(b"deleteall\n")
        for path, text in contents.items():
            blob = text.encode()
            stream.append(b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(blob), blob))
        self.repo.git("fast-import", "--quiet", "--force", stdin=b"".join(stream))
        return self.repo.rev(ref)

    def _sign(self, commit: str, parent: str | None, message: str) -> str:
        """Make a signed commit of what another one holds."""
        return self.repo.git(
            *("-c", "gpg.format=ssh", "commit-tree", f"-S{self.key}"),
            *(("-p", parent) if parent else ()),
            *("-F", "-", f"{commit}^{{tree}}"),
            stdin=message,
        )


def publish_triage(press: Press) -> None:
    """Two releases of `support/triage`: 1.1.0 live in production, 1.0.0 before it."""
    press.release("support/triage", "1.0.0")
    press.release(
        "support/triage",
        "1.1.0",
        'Answer {{ question }} kindly.\n{% include "_shared/tone.md" %}',
        extra={"_shared/tone.md": "Be brief.\n"},
    )
    press.deploy("production", {"support/triage": "1.0.0"})
    press.deploy("production", {"support/triage": "1.1.0"})


_MADE: list[Press] = []


def copy_triage(folder: Path, base: Path) -> Press:
    """`publish_triage` in a copy of a repository that is made once in a process, below `base`."""
    copy_template(_build_triage, folder, base)
    made = _MADE[-1]
    return Press(Repo(folder), None, dict(made.files), dict(made.commits), dict(made.numbers))


def _build_triage(folder: Path) -> None:
    press = Press(Repo.init(folder))
    publish_triage(press)
    _MADE.append(press)
