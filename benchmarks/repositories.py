"""Makes the repositories that are measured, in the formats that docs/SPEC.md writes down.

Nothing of promptops is used to write them: what it then reads and verifies was made by another
program from the specification alone. They are packed, refs too, as a clone is.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from packs import Pack, Series, format_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AUTHOR = "Jane Doe <jane@example.com>"
_START_SECONDS = 1_750_000_000
_AREA = 100
_SHARED = "_shared/tone.md"
_TONE = "Be brief and friendly. Never promise what the company has not promised.\n"

_PROMPT = """\
---
version: {version}
description: Classify what comes in for {name} by topic and urgency.
author: jane@example.com
model: openai/gpt-4o-mini
temperature: 0.2
max_tokens: 400
tags: [benchmark]
inputs:
  ticket: {{type: string, maxLength: 8000}}
  language: {{type: string, default: en}}
---
{{% system %}}
You triage tickets for {name}, edition {version}. Answer in {{{{ language }}}}.
{extra}{{% endsystem %}}
{{% user %}}
{{{{ ticket }}}}
{{% enduser %}}
"""

# The same in the format of promptpin 0.1.1.
_PROMPTPIN = """\
name: {name}
description: Classify what comes in for {name} by topic and urgency.
model: gpt-4o-mini
params:
  temperature: 0.2
  max_tokens: 400
variables:
  - ticket
  - language
template: |
  You triage tickets for {name}, edition {version}. Answer in {{{{language}}}}.

  {{{{ticket}}}}
"""


def prompt_name(index: int) -> str:
    """Give the name of a prompt: a hundred share a folder."""
    return f"area-{index // _AREA:02d}/prompt-{index % _AREA:02d}"


def flat_name(index: int) -> str:
    """Give the name of a prompt for tools that have no folders of prompts."""
    return f"prompt-{index:05d}"


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a repository of promptops is.

    Attributes:
        prompts: how many prompts there are.
        versions: how many releases each of them has.
        deployments: of each environment; 0: there are no environments.
        partial: whether each prompt includes the same partial.
    """

    prompts: int
    versions: int
    deployments: int = 0
    partial: bool = False

    @property
    def tags(self) -> int:
        """How many release tags there are."""
        return self.prompts * self.versions


@dataclass(slots=True)
class _Release:
    version: str
    digest: str
    commit: str
    tag: str
    tree: str


@dataclass(slots=True)
class _Making:
    """What one run of `make_promptops` knows so far."""

    pack: Pack
    shape: Shape
    clock: int = _START_SECONDS
    releases: dict[str, list[_Release]] = field(default_factory=dict)
    refs: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def tick(self) -> str:
        self.clock += 60
        return f"{AUTHOR} {self.clock} +0000"


def make_promptops(folder: Path, shape: Shape) -> None:
    """Make a repository with releases, and environments where everything is live."""
    _init(folder)
    making = _Making(Pack(folder / ".git"), shape)
    commit = _write_releases(making)
    making.refs["refs/heads/main"] = (commit, None)
    if shape.deployments:
        for environment in ("staging", "production"):
            tip = _Environment(making, environment).write()
            making.refs[f"refs/heads/promptops/{environment}"] = (tip, None)
    making.pack.finish(making.refs)
    _git(folder, "reset", "--quiet", "--hard")


def _write_releases(making: _Making) -> str:
    """Write one commit for each version of all prompts, and the tags of those."""
    pack, shape = making.pack, making.shape
    tone = pack.add("blob", _TONE.encode())
    shared = pack.add("tree", format_tree([("tone.md", tone)]))
    parent = ""
    for number in range(shape.versions):
        version = version_name(number)
        areas: dict[str, list[tuple[str, str]]] = {}
        digests = []
        for index in range(shape.prompts):
            name = prompt_name(index)
            text = _text(name, version, partial=shape.partial).encode()
            blob = pack.add("blob", text)
            area, _, own = name.partition("/")
            areas.setdefault(area, []).append((f"{own}.md", blob))
            files = {f"{name}.md": text}
            tree = [(f"{area}/", pack.add("tree", format_tree([(f"{own}.md", blob)])))]
            if shape.partial:
                files[_SHARED] = _TONE.encode()
                tree.append(("_shared/", shared))
            digests.append((name, digest(files), tree))
        folders = [(f"{area}/", pack.add("tree", format_tree(e))) for area, e in areas.items()]
        if shape.partial:
            folders.append(("_shared/", shared))
        prompts = pack.add("tree", format_tree(folders))
        tree_id = pack.add("tree", format_tree([("prompts/", prompts)]))
        parent = pack.add("commit", _commit(making, tree_id, parent, f"Edition {version}\n"))
        for name, found, tree in digests:
            base = version_name(number - 1) if number else "none"
            _write_tag(making, name, _Release(version, found, parent, "", ""), base)
            if shape.deployments and number < 2:
                making.releases[name][-1].tree = pack.add("tree", format_tree(tree))
    return parent


