"""Writing the next version number into a prompt file: those bytes and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.diff import diff_prompts
from promptops.errors import InvalidPromptError, RefusedError
from promptops.frontmatter import read_document
from promptops.releases import list_versions, load_released, load_valid, require_release
from promptops.version import Level, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.repository import Repository

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Bump:
    """One version number that has to move.

    Attributes:
        name: the prompt.
        before: the version in the file.
        after: the version it needs; the same where nothing has to be written.
        level: the level of the change since `base`.
        base: the released version it was compared with, or None.
    """

    name: str
    before: Version
    after: Version
    level: Level
    base: Version | None


def plan_bump(repository: Repository, name: str, level: Level | None = None) -> Bump:
    """The version that the prompt in the work tree needs.

    Compared with the greatest release that is not above the file's version. A `level` given is
    taken where it is enough; one that is too small is a RefusedError.
    """
    prompt = load_valid(repository, repository.working, name, where="in the work tree")
    versions = list_versions(repository, name)
    reached = [version for version in versions if version <= prompt.version]
    if not reached:
        return Bump(name, prompt.version, prompt.version, Level.NONE, None)
    base = reached[-1]
    released = load_released(repository, require_release(repository, name, base))
    diff = diff_prompts(released, prompt)
    needed = diff.level
    if needed is Level.NONE and released.digest != prompt.digest:
        needed = Level.PATCH
    if level is not None and level < needed:
        raise RefusedError(
            f"{name} needs a {needed.label} step, not {level.label}",
            hint=f"promptops diff {name} shows why",
        )
    if needed is Level.NONE and level is None:
        return Bump(name, prompt.version, prompt.version, needed, base)
    if prompt.version > base and level is None and prompt.version.level_from(base) >= needed:
        return Bump(name, prompt.version, prompt.version, needed, base)
    after = base.bump(level or needed)
    while after in versions or (after <= prompt.version and prompt.version != base):
        after = max(after, prompt.version).bump(level or needed)
    return Bump(name, prompt.version, after, needed, base)


def write_version(repository: Repository, name: str, version: Version) -> None:
    """Put `version` into the work tree's file: the bytes of the old value, and nothing else."""
    path = repository.require_work_tree() / repository.config.prompts / f"{name}.md"
    data = path.read_bytes()
    path.write_bytes(replace_version(data, version))


def replace_version(data: bytes, version: Version) -> bytes:
    """The file's bytes with another version; newlines, quotes and comments stay as they are."""
    document = read_document("", data)
    place = document.locate(["version"])
    if place is None or place.line != place.end_line:
        raise InvalidPromptError(
            "the frontmatter has no version", hint="add a line 'version: 0.1.0'"
        )
    lines = _LINE.findall(data)
    line = lines[place.line - 1].decode()
    value = line[place.column - 1 : place.end_column - 1]
    quote = value[0] if value[:1] in {"'", '"'} else ""
    lines[place.line - 1] = (
        line[: place.column - 1] + f"{quote}{version}{quote}" + line[place.end_column - 1 :]
    ).encode()
    return b"".join(lines)


def bump_and_commit(
    repository: Repository, names: Sequence[str], level: Level | None
) -> list[Bump]:
    """Write the versions that `names` need and commit those files alone."""
    bumps = [plan_bump(repository, name, level) for name in names]
    moved = [one for one in bumps if one.after != one.before]
    if not moved:
        return []
    folder = repository.config.prompts
    paths = [f"{folder}/{one.name}.md" for one in moved]
    for one in moved:
        write_version(repository, one.name, one.after)
    title = ", ".join(f"{one.name} {one.after}" for one in moved)
    repository.git.run("commit", "--quiet", "-m", f"Bump {title}", "--", *paths)
    return moved
