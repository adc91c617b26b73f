"""A Git repository with prompts: its files, configuration and remotes.

`Repository` opens Git once and returns `Files`: the prompts folder in the work tree, the index or
any commit. All code that reads prompts takes a `Files`.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from promptops.errors import (
    ConfigurationError,
    GitError,
    NotAFileError,
    NotFoundError,
    PromptNotFoundError,
    UsageError,
)
from promptops.files import IrregularFileError, read_file
from promptops.git.objects import ObjectReader
from promptops.git.process import Git
from promptops.lazy import cached_property
from promptops.repository.config import Config, Environment, load_config, read_runtime_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from promptops.git.trees import TreeReader
    from promptops.prompt.closure import Closure
    from promptops.prompt.prompt import Prompt


class Files(Protocol):
    """The files below the prompts folder, in one state of the repository."""

    def read(self, path: str) -> bytes | None:
        """Return the content of the file at `path` below the folder; None if it does not exist."""

    def paths(self) -> list[str]:
        """Return the paths of all files below the folder, sorted."""


@runtime_checkable
class PlacedFiles(Files, Protocol):
    """Files that can also read other folders, in the same state of the repository."""

    def beside(self, folder: str) -> Files | None:
        """Return the files below another folder, relative to the top (empty: the top); None if
        unknown.
        """


class WorkTreeFiles:
    """A folder on disk. Symbolic links are refused, never followed."""

    def __init__(
        self,
        folder: Path,
        top: Path | None = None,
        list_ignored: Callable[[], Collection[str]] | None = None,
    ) -> None:
        """Open a folder.

        Args:
            folder: the folder.
            top: the top of its work tree, if any.
            list_ignored: lists what Git ignores below the folder, see `git.worktree.list_ignored`;
                `paths` leaves it out.
        """
        self._folder = folder
        self._top = top
        self._list_ignored = list_ignored
        self._real: set[str] = set()

    def beside(self, folder: str) -> Files | None:
        """Return the files below another folder of the same work tree; None if its top is
        unknown.
        """
        return None if self._top is None else WorkTreeFiles(self._top / folder, self._top)

    def read(self, path: str) -> bytes | None:
        """Return the file's bytes; None if there is no such file."""
        parent, _, _ = path.rpartition("/")
        if not self._is_real_folder(parent):
            return None
        full = f"{self._folder}{os.sep}{path}"  # creating a Path for each file is slow
        try:
            return read_file(full, follow=False)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except ValueError:  # the path contains NUL
            return None
        except IrregularFileError as error:
            raise NotAFileError(
                f"'{path}' is {error.strerror}",
                hint="Git stores files; put one there, or remove it",
            ) from None
        except OSError:
            if os.path.islink(full):  # noqa: PTH114 - as above
                raise _link_error(path) from None
            raise

    def _is_real_folder(self, folder: str) -> bool:
        if folder in self._real:
            return True
        parent = folder.rpartition("/")[0]
        if folder and not self._is_real_folder(parent):
            return False
        try:
            mode = os.lstat(self._folder / folder).st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        if stat.S_ISLNK(mode):
            raise _link_error(folder or self._folder.name)
        is_top = self._folder / folder == self._top
        if not is_top and os.path.lexists(self._folder / folder / ".git"):
            raise NotAFileError(
                f"'{folder or self._folder.name}' is a separate repository",
                hint="release prompts of a submodule there; move this repository's prompts out "
                "of it",
            )
        self._real.add(folder)
        return stat.S_ISDIR(mode)

    def paths(self) -> list[str]:
        """Return the paths of all files below the folder that Git does not ignore, sorted.

        Links and pipes are included, for callers to refuse.
        """
        found: list[str] = []
        ignored = frozenset(self._list_ignored() if self._list_ignored is not None else ())
        pending = [] if "/" in ignored else [""]
        while pending:
            folder = pending.pop()
            try:
                entries = list(os.scandir(self._folder / folder))
            except (FileNotFoundError, NotADirectoryError):
                continue
            if any(entry.name == ".git" for entry in entries):
                continue  # a submodule's files do not belong to this repository
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if f"{path}/" not in ignored:
                        pending.append(path)
                elif path in ignored:
                    continue
                else:
                    found.append(path)
        return sorted(found)