def _write_tag(making: _Making, name: str, release: _Release, base: str) -> None:
    tag = f"prompts/{name}@{release.version}"
    change = "new" if base == "none" else "minor"
    message = (
        f"{name} {release.version}\n\nThe wording of edition {release.version}.\n\n"
        f"Prompt-Digest: {release.digest}\nPrompt-Path: prompts/{name}.md\n"
        f"Prompt-Model: openai/gpt-4o-mini\nPrompt-Change: {change}\nPrompt-Base: {base}\n"
        f"Operation: {_operation(tag)}\n"
    )
    release.tag = making.pack.add("tag", _tag(making, release.commit, tag, message))
    making.refs[f"refs/tags/{tag}"] = (release.tag, release.commit)
    making.releases.setdefault(name, []).append(release)


class _Environment:
    """One environment branch: first everything goes live, area by area, then prompts change."""

    def __init__(self, making: _Making, name: str) -> None:
        self._making = making
        self._name = name
        self._number = 0
        self._commit = ""
        self._lock = Series()
        self._undo = Series()
        self._entries: dict[str, bytes] = {}
        self._points: dict[str, bytes] = {}
        self._live: dict[str, int] = {}
        self._areas: dict[str, dict[str, str]] = {}
        self._trees: dict[str, str] = {}
        self._touched: set[str] = set()

    def write(self) -> str:
        """Write all deployments; give the last one."""
        names = list(self._making.releases)
        for start in range(0, len(names), _AREA):
            self._deploy(names[start : start + _AREA])
        while self._number < self._making.shape.deployments:
            self._deploy([names[self._number % len(names)]])
        return self._commit

    def _deploy(self, names: Sequence[str]) -> None:
        """Make the other one of a prompt's first two versions live."""
        making, self._number = self._making, self._number + 1
        trailers = [f"Deployment: {self._number}", "Action: promote"]
        for name in names:
            before = self._live.get(name)
            after = 0 if before is None else 1 - before
            release = making.releases[name][after]
            was = "none" if before is None else version_name(before)
            trailers += [f"Prompt: {name}", f"From: {was}", f"To: {release.version}"]
            trailers.append(f"Release-Tag: {release.tag}")
            self._place(name, before, release)
            self._live[name] = after
        trailers.append(f"Operation: {_operation(f'{self._name} {self._number}')}")
        message = f"{self._name}: promote\n\n" + "\n".join(trailers) + "\n"
        tree = self._write_tree()
        self._commit = making.pack.add("commit", _commit(making, tree, self._commit, message))

    def _place(self, name: str, before: int | None, release: _Release) -> None:
        area, _, own = name.partition("/")
        folder = self._areas.setdefault(area, {})
        self._touched.add(area)
        if before is not None:
            del folder[f"{own}@{version_name(before)}/"]
            point = {"deployment": self._number - 1, "commit": self._commit}
            self._points = _with(self._points, name, _json_entry(name, point))
        folder[f"{own}@{release.version}/"] = release.tree
        live = {
            "version": release.version,
            "digest": release.digest,
            "commit": release.commit,
            "share": 100,
        }
        entry = _json_entry(name, {"live": [live], "paused": None})
        self._entries = _with(self._entries, name, entry)

    def _write_tree(self) -> str:
        # What is read most, the newest, is what Git stores whole when it packs.
        pack, whole = self._making.pack, self._number >= self._making.shape.deployments
        lock = _json_file("promptops.lock/v1", self._entries)
        undo = _json_file("promptops.undo/v1", self._points)
        for area in self._touched:
            tree = pack.add("tree", format_tree(self._areas[area].items()))
            self._trees[f"{area}/"] = tree
        self._touched.clear()
        return pack.add(
            "tree",
            format_tree(
                [
                    ("promptops.lock", pack.add_next("blob", self._lock, lock, whole=whole)),
                    ("promptops.undo", pack.add_next("blob", self._undo, undo, whole=whole)),
                    ("releases/", pack.add("tree", format_tree(self._trees.items()))),
                ]
            ),
        )


def make_promptpin(folder: Path, prompts: int, versions: int) -> None:
    """Make a repository of promptpin 0.1.1: `promptpin/NAME@vN` tags on `prompts/NAME.yaml`."""
    _init(folder)
    making = _Making(Pack(folder / ".git"), Shape(prompts, versions))
    commit = ""
    for number in range(1, versions + 1):
        files = {
            f"{flat_name(index)}.yaml": _PROMPTPIN.format(name=flat_name(index), version=number)
            for index in range(prompts)
        }
        commit = _commit_files(making, commit, files)
        for index in range(prompts):
            name = flat_name(index)
            message = f"release {name} v{number}\n"
            _lasting_tag(making, f"promptpin/{name}@v{number}", commit, message)
    _finish(folder, making, commit)


