"""Makes a repository to which ten prompts are pushed: as a change, as releases, as a deployment.

What a push brings is in the repository already, and no ref leads to it. What git tells its hook of
each push lies beside the repository's own files.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from proposals import CHANGE, change_text, commit_stream, owner_rules, show_file
from repositories import AUTHOR, Shape, digest, make_promptops, prompt_name, version_name

if TYPE_CHECKING:
    from pathlib import Path

PUSHES = ("change", "releases", "deployment")
_ENVIRONMENT = "staging"
_ZEROS = "0" * 40
_WHEN = f"{AUTHOR} 1790000000 +0000"


def make_pushes(folder: Path, shape: Shape, pushed: int, rules: int) -> None:
    """Make a repository with so many owner rules, and three pushes of so many prompts each."""
    make_promptops(folder, shape)
    step = shape.prompts // (2 * pushed)
    names = [prompt_name(number * step) for number in range(2 * pushed)]
    new, merged = names[:pushed], names[pushed:]
    files = {"CODEOWNERS": "".join(f"{line}\n" for line in owner_rules(rules))}
    texts = {name: change_text(show_file(folder, _path(name))) for name in names}
    files |= {_path(name): texts[name] for name in merged}
    stream = commit_stream("main", "main^0", files)
    stream += commit_stream(CHANGE, "refs/heads/main", {_path(name): texts[name] for name in new})
    _git(folder, "fast-import", "--quiet", "--force", stdin=stream)
    before, after = (_git(folder, "rev-parse", branch) for branch in ("main", CHANGE))
    lines = {
        "change": [f"{before} {after} refs/heads/main"],
        "releases": [_release(folder, name, texts[name], before, shape) for name in merged],
        "deployment": [_deploy(folder, new)],
    }
    for push, refs in lines.items():
        list_file(folder, push).write_text("".join(f"{line}\n" for line in refs), "utf-8")
    _git(folder, "update-ref", "-d", f"refs/heads/{CHANGE}")


def list_file(folder: Path, push: str) -> Path:
    """Give the file with what git tells its hook of a push."""
    return folder / ".git" / f"{push}.push"


def _path(name: str) -> str:
    return f"prompts/{name}.md"


def _release(folder: Path, name: str, text: str, commit: str, shape: Shape) -> str:
    version, base = version_name(shape.versions), version_name(shape.versions - 1)
    tag = f"prompts/{name}@{version}"
    message = (
        f"{name} {version}\n\nNew wording.\n\nPrompt-Digest: {digest({f'{name}.md': text})}\n"
        f"Prompt-Path: {_path(name)}\nPrompt-Model: openai/gpt-4o-mini\nPrompt-Change: minor\n"
        f"Prompt-Base: {base}\nOperation: 0123456789abcdef\n"
    )
    head = f"object {commit}\ntype commit\ntag {tag}\ntagger {_WHEN}\n\n"
    oid = _git(folder, "mktag", stdin=f"{head}{message}".encode())
    return f"{_ZEROS} {oid} refs/tags/{tag}"


def _deploy(folder: Path, names: list[str]) -> str:
    """Write the promotion of the newest release of each; give the line of the push."""
    branch = f"refs/heads/promptops/{_ENVIRONMENT}"
    tip = _git(folder, "rev-parse", branch)
    number = int(_trailer(_git(folder, "cat-file", "commit", tip), "Deployment"))
    lock, undo = (_read_json(folder, f"{tip}:promptops.{file}") for file in ("lock", "undo"))
    trailers, moves = "", []
    for name in sorted(names):
        (live,) = lock["prompts"][name]["live"]
        tag = _newest_tag(folder, name)
        body = _git(folder, "cat-file", "tag", tag)
        old, new = live["version"], tag.rpartition("@")[2]
        trailers += f"Prompt: {name}\nFrom: {old}\nTo: {new}\n"
        trailers += f"Release-Tag: {_git(folder, 'rev-parse', tag)}\n"
        commit = body.partition("object ")[2].partition("\n")[0]
        live |= {"version": new, "commit": commit, "digest": _trailer(body, "Prompt-Digest")}
        undo["prompts"][name] = {"commit": tip, "deployment": number}
        text = _git(folder, "rev-parse", f"{commit}:{_path(name)}")
        moves.append(f"D releases/{name}@{old}\nM 100644 {text} releases/{name}@{new}/{name}.md\n")
    message = (
        f"{_ENVIRONMENT}: promote {len(names)} prompts\n\nDeployment: {number + 1}\n"
        f"Action: promote\n{trailers}Operation: 0123456789abcdef\n"
    )
    stream = f"commit refs/pushed/deployment\ncommitter {_WHEN}\n{_data(message)}from {tip}\n"
    stream += "".join(moves)
    for file, document in (("lock", lock), ("undo", undo)):
        text = json.dumps(document, indent=1, sort_keys=True) + "\n"
        stream += f"M 100644 inline promptops.{file}\n{_data(text)}"
    _git(folder, "fast-import", "--quiet", stdin=stream.encode())
    commit = _git(folder, "rev-parse", "refs/pushed/deployment")
    _git(folder, "update-ref", "-d", "refs/pushed/deployment")
    return f"{tip} {commit} {branch}"


def _newest_tag(folder: Path, name: str) -> str:
    """The newest release that has the whole prompt in one file, as all of them here have."""
    pattern = f"refs/tags/prompts/{name}@*"
    order = "--sort=-version:refname"
    return _git(folder, "for-each-ref", "--format=%(refname)", order, "--count=1", pattern)


def _trailer(text: str, key: str) -> str:
    return text.partition(f"\n{key}: ")[2].partition("\n")[0]


def _read_json(folder: Path, spec: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_git(folder, "cat-file", "blob", spec))
    return document


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"


def _git(folder: Path, *args: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", *args], cwd=folder, input=stdin, check=True, stdout=subprocess.PIPE
    )
    return done.stdout.decode().removesuffix("\n")
