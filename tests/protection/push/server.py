"""A bare repository that judges pushes, a clone of it, and deployments written by hand.

Most pushes are put before the hook in this process, without git between the two: `take`, `refuse`
and `deploy`. Those whose names end in `push` are made by git, with the hook as a program.

The deployments are composed with plain git from docs/SPEC.md alone, so that the hook is held to
the specification; whatever a test then bends is all that is wrong with them.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.released import Press, digest_of
from tests.repositories import Repo
from tests.templates import copy_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

NAME = "support/triage"
OTHER = "support/reply"
VERSIONS = ("1.0.0", "1.1.0", "1.2.0")
SCRATCH = "refs/scratch/draft"
OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
SETTINGS = """\
[environments.staging]
[environments.production]
from = "staging"
"""
GUARDED = """\
[gate]
branches = ["main", "stable"]
"""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a push."""

    code: int
    said: str


@dataclass(slots=True)
class Server:
    """The bare repository with its hook, and the clone that pushes to it."""

    remote: Repo
    clone: Repo
    press: Press

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        object_format: str = "sha1",
        files: Mapping[str, str] | None = None,
        is_live: bool = False,
        prepare: Callable[[Server], object] | None = None,
    ) -> Server:
        """Make both, with three versions of one prompt and one of another, all released.

        With `is_live`, the first version of the one is live in staging; `prepare` does more. What
        many tests begin with is made once, beside their folders, and copied.
        """
        files = files or {"promptops.toml": SETTINGS}
        recipe = repr((object_format, sorted(files.items()), is_live, name_of(prepare)))
        template = folder.parent / f"server-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
        if template not in _PRESSES:
            _PRESSES[template] = _make(template, object_format, files, is_live=is_live)
            if prepare is not None:
                remote, clone = Repo(template / "remote.git"), Repo(template / "clone")
                prepare(Server(remote, clone, _PRESSES[template]))
        for name in ("clone", "remote.git"):
            _copy(template / name, folder / name)
        clone, remote = Repo(folder / "clone"), Repo(folder / "remote.git")
        settings = clone.path / ".git/config"
        settings.write_text(settings.read_text().replace(str(template), str(folder)))
        made = _PRESSES[template]
        return cls(remote, clone, Press(clone, None, dict(made.files), dict(made.commits)))

    def push(self, *refspecs: str, options: tuple[str, ...] = ()) -> Pushed:
        """Push from the clone."""
        done = self.clone.run("push", "--porcelain", *options, "origin", *refspecs)
        said = (done.stdout + done.stderr).decode()
        assert "Traceback" not in said, said
        return Pushed(done.returncode, said)

    def take_push(self, *refspecs: str) -> None:
        """Push, and insist that it is taken."""
        pushed = self.push(*refspecs)
        assert pushed.code == 0, pushed.said

    def refuse_push(self, *refspecs: str, why: str) -> str:
        """Push, and insist that nothing has changed, and on why; give all that was said."""
        before = self.remote.refs()
        pushed = self.push(*refspecs, options=("--force",))
        assert pushed.code == 1, pushed.said
        assert "pre-receive hook declined" in pushed.said
        assert why in pushed.said, pushed.said
        assert "remote:  hint: " in pushed.said
        assert self.remote.refs() == before
        return pushed.said

    def take(self, *refspecs: str) -> None:
        """Insist that the hook takes a push; move the refs as it would."""
        commands = self._list_commands(refspecs)
        pushed = self._judge(commands)
        assert pushed.code == 0, pushed.said
        lines = [f"update {ref}\0{new}\0{old}\0" for old, new, ref in commands]
        self.remote.git("update-ref", "--stdin", "-z", stdin="".join(lines))

    def refuse(self, *refspecs: str, why: str) -> str:
        """Insist that the hook refuses a push, and on why; give all that it said."""
        pushed = self._judge(self._list_commands(refspecs))
        assert pushed.code != 0, pushed.said
        assert why in pushed.said, pushed.said
        assert " hint: " in pushed.said
        return pushed.said

    def deploy(self, draft: Draft) -> str:
        """Insist that the hook takes a deployment; give its commit."""
        commit = draft.write()
        self.take(f"{commit}:refs/heads/promptops/{draft.environment}")
        return commit

    def deploy_push(self, draft: Draft) -> str:
        """Push a deployment, and insist that it is taken; give its commit."""
        commit = draft.write()
        self.take_push(f"{commit}:refs/heads/promptops/{draft.environment}")
        return commit

    def refuse_deployment(self, draft: Draft, why: str) -> None:
        """Insist that the hook refuses a deployment, and on why."""
        commit = draft.write()
        self.refuse(f"{commit}:refs/heads/promptops/{draft.environment}", why=why)

    def _list_commands(self, refspecs: Iterable[str]) -> list[tuple[str, str, str]]:
        """Give what git would tell the hook of a forced push: old id, new id and ref."""
        commands = []
        for refspec in refspecs:
            source, _, ref = refspec.partition(":")
            ref = ref or source
            if source.endswith("*"):
                wanted = [(oid, name) for name, oid in self.clone.refs(source[:-1]).items()]
            else:
                wanted = [(self._find(source) if source else "", ref)]
            for new, name in wanted:
                full = name if name.startswith("refs/") else f"refs/heads/{name}"
                old = self._read(full)
                if old != new:
                    zeros = "0" * len(old or new)
                    commands.append((old or zeros, new or zeros, full))
        return commands

    def _read(self, ref: str) -> str:
        """Give what a ref of the server means; "" if there is none. No test packs its refs."""
        assert not (self.remote.path / "packed-refs").exists()
        file = self.remote.path / ref
        return file.read_text().strip() if file.is_file() else ""

    def _show(self, *names: str) -> list[str]:
        """Give the contents of objects in the clone."""
        data = self.clone.run("cat-file", "--batch", stdin="\n".join(names) + "\n").stdout
        texts = []
        while data:
            head, _, data = data.partition(b"\n")
            size = int(head.split()[2])
            texts.append(data[:size].decode())
            data = data[size + 1 :]
        return texts

    def _find(self, source: str) -> str:
        if OBJECT_ID.fullmatch(source):
            return source
        branch = f"refs/heads/{source}"
        return self.clone.rev(branch if (self.clone.path / ".git" / branch).exists() else source)

    def _judge(self, commands: Iterable[tuple[str, str, str]]) -> Pushed:
        """Put a push before the hook, which finds its objects in the repository."""
        for file in (self.clone.path / ".git/objects").rglob("*"):
            copy = self.remote.path / "objects" / file.relative_to(self.clone.path / ".git/objects")
            if file.is_file() and not copy.exists():
                copy.parent.mkdir(exist_ok=True)
                copy.hardlink_to(file)
        lines = "".join(f"{old} {new} {ref}\n" for old, new, ref in commands)
        done = run(self.remote, "hook", "pre-receive", stdin=lines)
        assert "Traceback" not in done.output, done.output
        return Pushed(done.exit_code, done.stderr)

    def yank(self, version: str, reason: str = "it lies", **trailers: str) -> str:
        """Yank a release in the clone, as SPEC.md has it but for what is bent; give the ref."""
        return self.yank_of(version, self.press.commits[NAME, version], reason, **trailers)

    def yank_of(self, version: str, commit: str, reason: str = "it lies", **trailers: str) -> str:
        """The same, on a commit."""
        tag = f"prompts/{NAME}@{version}"
        said = {"Reason": reason, "Release-Tag": "", "Operation": "0123"}
        if f"refs/tags/{tag}" in self.clone.refs("refs/tags/"):
            said["Release-Tag"] = self.clone.rev(f"refs/tags/{tag}")
        said |= {key.replace("_", "-"): value for key, value in trailers.items()}
        lines = "".join(f"{key}: {value}\n" for key, value in said.items())
        self.clone.tag(f"yanked/{tag}", f"Yank {NAME} {version}\n\n{lines}", commit)
        return f"refs/tags/yanked/{tag}"

    def draft(self, environment: str = "staging", *, tip: str | None = None) -> Draft:
        """A deployment on top of what the server has, that changes nothing yet."""
        ref = f"refs/heads/promptops/{environment}"
        tip = tip or self._read(ref) or None
        if tip is None:
            return Draft(self.clone, environment)
        message, *files = self._show(tip, f"{tip}:promptops.lock", f"{tip}:promptops.undo")
        lock, undo = (json.loads(text)["prompts"] for text in files)
        number = int(message.partition("\nDeployment: ")[2].partition("\n")[0])
        return Draft(self.clone, environment, tip, number + 1, lock=lock, undo=undo)

    def promotion(
        self,
        version: str,
        environment: str = "staging",
        *,
        name: str = NAME,
        share: int = 100,
        tip: str | None = None,
    ) -> Draft:
        """The promotion of a release on top of what the server has, as it should be."""
        draft = self.draft(environment, tip=tip)
        before = draft.lock.get(name)
        live = {
            "version": version,
            "digest": digest_of(self.press.files[name, version]),
            "commit": self.press.commits[name, version],
            "share": share,
        }
        lives = [live]
        if share < 100:
            assert before is not None
            lives.insert(0, {**before["live"][0], "share": 100 - share})
        draft.lock[name] = {"live": lives, "paused": before["paused"] if before else None}
        if before is not None:
            draft.undo[name] = {"commit": draft.tip, "deployment": draft.number - 1}
            if share == 100:
                draft.drop(name, before["live"][0]["version"])
        draft.put(name, version, self.press.files[name, version])
        tag = self.clone.rev(f"refs/tags/prompts/{name}@{version}")
        draft.changes.append((name, describe(before), describe(draft.lock[name]), tag))
        return draft


