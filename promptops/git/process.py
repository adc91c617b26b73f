"""Run the git binary, and turn its failures into errors with a hint.

This is the only module that starts a short-lived git process. Arguments are lists, never a shell.
Git must not take a user's text for an option: callers pass object ids and full ref names, and
revisions that a user typed go through `Git.resolve_commit`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from promptops.errors import (
    GitError,
    NotARepositoryError,
    NotFoundError,
    RemoteError,
    UsageError,
)
from promptops.lazy import FORK_LOCK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A process forked while git is being started inherits git's ends of the pipes. A reader of the
# pipes would then wait for that process, which may wait for a lock that the reader holds.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=FORK_LOCK.acquire,
        after_in_parent=FORK_LOCK.release,
        after_in_child=FORK_LOCK.release,
    )

MINIMUM_VERSION = (2, 38)

OLD_GIT_HINT = "install git 2.38 or newer (https://git-scm.com/downloads)"

# From `git rev-parse --local-env-vars`, without the GIT_CONFIG_* ones: configuration by environment
# or `-c` is meant for every repository, the other variables for a single one.
LOCAL_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_QUARANTINE_PATH",
)

_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")

_IDENTITY_HINT = (
    'tell git who you are: git config --global user.name "Your Name" && '
    "git config --global user.email you@example.com"
)

# Git's messages (LC_ALL=C) and the hint for each; groups of the pattern fill the hint. Compiled on
# the first failure, to start fast.
_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"Unable to create '(.+?\.lock)': File exists",
        "make sure that no other git process is running here, then remove {0}",
    ),
    (
        (
            r"(?:Author identity unknown|Committer identity unknown|empty ident name"
            r"|auto-detect email address|auto-detection is disabled|tell me who you are)"
        ),
        _IDENTITY_HINT,
    ),
    (
        r"(?:promisor remote|lazy fetching)",
        (
            "check the connection to the remote of this partial clone, or fetch everything with "
            "`git fetch --refetch --no-filter`"
        ),
    ),
    (
        (
            r"(?:gpg failed to sign|failed to sign the data|Couldn't sign|No private key found"
            r"|user\.signingkey needs to be|unable to sign the tag|Couldn't load public key"
            r"|Load key)"
        ),
        (
            "check user.signingKey and gpg.format, since git is configured to sign "
            "(git config --show-origin --get-regexp 'sign|gpg')"
        ),
    ),
    (
        (
            r"(?:No space left on device|File too large|Disk quota exceeded|file write error"
            r"|short write|wrote only)"
        ),
        "free disk space (or raise the file size limit), then run the command again",
    ),
    (
        (
            r"(?:Read-only file system|Permission denied|insufficient permission"
            r"|unable to create directory for)"
        ),
        "check the owner and the permissions of the repository's folder",
    ),
    (
        (
            r"(?:is corrupt|inflate: data stream|object file .+ is empty|garbage at end"
            r"|packfile .+ (?:cannot be accessed|does not match)|hash mismatch|bad object"
            r"|unable to unpack|corrupt loose object)"
        ),
        ("run `git fsck` to list what is broken, or clone the repository again"),
    ),
    (
        r"(?:shallow file has changed|shallow update not allowed|error in object: unshallow)",
        "run `git fetch --unshallow` to complete this shallow clone",
    ),
    (
        r"(?:unknown (?:option|switch)|is not a git command|usage: git)",
        OLD_GIT_HINT,
    ),
)


class Completed(NamedTuple):
    """The result of a git process: output, error output, exit code (negative: a signal)."""

    stdout: bytes
    stderr: str
    code: int

    @property
    def text(self) -> str:
        """Standard output as text without the last newline; bytes that are not UTF-8 as
        surrogates.
        """
        return self.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")


# Variables by which a hook passes paths within its repository, and related ones.
_HANDED_ON = {
    "GIT_INDEX_FILE": (),
    "GIT_OBJECT_DIRECTORY": ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
}


def foreign_environment() -> dict[str, str]:
    """Return the process environment without the variables that point at the user's repository.

    For use in any other repository, where a hook's `GIT_DIR` or quarantine folder must not apply.
    """
    return {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}


def run_git(
    args: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout_seconds: float | None = None,
) -> Completed:
    """Run git, in or outside a repository, and wait for it.

    Args:
        args: git's arguments without the leading "git".
        folder: the working folder; None: the current one.
        environment: its environment; None: this process's own. `child_environment` lists the
            variables that are always set.
        stdin: its input; None: no input.
        timeout_seconds: the time limit; None: no limit.

    Returns:
        The result, whatever the exit code.

    Raises:
        GitError: git is missing or the folder is gone.
        RemoteError: the time limit is exceeded.
    """
    process = start_git(
        args,
        folder=folder,
        environment=environment,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        leads_group=timeout_seconds is not None and not _has_terminal(),
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout_seconds)
    except subprocess.TimeoutExpired:
        stop(process)
        message = f"git {command_name(args)} did not finish within {timeout_seconds:g} seconds"
        # Only commands that talk to a remote have a time limit.
        raise RemoteError(message, hint="check the network connection, then try again") from None
    except BaseException:
        stop(process)
        raise
    return Completed(stdout, stderr.decode("utf-8", "replace"), process.returncode)


def start_git(
    args: Sequence[str],
    *,
    folder: Path | None,
    environment: Mapping[str, str] | None,
    stdin: int,
    leads_group: bool = False,
) -> subprocess.Popen[bytes]:
    """Start git with piped output. Raises GitError if git or the folder is missing.

    With `leads_group`, programs that git starts end together with it.
    """
    if any("\0" in arg for arg in args):
        message = f"git {command_name(args)}: an argument contains a NUL character"
        raise UsageError(message, hint="remove the NUL character")
    try:
        # Unbuffered pipes: a forked child that closes its copy must not flush our bytes into them.
        with FORK_LOCK:
            return subprocess.Popen(
                ["git", *args],
                cwd=folder,
                env=child_environment(environment),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                process_group=0 if leads_group else None,
            )
    except FileNotFoundError as error:
        if folder is not None and not folder.is_dir():
            message = f"the folder {folder} does not exist"
            raise GitError(message, hint="check the path") from error
        message = "git is not installed, or not on the PATH"
        raise GitError(message, hint=OLD_GIT_HINT) from error
    except OSError as error:
        message = f"git cannot be started: {error.strerror or error}"
        raise GitError(message, hint="check the permissions of git and of the folder") from error


def child_environment(environment: Mapping[str, str] | None) -> dict[str, str]:
    """Return the environment in which every git process runs.

    Messages are in English, since we match them. Replacement objects and grafts files are ignored.
    Git takes no optional locks and asks no questions without an interactive terminal.
    """
    result = dict(os.environ if environment is None else environment)
    result["LC_ALL"] = "C"
    result.pop("LANGUAGE", None)
    result["GIT_NO_REPLACE_OBJECTS"] = "1"
    # a missing file: an existing one makes git warn that grafts are deprecated
    result["GIT_GRAFT_FILE"] = f"{os.devnull}/none"
    result["GIT_OPTIONAL_LOCKS"] = "0"
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        result["GIT_TERMINAL_PROMPT"] = "0"
    return result


def _has_terminal() -> bool:
    """Return whether git may ask for a password: only in a terminal's foreground."""
    if sys.platform == "win32":
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError:
        return False
    return True