class OverlaidFiles:
    """Files with some files replaced or added."""

    def __init__(self, files: Files, content: Mapping[str, bytes]) -> None:
        self._files = files
        self._content = content

    def read(self, path: str) -> bytes | None:
        """Return the file's bytes; None if there is no such file."""
        data = self._content.get(path)
        return data if data is not None else self._files.read(path)

    def paths(self) -> list[str]:
        """Return the paths of all files below the folder, sorted."""
        return sorted({*self._files.paths(), *self._content})

    def beside(self, folder: str) -> Files | None:
        """Return the files below another folder, without replacements."""
        return self._files.beside(folder) if isinstance(self._files, PlacedFiles) else None


def _link_error(path: str) -> NotAFileError:
    return NotAFileError(
        f"'{path}' is a symbolic link",
        hint="Git stores the link, not the text it leads to; replace it with the file itself",
    )


class Repository:
    """One Git repository with prompts. Opening is cheap; everything is read on first use."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.objects = ObjectReader(git)
        self._trees: dict[tuple[str, str], TreeReader] = {}

    @cached_property
    def config(self) -> Config:
        """The configuration in the work tree, or at HEAD in a bare repository."""
        return load_config(self._read_top())

    @property
    def runtime_tables(self) -> dict[str, Any]:
        """The parts of the configuration that runs elsewhere need; see `read_runtime_tables`."""
        return read_runtime_tables(self._read_top())

    def _read_top(self) -> Callable[[str], bytes | None]:
        """Return a function that reads files of the work tree, or of HEAD in a bare repository."""
        if self.git.work_tree is None:
            if not self.has_commits():  # or HEAD names a branch that does not exist
                return lambda _path: None
            from promptops.git.trees import TreeReader

            return TreeReader(self.objects, "HEAD", "").read
        top = self.git.work_tree

        def read(path: str) -> bytes | None:
            try:
                return read_file(top / path)
            except FileNotFoundError:
                return None
            except (IrregularFileError, IsADirectoryError) as error:
                is_folder = isinstance(error, IsADirectoryError)
                raise ConfigurationError(
                    f"'{path}' is {'a folder, not a file' if is_folder else error.strerror}",
                    hint="put a file there, or remove it",
                ) from None

        return read

    @cached_property
    def _settings(self) -> Mapping[str, Sequence[str | None]]:
        from promptops.git.settings import read_settings

        return read_settings(self.git)

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of all remotes of this clone that have a URL."""
        return tuple(
            name.removeprefix("remote.").removesuffix(".url")
            for name in self._settings
            if name.startswith("remote.") and name.endswith(".url")
        )

    @property
    def signs_commits(self) -> bool:
        """Whether git is configured to sign every commit."""
        from promptops.git.settings import is_set

        return "commit.gpgsign" in self._settings and is_set(self.git, "commit.gpgSign")

    def under(self, config: Config) -> Repository:
        """Return this repository with another configuration in place of the checked-out one."""
        other = Repository(self.git)
        other.objects, other._trees = self.objects, self._trees
        other.config = config
        return other

    @cached_property
    def remote(self) -> str | None:
        """The remote whose environments are authoritative; None if there is none.

        None in a bare repository, which is itself the remote of other clones. Raises
        ConfigurationError if the configured remote does not exist in this clone: what is live must
        not depend on the names of a clone's remotes.
        """
        if self.git.is_bare:
            return None
        name = self.config.remote
        if name in self.remotes:
            return name
        if self.config.names_remote:
            raise ConfigurationError(
                f"{self.config.path} names the remote '{name}', which this clone does not have",
                hint=f"git remote add {name} URL, or name another one there (git remote -v)",
            )
        return None

    @property
    def source(self) -> str | None:
        """The remote from which to fetch a commit by its id; None if there is none.

        An object is the same from any source, so a bare repository with a single remote may use
        that one.
        """
        if not self.git.is_bare:
            return self.remote
        return self.remotes[0] if len(self.remotes) == 1 else None

    @cached_property
    def default_branch_ref(self) -> str | None:
        """The full ref of the default branch, as known in this clone; None if unknown.

        With a remote it is the remote-tracking branch, as of the last fetch. It is never guessed:
        `learn_default_branch` asks the remote.
        """
        from promptops.git.remote import default_branch

        return default_branch(self.git, self.remote)

    @property
    def default_branch(self) -> str | None:
        """The default branch's short name, such as `main`."""
        if self.default_branch_ref is None:
            return None
        folder = "refs/heads" if self.remote is None else f"refs/remotes/{self.remote}"
        return self.default_branch_ref.removeprefix(f"{folder}/")

    def learn_default_branch(self) -> None:
        """Ask the remote for its default branch if this clone does not know it.

        Raises:
            RemoteError: the remote cannot be reached.
        """
        from promptops.git.remote import learn_default_branch

        if self.remote is not None and self.default_branch_ref is None:
            learn_default_branch(self.git, self.remote, limits=self.config.timeouts.usual)
            del self.default_branch_ref

    def require_default_branch_ref(self) -> str:
        """Return the full ref of the default branch. Raises GitError if it is unknown."""
        if self.default_branch_ref is not None:
            return self.default_branch_ref
        if self.remote is None:
            raise GitError("there is no default branch here", hint="commit something first")
        raise GitError(
            f"the default branch of {self.remote} is unknown here",
            hint=f"git fetch {self.remote}, then git remote set-head {self.remote} --auto; if "
            f"the remote has none, git remote set-head {self.remote} BRANCH",
        )

    def read_rules(self, environment: str) -> Environment:
        """Return the rules of an environment from the tip of the default branch, as known here.

        The checked-out configuration applies only to environments that the default branch does not
        have. Raises UsageError for an unknown environment.
        """
        checked_out = self.config.environment(environment)
        ref = self.default_branch_ref
        tip = None if ref is None else self.objects.read(ref)
        if tip is None or tip.kind != "commit":
            return checked_out
        merged = load_config(self.tree(tip.oid).read)
        if environment not in merged.environment_names:
            return checked_out
        return merged.environment(environment)

    def require_work_tree(self) -> Path:
        """Return the top folder of the work tree. Raises an error in a bare repository."""
        if self.git.work_tree is None:
            raise GitError(
                "this is a bare repository: there is no work tree here",
                hint="run the command in a clone of it",
            )
        return self.git.work_tree

    @property
    def working(self) -> Files:
        """The prompts folder in the work tree."""
        top = self.require_work_tree()
        return WorkTreeFiles(top / self.config.prompts, top, self._list_ignored)

    def _list_ignored(self) -> list[str]:
        from promptops.git.worktree import list_ignored

        return list_ignored(self.git, self.config.prompts)

    @property
    def staged(self) -> Files:
        """The prompts folder in the index: what the next commit would contain."""
        from promptops.git.index import IndexReader

        self.require_work_tree()
        return IndexReader(self.objects, self.config.prompts)

    def at(self, revision: str) -> Files:
        """Return the prompts folder at a revision. Raises GitError if there is no such revision."""
        return self.tree(self.resolve(revision), self.config.prompts)

    def resolve(self, revision: str) -> str:
        """Return the commit of a revision; `promptops/ENV` also means what the remote has of it.

        Raises GitError if there is no such revision.
        """
        try:
            return self.git.resolve_commit(revision)
        except NotFoundError:
            if self.remote is None or not revision.startswith("promptops/"):
                raise
            with suppress(NotFoundError):
                return self.git.resolve_commit(f"{self.remote}/{revision}")
            raise

    def at_deployment(self, revision: str) -> bool:
        """Return whether a revision is a deployment on an environment's branch."""
        commit = self.resolve(revision)
        return self.objects.read(f"{commit}:promptops.lock") is not None

    def tree(self, oid: str, folder: str = "") -> TreeReader:
        """Return the files of a commit or a tree, by its object id, below a folder (empty: all)."""
        from promptops.git.trees import TreeReader

        key = (oid, folder)
        if key not in self._trees:
            self._trees[key] = (
                self.tree(oid).beside(folder) if folder else TreeReader(self.objects, oid)
            )
        return self._trees[key]

    def has_commits(self) -> bool:
        """Return whether HEAD names a commit."""
        return self.objects.read("HEAD") is not None


