"""Check Git's hooks: pre-commit and, on a server, pre-receive."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import yaml

from promptops.files import read_file
from promptops.git.hooks import hooks_folder
from promptops.git.settings import is_on, last_value
from promptops.protection.doctor.answer import error, fine, note, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_MANAGER = ".pre-commit-config.yaml"
# Git settings that refuse rewriting, and what they forbid on people's own branches.
_UPDATES = {"receive.denyDeletes": "delete", "receive.denyNonFastForwards": "rewrite"}


def look_at_commit_hook(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that a hook validates each commit."""
    if subject.git.is_bare:
        return
    hook = hooks_folder(subject.git) / "pre-commit"
    script = _read(hook)
    if script is None:
        yield note(
            "no hook checks prompts before a commit",
            str(hook),
            risk="problems are found by CI minutes later, and not at all on a branch without CI",
            remedy="promptops hook install",
        )
    elif not os.access(hook, os.X_OK):
        yield warning(
            "the pre-commit hook is not executable, so git ignores it",
            str(hook),
            risk="commits are not checked",
            remedy=f"chmod +x {hook}",
        )
    elif "promptops" in script:
        yield fine("promptops checks prompts before each commit", str(hook))
    elif "pre-commit" in script and b"promptops" in (subject.read(_MANAGER) or b""):
        yield from _judge_manager(subject)
    else:
        yield note(
            "the pre-commit hook does not run promptops",
            str(hook),
            risk="problems are found by CI minutes later, and not at all on a branch without CI",
            remedy="promptops hook install keeps this hook and runs before it, or add the hook "
            "promptops-validate to your hook manager",
        )


def _judge_manager(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that pre-commit starts promptops for the prompts folder, and for what is staged."""
    prompts, evals = subject.config.prompts, subject.config.evals
    samples = {prompts: f"{prompts}/x.md"}
    if any(path.startswith(f"{evals}/") for path in subject.paths):
        samples[evals] = f"{evals}/x.yaml"
    hooks = _list_managed(subject.read(_MANAGER) or b"")
    missed = [
        folder for folder, path in samples.items() if not any(_covers(one, path) for one in hooks)
    ]
    if missed:
        folder = missed[0]
        yield warning(
            f"pre-commit does not start promptops for files of {folder}/",
            _MANAGER,
            risk="commits are not checked",
            remedy=f"let files of its entry match {folder}/, or remove it",
        )
    elif all("entry" in hook and "--staged" not in str(hook["entry"]) for hook in hooks):
        yield warning(
            "pre-commit's entry checks the work tree instead of staged files",
            _MANAGER,
            risk="a commit can differ from what was checked",
            remedy="entry: promptops validate --staged, with pass_filenames: false",
        )
    else:
        yield fine("pre-commit runs promptops before each commit", _MANAGER)


def _list_managed(data: bytes) -> list[Mapping[str, Any]]:
    """Return the entries of a pre-commit configuration that run promptops."""
    try:
        document = yaml.safe_load(data.decode("utf-8", "replace"))
    except yaml.YAMLError:
        return []
    found: list[Mapping[str, Any]] = []
    for source in document.get("repos") or () if isinstance(document, dict) else ():
        hooks = source.get("hooks") if isinstance(source, dict) else None
        found += [
            hook
            for hook in (hooks if isinstance(hooks, list) else ())
            if isinstance(hook, dict) and "promptops" in f"{hook.get('id')} {hook.get('entry')}"
        ]
    return found


def _covers(hook: Mapping[str, Any], path: str) -> bool:
    """Return whether an entry is started for a file; as pre-commit, by `files` and `exclude`."""
    try:
        wanted = re.search(str(hook.get("files") or ""), path) is not None
        return wanted and not ("exclude" in hook and re.search(str(hook["exclude"]), path))
    except re.error:
        return False


def look_at_server_hook(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that a repository to which others push has the push checks."""
    if not subject.git.is_bare:
        return
    folder = hooks_folder(subject.git)
    names = [name for name in ("pre-receive", "update") if _runs_promptops(folder / name)]
    if names:
        yield fine(f"promptops checks every push: {', '.join(names)}", str(folder))
    else:
        yield error(
            "no hook of this repository checks pushes",
            str(folder / "pre-receive"),
            risk="anyone with push access can move a release tag, rewrite an environment, "
            "deploy, and push to the default branch without approval",
            remedy="promptops hook install --server (a forge keeps hooks of its own: see its "
            "manual under custom hooks, and run `promptops hook pre-receive` there)",
        )
    for switch, deed in _UPDATES.items():
        if not is_on(subject.settings, switch.lower()):
            yield note(
                f"{switch} is off",
                switch,
                risk="without the hook, branches can be rewritten or deleted",
                remedy=f"git config {switch} true, unless people {deed} branches of their own",
            )
    options = last_value(subject.settings, "receive.fsckobjects")
    if options is None and not is_on(subject.settings, "transfer.fsckobjects"):
        yield note(
            "pushed objects are not checked",
            "receive.fsckObjects",
            risk="programs disagree about a tree with two entries of one name",
            remedy="git config receive.fsckObjects true",
        )


def _runs_promptops(hook: Path) -> bool:
    script = _read(hook)
    return script is not None and os.access(hook, os.X_OK) and "promptops" in script


def _read(path: Path) -> str | None:
    try:
        return read_file(path).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