def stop(process: subprocess.Popen[bytes], patience_seconds: float = 5.0) -> None:
    """Terminate a git process, so that it can remove its lock files; kill it after
    `patience_seconds`.

    If it leads a process group, programs that it started are killed afterwards.
    """
    leads_group = sys.platform != "win32" and _leads_group(process)
    try:
        process.terminate()
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if leads_group:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _leads_group(process: subprocess.Popen[bytes]) -> bool:
    try:
        return process.returncode is None and os.getpgid(process.pid) == process.pid
    except OSError:
        return False


def command_name(args: Sequence[str]) -> str:
    """Return the subcommand in an argument list, past options such as `-c name=value`."""
    arguments = iter(args)
    for arg in arguments:
        if arg in {"-c", "-C"}:
            next(arguments, None)
        elif not arg.startswith("-"):
            return arg
    return ""


def failure(args: Sequence[str], done: Completed) -> GitError:
    """Return the error for a failed git process with `args`: git's first useful message, and a
    hint.
    """
    if "dubious ownership" in done.stderr:
        return _unsafe_folder(done.stderr)
    name = command_name(args)
    line = first_line(done.stderr)
    if not line and done.code < 0:
        return _killed(name, -done.code)
    hint = hint_for(done.stderr)
    if hint == OLD_GIT_HINT:
        version = installed_version()
        if version and version < MINIMUM_VERSION:
            found = ".".join(map(str, version))
            return GitError(f"git {found} is too old for promptops", hint=OLD_GIT_HINT)
        hint = None
    return GitError(f"git {name} failed: {line or f'exit code {done.code}'}", hint=hint)


def first_line(stderr: str) -> str:
    """Return the first line of git's messages that names the error, without its prefix."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for line in lines:
        # Messages of the remote, "remote: fatal: ...", keep their prefix.
        if line.startswith(("fatal: ", "error: ")):
            return line.partition(": ")[2].rstrip(".")
    for line in lines:
        if not line.startswith(("hint:", "warning:")):
            return line.rstrip(".")
    return lines[0].rstrip(".") if lines else ""


def hint_for(stderr: str) -> str | None:
    """Return the hint for git's messages, if one is known."""
    for pattern, hint in _HINTS:
        found = re.search(pattern, stderr)
        if found:
            return hint.format(*found.groups())
    return None