_PRESSES: dict[Path, Press] = {}


def name_of(function: Callable[..., object] | None) -> str:
    """What tells a function from others, in each run."""
    return f"{function.__module__}.{function.__qualname__}" if function else ""


def _copy(source: Path, target: Path) -> None:
    """Copy a repository, but let it find the objects of the first one where they are."""
    target.mkdir()
    for entry in source.iterdir():
        copy = target / entry.name
        if entry.name == ".git":
            _copy(entry, copy)
        elif entry.name == "objects":
            for folder in ("info", "pack"):
                (copy / folder).mkdir(parents=True)
            (copy / "info/alternates").write_text(f"{entry}\n")
        elif entry.is_dir():
            copy_folder(entry, copy)
        else:
            copy.write_bytes(entry.read_bytes())


def _make(folder: Path, object_format: str, files: Mapping[str, str], *, is_live: bool) -> Press:
    clone = Repo.init(folder / "clone", object_format=object_format)
    clone.commit(files, "configure")
    press = Press(clone)
    for version in VERSIONS:
        press.release(NAME, version)
    press.release(OTHER, "1.0.0")
    remote = clone.publish(folder / "remote.git")
    accept(remote, "hook", "install", "--server")
    if is_live:
        server = Server(remote, clone, press)
        server.deploy(server.promotion("1.0.0"))
    return press