def open_repository(start: Path | str, *, is_named: bool = True) -> Repository:
    """Return the repository around a folder.

    Args:
        start: the folder.
        is_named: whether the user named the folder. If so, `GIT_DIR`, `GIT_WORK_TREE` and similar
            variables are ignored; otherwise they apply, as in a hook.

    Raises:
        NotARepositoryError: there is none.
    """
    return Repository(Git.named(Path(start)) if is_named else Git.discover(Path(start)))


def list_names(files: Files) -> list[str]:
    """Return the names of all prompts in `files`, sorted. Files with invalid names are left out."""
    from promptops.prompt.reference import is_prompt, name_fault, name_from_path

    return sorted(
        name_from_path(path)
        for path in files.paths()
        if is_prompt(path) and name_fault(name_from_path(path)) is None
    )


def find_closure(files: Files, name: str, *, where: str) -> Closure:
    """Return the closure of `name` in `files`.

    `where` is a phrase for the error, such as "in the work tree". Raises PromptNotFoundError, with
    the nearest name.
    """
    from promptops.prompt.closure import collect_closure
    from promptops.prompt.reference import check_name

    closure = collect_closure(check_name(name), files.read)
    if closure is None:
        raise not_found(name, list_names(files), where)
    if closure.faults:  # collect again, with the paths for suggestions
        closure = collect_closure(name, files.read, known=files.paths()) or closure
    return closure


