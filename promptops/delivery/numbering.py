"""Write the versions of all changed prompts in one commit that changes nothing else.

The commit is built from objects. The work tree is updated only after the remote has accepted the
commit together with the release tags. So a failed push changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.bump import plan_bump
from promptops.delivery.release import parse_tag_object
from promptops.delivery.releases import list_tags
from promptops.errors import RefusedError
from promptops.git.history import write_commit
from promptops.git.refs import current_branch, short_name
from promptops.git.remote import PushRef
from promptops.git.trees import splice, write_blobs
from promptops.prompt.version_line import replace_version
from promptops.repository.repository import find_closure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.bump import Bump
    from promptops.git.trees import TreeReader
    from promptops.prompt.version import Level
    from promptops.repository.repository import Repository

_WHERE = "in the commit at HEAD"
_FEW = 3


@dataclass(frozen=True, slots=True)
class Numbering:
    """A commit with new versions that is not on any branch yet.

    Attributes:
        bumps: the versions it writes.
        commit: the commit.
        parent: its parent, the tip of the remote's default branch.
        branch: that branch's short name.
    """

    bumps: tuple[Bump, ...]
    commit: str
    parent: str
    branch: str

    @property
    def push_ref(self) -> PushRef:
        """The push of the commit to the branch, only if the branch is still at the parent."""
        return PushRef(self.commit, f"refs/heads/{self.branch}", self.parent)


def number_prompts(
    repository: Repository, names: Sequence[str], level: Level | None, *, drafts: bool
) -> Numbering | None:
    """Write the versions that the prompts at HEAD need; None if no version changes.

    The releases and the default branch must have been fetched. Without `drafts`, draft prompts are
    left out.

    Raises:
        RefusedError: HEAD is not the tip of the remote's default branch, or `level` is too small.
        InvalidPromptError: a changed prompt is not valid.
    """
    head = repository.git.resolve_commit("HEAD")
    ref = repository.require_default_branch_ref()
    _require_tip(repository, head, ref)
    files = repository.tree(head, repository.config.prompts)
    changed = _find_changed(repository, files, names, drafts=drafts)
    bumps = [plan_bump(repository, name, level, files=files, where=_WHERE) for name in changed]
    bumps = [one for one in bumps if one.after != one.before]
    if not bumps:
        return None
    folder = repository.config.prompts
    tree = repository.tree(head)
    changes: dict[str, tuple[str, bytes]] = {}
    for one in bumps:
        path = f"{folder}/{one.name}.md"
        entry = tree.entry(path)
        mode = "100644" if entry is None else entry.mode
        changes[path] = (mode, replace_version(tree.read(path) or b"", one.after))
    commit = write_commit(
        repository.git,
        _write_tree(repository, head, changes),
        [head],
        _message(bumps),
        is_signed=repository.signs_commits,
    )
    return Numbering(tuple(bumps), commit, head, short_name(ref).partition("/")[2])


def follow_numbering(repository: Repository, numbering: Numbering) -> bool:
    """Update the checked-out branch to the commit; return whether that succeeded."""
    git = repository.git
    if git.work_tree is None or current_branch(git) is None:
        return True  # no branch is checked out, so nothing must be updated
    done = git.run("merge", "--quiet", "--ff-only", numbering.commit, check=False)
    return done.code == 0


def _write_tree(repository: Repository, head: str, changes: dict[str, tuple[str, bytes]]) -> str:
    blobs = write_blobs(repository.git, [data for _, data in changes.values()])
    entries = {
        path: (mode, oid) for (path, (mode, _)), oid in zip(changes.items(), blobs, strict=True)
    }
    root = repository.git.resolve_tree(head)
    return splice(repository.git, repository.objects, root, entries)


def _require_tip(repository: Repository, head: str, ref: str) -> None:
    tip = repository.git.resolve_commit(ref)
    if head != tip:
        branch = short_name(ref)
        raise RefusedError(
            f"HEAD is {head[:12]}, and {branch} is {tip[:12]}: "
            "version numbers are written only on top of the merged branch",
            hint=f"git checkout {branch.partition('/')[2]} && git pull, then try again",
        )


def _find_changed(
    repository: Repository, files: TreeReader, names: Sequence[str], *, drafts: bool
) -> list[str]:
    """Return the prompts whose content differs from the release of their version."""
    tags = list_tags(repository)
    if len(names) > 1:
        files.keep([f"{name}.md" for name in names])
    known = {(name, str(version)): (version, oid) for (name, version), oid in tags.items()}
    changed, wanted = [], []
    for name in names:
        closure = find_closure(files, name, where=_WHERE)
        data = closure.document.data
        if not drafts and data.get("status") == "draft":
            continue
        same = known.get((name, str(data.get("version"))))
        if same is None:
            changed.append(name)
        else:
            wanted.append((closure, *same))
    found = repository.objects.read_many([oid for _, _, oid in wanted])
    for (closure, version, _), tag in zip(wanted, found, strict=True):
        released = None if tag is None else parse_tag_object(closure.name, version, tag)
        if released is None or closure.faults or released.digest != closure.compute_digest():
            changed.append(closure.name)
    return sorted(changed)


def _message(bumps: Sequence[Bump]) -> str:
    """Return a commit message: a title with the number of prompts, and a line for each."""
    title = ", ".join(f"{one.name} {one.after}" for one in bumps)
    if len(bumps) > _FEW:
        return f"Release {len(bumps)} prompts\n\n" + "".join(
            f"{one.name} {one.before} -> {one.after}\n" for one in bumps
        )
    return f"Release {title}\n"