def describe(entry: Mapping[str, Any] | None) -> str:
    """What trailers say of an entry of the lock."""
    if entry is None:
        return "none"
    shares = ", ".join(
        one["version"] if one["share"] == 100 else f"{one['version']} {one['share']}%"
        for one in entry["live"]
    )
    return shares + (" (paused)" if entry["paused"] else "")


@dataclass(slots=True)
class Draft:
    """A deployment that is being written; everything in it can be bent."""

    repo: Repo
    environment: str
    tip: str | None = None
    number: int = 1
    action: str = "promote"
    lock: dict[str, Any] = field(default_factory=dict)
    undo: dict[str, Any] = field(default_factory=dict)
    changes: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    files: dict[str, str | None] = field(default_factory=dict)
    more: list[tuple[str, str]] = field(default_factory=list)
    title: str | None = None
    text: str = ""
    parents: list[str] | None = None
    mode: str = "100644"
    key: Path | None = None
    author: str | None = None

    def put(self, name: str, version: str, files: Mapping[str, str]) -> None:
        """Add the texts of a release."""
        for path, text in files.items():
            self.files[f"releases/{name}@{version}/{path}"] = text

    def drop(self, name: str, version: str) -> None:
        """Take the texts of a release away."""
        folder = f"releases/{name}@{version}"
        listed = self.repo.git("ls-tree", "-r", "--name-only", f"{self.tip}", "--", folder)
        self.files.update(dict.fromkeys(listed.splitlines()))

    def write(self) -> str:
        """Write the commit; give its id."""
        return self.commit(self.tree())

    def tree(self) -> str:
        """Write the tree; give its id."""
        contents = {
            "promptops.lock": _format("promptops.lock/v1", self.lock),
            "promptops.undo": _format("promptops.undo/v1", self.undo),
            **self.files,
        }
        who = "Jane Doe <jane@example.com> 1767225600 +0000"
        lines = [f"commit {SCRATCH}\nmark :1\ncommitter {who}\ndata 0\n"]
        lines.append(f"from {self.tip}\n" if self.tip else "deleteall\n")
        for path, text in contents.items():
            if text is None:
                lines.append(f"D {path}\n")
            else:
                mode = self.mode if path.startswith("releases/") else "100644"
                lines.append(f"M {mode} inline {path}\ndata {len(text.encode())}\n{text}\n")
        lines.append("\nls :1 \n")
        shown = self.repo.git("fast-import", "--quiet", "--force", stdin="".join(lines))
        return shown.split()[2]

    def commit(self, tree: str) -> str:
        """Write the commit of a tree; give its id."""
        parents = self.parents if self.parents is not None else [self.tip] if self.tip else []
        options = [option for parent in parents for option in ("-p", parent)]
        if self.key is not None:
            options.append(f"-S{self.key}")
        env = {} if self.author is None else {"GIT_AUTHOR_EMAIL": self.author}
        args = ("-c", "gpg.format=ssh", "commit-tree", *options, "-F", "-", tree)
        return self.repo.git(*args, stdin=self.message(), env=env)

    def message(self) -> str:
        """The message, in the form of SPEC.md."""
        trailers = [("Deployment", str(self.number)), ("Action", self.action)]
        for name, before, after, tag in sorted(self.changes):
            trailers += [("Prompt", name), ("From", before), ("To", after)]
            if tag is not None:
                trailers.append(("Release-Tag", tag))
        trailers += [*self.more, ("Operation", "0123456789abcdef0123456789abcdef")]
        what = f"{len(self.changes)} prompts"
        if len(self.changes) == 1:
            what = f"{self.changes[0][0]} {self.changes[0][2]}"
        title = self.title or f"{self.environment}: {self.action} {what}"
        lines = "".join(f"{key}: {value}\n" for key, value in trailers)
        text = f"{self.text}\n\n" if self.text else ""
        return f"{title}\n\n{text}{lines}"