def find_prompt(files: Files, name: str, *, where: str) -> Prompt:
    """Return the prompt `name` in `files`; `where` as in `find_closure`.

    Raises PromptNotFoundError, or InvalidPromptError if it is invalid.
    """
    from promptops.prompt.prompt import load_prompt

    return load_prompt(find_closure(files, name, where=where))


def not_found(name: str, known: Iterable[str], where: str) -> PromptNotFoundError:
    """Return the error for a prompt that does not exist `where`; the hint has the nearest of the
    `known` names.
    """
    from promptops.suggestion import nearest

    names = list(known)
    near = nearest(name, names)
    if near:
        hint = f"did you mean {near}?"
    elif names:
        hint = "run promptops list to see the prompts"
    else:
        hint = f"create it with promptops new {name}"
    return PromptNotFoundError(f"there is no prompt {name} {where}", hint=hint)


def expand_names(files: Files, names: Iterable[str], *, everything: bool) -> list[str]:
    """Return the prompt names for a command: the given ones or, with `everything`, all. Raises
    UsageError for neither or both.
    """
    from promptops.prompt.reference import check_name

    given = [check_name(name) for name in names]
    if given and everything:
        raise UsageError("names and --all cannot be combined", hint="give one or the other")
    if not given and not everything:
        raise UsageError("no prompt given", hint="name prompts, or give --all")
    found = list(dict.fromkeys(given)) if given else list_names(files)
    if not found:
        raise UsageError("there are no prompts here", hint="create one with promptops new NAME")
    return found