def make_gto(folder: Path, artifacts: int, versions: int) -> None:
    """Make a repository of gto 1.10.1: `NAME@vX.Y.Z` tags on the commits of the same files."""
    _init(folder)
    making = _Making(Pack(folder / ".git"), Shape(artifacts, versions))
    commit = ""
    for number in range(versions):
        version = version_name(number)
        files = {
            f"{flat_name(index)}.md": _text(flat_name(index), version, partial=False)
            for index in range(artifacts)
        }
        commit = _commit_files(making, commit, files)
        for index in range(artifacts):
            name = flat_name(index)
            message = f"Registering artifact {name} version v{version}\n"
            _lasting_tag(making, f"{name}@v{version}", commit, message)
    _finish(folder, making, commit)


def _commit_files(making: _Making, parent: str, files: dict[str, str]) -> str:
    entries = [(name, making.pack.add("blob", text.encode())) for name, text in files.items()]
    prompts = making.pack.add("tree", format_tree(entries))
    tree = making.pack.add("tree", format_tree([("prompts/", prompts)]))
    return making.pack.add("commit", _commit(making, tree, parent, "New wording\n"))


def _lasting_tag(making: _Making, name: str, commit: str, message: str) -> None:
    oid = making.pack.add("tag", _tag(making, commit, name, message))
    making.refs[f"refs/tags/{name}"] = (oid, commit)


def _finish(folder: Path, making: _Making, commit: str) -> None:
    making.refs["refs/heads/main"] = (commit, None)
    making.pack.finish(making.refs)
    _git(folder, "reset", "--quiet", "--hard")


def add_remote(folder: Path, remote: Path) -> None:
    """Put a bare copy of a repository beside it, and make that its `origin`, just fetched."""
    _git(folder, "clone", "--quiet", "--bare", "--no-local", folder.as_uri(), str(remote))
    _git(folder, "remote", "add", "origin", remote.as_uri())
    _git(folder, "fetch", "--quiet", "--no-tags", "origin")
    _git(folder, "remote", "set-head", "origin", "main")
    for environment in ("staging", "production"):
        _git(folder, "branch", "--quiet", "-D", f"promptops/{environment}")
    _git(folder, "pack-refs", "--all")


def version_name(number: int) -> str:
    """Give the version of the release that is so many after the first."""
    return f"1.{number}.0"


def digest(files: dict[str, str] | dict[str, bytes]) -> str:
    """Give the digest of a closure, as section 2 of the specification has it."""
    total = sha256(b"promptops-digest-v1\n")
    for path, data in sorted(files.items()):
        content = data.encode() if isinstance(data, str) else data
        total.update(f"{sha256(content).hexdigest()}  {path}\n".encode())
    return f"sha256:{total.hexdigest()}"


def _text(name: str, version: str, *, partial: bool) -> str:
    extra = f'{{% include "{_SHARED}" %}}\n' if partial else ""
    return _PROMPT.format(name=name, version=version, extra=extra)


def _operation(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _commit(making: _Making, tree: str, parent: str, message: str) -> bytes:
    who = making.tick()
    above = f"parent {parent}\n" if parent else ""
    return f"tree {tree}\n{above}author {who}\ncommitter {who}\n\n{message}".encode()


def _tag(making: _Making, commit: str, name: str, message: str) -> bytes:
    who = f"{AUTHOR} {making.clock} +0000"
    return f"object {commit}\ntype commit\ntag {name}\ntagger {who}\n\n{message}".encode()


def _json_entry(name: str, value: object) -> bytes:
    """Give one prompt's lines of a lock or undo file, indented as in the whole."""
    text = json.dumps({name: value}, indent=1, sort_keys=True)
    return "\n".join(f" {line}" for line in text.split("\n")[1:-1]).encode()


def _json_file(schema: str, entries: dict[str, bytes]) -> bytes:
    lines = b",\n".join(entries.values())
    prompts = b"{\n" + lines + b"\n }" if entries else b"{}"
    return b'{\n "prompts": ' + prompts + b',\n "schema": "' + schema.encode() + b'"\n}\n'


def _with(entries: dict[str, bytes], name: str, entry: bytes) -> dict[str, bytes]:
    """Give the entries with one more or another one, sorted as the files are."""
    if name in entries:
        entries[name] = entry
        return entries
    return dict(sorted([*entries.items(), (name, entry)]))


def _init(folder: Path) -> None:
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")


def _git(folder: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(folder), *args], check=True)