def installed_version() -> tuple[int, ...] | None:
    """Return the version of the installed git as numbers; None if unknown."""
    found = re.search(rb"git version (\d+)\.(\d+)", run_git(["version"]).stdout)
    return tuple(int(number) for number in found.groups()) if found else None


def _unsafe_folder(stderr: str) -> GitError:
    folder = re.search(r"dubious ownership in repository at '(.+)'", stderr)
    remedy = re.search(r"git config --global --add safe\.directory .+", stderr)
    where = folder.group(1) if folder else "this folder"
    return GitError(
        f"the repository at {where} is owned by another user, so git does not trust it",
        hint=f"if you trust it: {remedy.group(0).strip()}" if remedy else None,
    )


def _killed(name: str, number: int) -> GitError:
    try:
        which = signal.Signals(number).name
    except ValueError:
        which = f"signal {number}"
    if which == "SIGXFSZ":
        return GitError(
            f"git {name} failed: a file grew over the file size limit",
            hint="raise the limit (ulimit -f) or free disk space, then run the command again",
        )
    return GitError(
        f"git {name} was killed by {which}",
        hint="run the command again; if it names a .lock file, make sure that no git process is "
        "running and remove it",
    )


@dataclass(frozen=True, slots=True)
class Git:
    """One repository, in which git can be run.

    Attributes:
        git_dir: the absolute `.git` folder (the worktree's own, in a linked worktree).
        common_dir: the git folder that all worktrees share.
        work_tree: the absolute top folder of the work tree; None in a bare repository.
        object_format: `sha1` or `sha256`.
        is_shallow: whether the clone was shallow when this object was made.
        is_bare: whether the repository has no work tree of its own.
        environment: the environment for git; None: this process's own, so that a hook's
            `GIT_INDEX_FILE` and quarantine folder apply.
    """

    git_dir: Path
    common_dir: Path
    work_tree: Path | None
    object_format: str = "sha1"
    is_shallow: bool = False
    is_bare: bool = False
    environment: Mapping[str, str] | None = None

    @classmethod
    def discover(cls, start: Path, *, environment: Mapping[str, str] | None = None) -> Git:
        """Find the repository that a folder belongs to.

        Args:
            start: any folder of a work tree, a bare repository, or a `.git` folder.
            environment: see the class.

        Raises:
            NotARepositoryError: there is none up to the root of the file system.
            GitError: git is missing or too old, or does not trust the folder's owner.
        """
        if not start.is_dir():
            message = f"there is no folder {start}"
            raise NotARepositoryError(message, hint="check the path")
        args = (
            "rev-parse",
            "--path-format=absolute",
            "--is-bare-repository",
            "--is-shallow-repository",
            "--show-object-format",
            "--git-dir",
            "--git-common-dir",
            # Last, because it fails in a bare repository.
            "--show-toplevel",
        )
        done = run_git(args, folder=start, environment=environment)
        lines = done.text.split("\n") if done.stdout else []
        # Paths are separated by newlines, so a path with a newline cannot be parsed.
        expected = 6 if done.code == 0 else 5
        if done.code != 0 and (
            len(lines) < expected or "must be run in a work tree" not in done.stderr
        ):
            _refuse_start(start, args, done)
        if len(lines) != expected:
            message = f"the path of the repository at {str(start)!r} contains a newline"
            raise GitError(
                message, hint="move the repository to a folder without a newline in its path"
            )
        bare, shallow, object_format, git_dir, common_dir, *top = lines
        return cls(
            git_dir=Path(git_dir),
            common_dir=Path(common_dir),
            work_tree=Path(top[0]) if top else None,
            object_format=object_format,
            is_shallow=shallow == "true",
            is_bare=bare == "true",
            environment=environment,
        )

    @classmethod
    def named(cls, start: Path) -> Git:
        """Find the repository of a folder that the caller named.

        Variables that point at another repository are ignored. Those by which a hook of this
        repository passes its index and new objects apply. Raises the same errors as `discover`.
        """
        environment = foreign_environment()
        if len(environment) == len(os.environ):
            return cls.discover(start)
        found = cls.discover(start, environment=environment)
        for name, companions in _HANDED_ON.items():
            value = os.environ.get(name)
            if value and Path(value).absolute().is_relative_to(found.common_dir):
                environment |= {
                    one: os.environ[one] for one in (name, *companions) if one in os.environ
                }
        return found

    @classmethod
    def foreign(cls, path: Path) -> Git:
        """Open a repository that is not the user's own, such as a mirror, at exactly this path.

        Parent folders are not searched. `GIT_DIR` and similar variables are ignored; configuration
        in `GIT_CONFIG_*` applies.

        Raises:
            NotARepositoryError: the path is not a repository.
        """
        environment = foreign_environment()
        ceilings = [str(path.absolute().parent), str(path.resolve().parent)]
        environment["GIT_CEILING_DIRECTORIES"] = os.pathsep.join(ceilings)
        return cls.discover(path, environment=environment)

    @classmethod
    def create(cls, path: Path, *, object_format: str = "sha1") -> Git:
        """Create and open an empty bare repository, such as a mirror."""
        args = (
            "init",
            "--quiet",
            "--bare",
            "--template=",
            f"--object-format={object_format}",
            "--",
            str(path),
        )
        done = run_git(args, environment=foreign_environment())
        if done.code != 0:
            raise failure(args, done)
        return cls.foreign(path)

    @property
    def folder(self) -> Path:
        """The working folder for git: the top of the work tree; the git folder if bare."""
        return self.work_tree or self.git_dir

    @property
    def object_id_bytes(self) -> int:
        """Length of an object id in bytes: 20 or 32."""
        return 32 if self.object_format == "sha256" else 20

    def child_environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment for a git process in this repository; `env` overrides it."""
        result = dict(os.environ if self.environment is None else self.environment)
        # Absolute, so that neither the current folder nor a relative GIT_DIR matters.
        result["GIT_DIR"] = str(self.git_dir)
        if self.work_tree is None:
            result.pop("GIT_WORK_TREE", None)
        else:
            result["GIT_WORK_TREE"] = str(self.work_tree)
        result.update(env or {})
        return result

    def run(
        self,
        *args: str,
        stdin: bytes | None = None,
        check: bool = True,
        timeout_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run git in this repository.

        Args:
            args: git's arguments; never a user's text that could begin with a dash.
            stdin: its input; None: no input.
            check: whether a non-zero exit code is an error.
            timeout_seconds: the time limit; None: no limit.
            env: variables that override the repository's environment.

        Raises:
            GitError: it failed (with `check`), could not be started or took too long.
        """
        done = run_git(
            args,
            folder=self.folder,
            environment=self.child_environment(env),
            stdin=stdin,
            timeout_seconds=timeout_seconds,
        )
        if check and done.code != 0:
            raise failure(args, done)
        return done

    def resolve_commit(self, revision: str) -> str:
        """Return the commit id of a revision that a user typed.

        Raises:
            UsageError: it is empty, begins with a dash or contains control characters.
            NotFoundError: there is no such commit, or it is ambiguous.
        """
        return self._resolve(revision, "commit")

    def resolve_tree(self, revision: str) -> str:
        """Return the tree id of a revision that a user typed; raises as `resolve_commit`."""
        return self._resolve(revision, "tree")

    def _resolve(self, revision: str, kind: str) -> str:
        if not revision or revision.startswith(("-", "^")) or _has_control(revision):
            message = f"{revision!r} is not a revision"
            hint = (
                "use a commit, branch or tag; write a ref that begins with a dash as its full name"
            )
            raise UsageError(message, hint=f"{hint} (refs/heads/-x)")
        args = ("rev-parse", "--verify", "--end-of-options", f"{revision}^{{{kind}}}")
        done = self.run(*args, check=False)
        if done.code == 0 and _OBJECT_ID.match(done.text):
            return done.text
        if "is ambiguous" in done.stderr:
            message = f"{revision} is ambiguous: it matches several objects"
            raise NotFoundError(message, hint="use more characters of the commit's id")
        # "Needed a single revision" means not found; other messages have a hint of their own.
        found = failure(args, done)
        if found.hint:
            raise found
        if self._has_no_commits():
            message = f"no {kind} {revision}: the repository has no commits yet"
            raise NotFoundError(message, hint="make a first commit")
        hint = "run git fetch, or `git branch --all` to list branches"
        if self.is_shallow:
            hint = "run `git fetch --unshallow` to complete this shallow clone"
        message = f"there is no {kind} {revision} in this repository"
        raise NotFoundError(message, hint=hint)

    def _has_no_commits(self) -> bool:
        return not self.run("for-each-ref", "--count=1").stdout and not self.head_exists()

    def head_exists(self) -> bool:
        """Return whether HEAD resolves to a commit. It does not in a repository without commits."""
        args = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return self.run(*args, check=False).code == 0


def _refuse_start(start: Path, args: Sequence[str], done: Completed) -> NoReturn:
    if "not a git repository" in done.stderr:
        message = f"{start} is not in a Git repository"
        hint = "change into a Git repository, or create one with `git init`"
        raise NotARepositoryError(message, hint=hint)
    raise failure(args, done)


def _has_control(text: str) -> bool:
    return any(ord(character) < 32 or ord(character) == 127 for character in text)