def graft(repo: Repo, tree: str, path: str, oid: str) -> str:
    """Write a tree that has another tree at a path; give its id."""
    head, _, rest = path.partition("/")
    lines = []
    for line in repo.git("ls-tree", tree).splitlines():
        meta, _, name = line.partition("\t")
        if name == head:
            new = graft(repo, meta.split()[2], rest, oid) if rest else oid
            lines.append(f"040000 tree {new}\t{name}\n")
        else:
            lines.append(f"{line}\n")
    return repo.git("mktree", stdin="".join(lines))


def _format(schema: str, prompts: Mapping[str, Any]) -> str:
    document = {"prompts": prompts, "schema": schema}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_tag(
    repo: Repo,
    version: str,
    commit: str,
    *,
    name: str = NAME,
    text: str | None = None,
    **trailers: str,
) -> str:
    """Tag a commit as a release, in the form of SPEC.md, but for what is bent; give the ref."""
    text = text or prompt_text(version, f"Answer {{{{ question }}}} as {version}")
    said = {
        "Prompt-Digest": digest_of({f"{name}.md": text}),
        "Prompt-Path": f"prompts/{name}.md",
        "Prompt-Model": "openai/gpt-4o-mini",
        "Prompt-Change": "new",
        "Prompt-Base": "none",
        "Operation": "0123",
        **{key.replace("_", "-"): value for key, value in trailers.items()},
    }
    lines = "".join(f"{key}: {value}\n" for key, value in said.items())
    tag = f"prompts/{name}@{version}"
    repo.tag(tag, f"{name} {version}\n\nNotes.\n\n{lines}", commit)
    return f"refs/tags/{tag}"
