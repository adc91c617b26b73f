"""List, fetch from and push to remotes; push by compare-and-swap.

Settings such as `fetch.prune`, `fetch.pruneTags` and `push.followTags` are overridden: exactly the
given refs are updated.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from promptops.errors import (
    ConflictError,
    GitError,
    RemoteError,
    RemoteRefNotFoundError,
    UnclearPushError,
    UsageError,
)
from promptops.git.limits import USUAL
from promptops.git.process import (
    Completed,
    failure,
    first_line,
    foreign_environment,
    hint_for,
    run_git,
)
from promptops.git.refs import RefUpdate, check_ref_name, current_branch, read_refs, update_refs
from promptops.prompt.digest import is_object_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from promptops.git.limits import GitLimits
    from promptops.git.process import Git


class PushStatus(Enum):
    """The status of one ref after a push."""

    PUSHED = "pushed"
    UP_TO_DATE = "up to date"
    STALE = "stale"
    BUSY = "busy"
    ABORTED = "aborted"
    REFUSED = "refused"


class PushRef(NamedTuple):
    """One ref to push.

    Attributes:
        oid: the local object's id; None deletes the ref.
        ref: the full name on the remote.
        expected_old: the remote's expected object id; None: the ref must not exist. A lease is a
            forced push, so the caller must make sure that `oid` descends from it.
    """

    oid: str | None
    ref: str
    expected_old: str | None


class PushResult(NamedTuple):
    """The result of pushing one ref.

    Attributes:
        ref: the full name on the remote.
        status: PUSHED: this push updated it. UP_TO_DATE: it had that object already, perhaps by a
            concurrent identical push. STALE: it had another value than expected. BUSY: its lock is
            held, by another push or since a crash. ABORTED: another ref of the same atomic push
            failed. REFUSED: the remote refused it.
        reason: the remote's message; empty if pushed or up to date.
    """

    ref: str
    status: PushStatus
    reason: str


_FETCH = (
    *("-c", "fetch.prune=false", "-c", "fetch.pruneTags=false"),
    *("-c", "fetch.recurseSubmodules=false", "-c", "fetch.writeCommitGraph=false"),
)

_PUSH = (
    *("-c", "push.followTags=false", "-c", "push.gpgSign=false", "-c", "push.pushOption="),
    *("-c", "push.recurseSubmodules=no", "-c", "push.negotiate=false"),
)

_UNREACHABLE_HINT = "check the connection and the address (git remote -v), then try again"

# Messages of the remote, the network or the transport, and the hint for each.
_REMOTE_HINTS = (
    (
        (
            r"(?:Permission denied \(|Authentication failed|could not read (?:Username|Password)"
            r"|terminal prompts disabled|HTTP 40[13]|error: 40[13]|access denied)"
        ),
        "check your credentials, key or token for the remote",
    ),
    (r"Host key verification failed", "add the server's key to known_hosts: connect once with ssh"),
    (
        (
            r"(?:does not appear to be a git repository|[Rr]epository not found|not found|"
            r"does not exist|No such file or directory)"
        ),
        "check the address (git remote -v) and that you may read the repository",
    ),
    (r"transport '.+' not allowed", "git's protocol.allow configuration forbids this transport"),
)


def remote_url(git: Git, name: str) -> str | None:
    """Return the URL from which git would fetch, `insteadOf` applied; None if there is no such
    remote.
    """
    check_remote(name)
    if git.run("config", "--get-all", f"remote.{name}.url", check=False).code != 0:
        return None
    return git.run("remote", "get-url", "--", name).text


def check_remote(remote: str) -> str:
    """Return a remote's name or URL after checking that git cannot take it for an option.

    Raises:
        UsageError: it is empty, begins with a dash or contains control characters.
    """
    if not remote or remote.startswith("-") or re.search(r"[\x00-\x1f\x7f]", remote):
        message = f"{remote!r} is not a remote"
        raise UsageError(message, hint="use a remote's name (git remote -v) or a URL")
    return remote


def fetch(
    git: Git,
    remote: str,
    refspecs: Sequence[str],
    *,
    depth: int | None = None,
    prune: bool = False,
    limits: GitLimits = USUAL,
) -> None:
    """Fetch exactly the given refs; do not follow tags.

    Args:
        git: the repository.
        remote: a remote's name or a URL.
        refspecs: such as `+refs/heads/promptops/*:refs/remotes/origin/promptops/*`. A name without
            a `*` that the remote lacks is an error.
        depth: the number of commits to fetch; None: the whole history.
        prune: remove local refs of these refspecs that the remote no longer has.
        limits: the timeouts.

    Raises:
        RemoteError: the remote cannot be reached or lacks a ref.
        GitError: the local repository refuses the result.
    """
    if not refspecs:
        return
    for refspec in refspecs:
        _check_refspec(refspec)
    args = (
        *_FETCH,
        # Without --quiet, which hides rejected refs.
        *("fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
        *("--prune" if prune else "--no-prune", "--no-prune-tags", "--refmap="),
        *(() if depth is None else (f"--depth={depth}",)),
        *("--", check_remote(remote), *refspecs),
    )
    done = _ask(git, args, remote, limits)
    if done.code != 0:
        _refuse(args, done, remote)


def list_remote(
    git: Git | None,
    remote: str,
    patterns: Sequence[str] = (),
    *,
    limits: GitLimits = USUAL,
) -> dict[str, str]:
    """List a remote's refs.

    Args:
        git: the repository; None for a URL, which needs none.
        remote: a remote's name or a URL.
        patterns: full ref names, possibly with `*`; empty: all refs.
        limits: the timeouts.

    Returns:
        Full name -> object id. An annotated tag has two entries: its name with the tag object's id,
            and its name followed by `^{}` with the tagged object's id.

    Raises:
        RemoteError: the remote cannot be reached.
    """
    # The server filters by these two prefixes only; otherwise git fetches the list of all refs.
    options = [
        option
        for option, prefix in (("--heads", "refs/heads/"), ("--tags", "refs/tags/"))
        if patterns and all(pattern.startswith(prefix) for pattern in patterns)
    ]
    args = ("ls-remote", *options, "--", check_remote(remote), *patterns)
    done = _ask(git, args, remote, limits)
    if done.code != 0:
        _refuse(args, done, remote)
    refs = {}
    for line in done.text.splitlines():
        oid, _, name = line.partition("\t")
        # Git also matches a pattern against the end of a name.
        if not patterns or _matches(name.removesuffix("^{}"), patterns):
            refs[name] = oid
    return refs


def remote_head(git: Git | None, remote: str, *, limits: GitLimits = USUAL) -> str | None:
    """Ask a remote for the name of its default branch; None if it has none.

    Raises:
        RemoteError: the remote cannot be reached.
    """
    args = ("ls-remote", "--symref", "--", check_remote(remote), "HEAD")
    done = _ask(git, args, remote, limits)
    if done.code != 0:
        _refuse(args, done, remote)
    found = re.search(r"^ref: refs/heads/(.+)\tHEAD$", done.text, re.MULTILINE)
    return found[1] if found else None


def default_branch(git: Git, remote: str | None) -> str | None:
    """Return the full name of the local ref for the default branch, without asking the remote.

    With a remote: the target of its tracked HEAD, which `learn_default_branch` sets. In a bare
    repository: the target of HEAD. Otherwise the local `main`, else `master`, else the current
    branch. None if the branch is unknown or does not exist.
    """
    if remote is not None:
        branch = _tracked_head(git, check_remote(remote))
        return None if branch is None else _first_existing(git, [branch])
    usual = [] if git.is_bare else ["refs/heads/main", "refs/heads/master"]
    current = current_branch(git)
    return _first_existing(git, usual if current is None else [*usual, f"refs/heads/{current}"])


def learn_default_branch(git: Git, remote: str, *, limits: GitLimits = USUAL) -> None:
    """Ask the remote for its default branch and record it, if this clone has no record.

    The record is the ref that `git remote set-head` and `git clone` write. After `git init` and
    `git remote add` there is none.

    Raises:
        RemoteError: the remote cannot be reached.
    """
    if _tracked_head(git, check_remote(remote)) is not None:
        return
    branch = remote_head(git, remote, limits=limits)
    if branch is not None:
        ref = f"refs/remotes/{remote}/{branch}"
        fetch(git, remote, [f"+refs/heads/{branch}:{ref}"], limits=limits)
        git.run("symbolic-ref", f"refs/remotes/{remote}/HEAD", ref)


def _tracked_head(git: Git, remote: str) -> str | None:
    prefix = f"refs/remotes/{remote}"
    done = git.run("symbolic-ref", "--quiet", f"{prefix}/HEAD", check=False)
    return done.text if done.code == 0 and done.text.startswith(f"{prefix}/") else None


def _first_existing(git: Git, names: Sequence[str]) -> str | None:
    existing = read_refs(git, names)
    return next((name for name in names if name in existing), None)


def push(
    git: Git,
    remote: str,
    refs: Sequence[PushRef],
    *,
    atomic: bool = True,
    limits: GitLimits = USUAL,
) -> list[PushResult]:
    """Push refs, each only if the remote still has the expected value.

    The user's pre-push hook runs and may refuse the push.

    Args:
        git: the repository.
        remote: a remote's name or a URL.
        refs: what to push.
        atomic: whether a failed ref fails all others too.
        limits: the timeouts. After a timeout it is unknown what the remote accepted: list its refs.

    Returns:
        A result for each ref, in the same order.

    Raises:
        UnclearPushError: the connection broke, or a timeout passed.
        RemoteError: the remote cannot be reached.
        GitError: the remote cannot push atomically, or the pre-push hook refused.
    """
    if not refs:
        return []
    for ref in refs:
        check_ref_name(ref.ref)
    # Git compares each name with each ref of the remote, which is quadratic; a pattern is linear.
    if len(refs) > _MAX_NAMED:
        args, done = _push_by_pattern(git, remote, refs, atomic=atomic, limits=limits)
    else:
        specs = [f"{ref.oid or ''}:{ref.ref}" for ref in refs]
        args = _push_arguments(remote, refs, specs, atomic=atomic)
        done = _run_push(git, args, remote, limits)
        if _took_for_another(done, refs):
            args, done = _push_by_pattern(git, remote, refs, atomic=atomic, limits=limits)
    # A local failure broke the connection; the remote reports it as its own.
    if re.search(r"^fatal: bad object|pack-objects died", done.stderr, re.MULTILINE):
        raise failure(args, done)
    results = _results(done)
    if any(ref.ref not in results for ref in refs):
        _refuse_push(args, done, remote)
    return [results[ref.ref] for ref in refs]


def _push_by_pattern(
    git: Git, remote: str, refs: Sequence[PushRef], *, atomic: bool, limits: GitLimits
) -> tuple[Sequence[str], Completed]:
    with _staged(git, refs) as pattern:
        args = _push_arguments(remote, refs, [pattern], atomic=atomic)
        return args, _run_push(git, args, remote, limits)


def _run_push(git: Git, args: Sequence[str], remote: str, limits: GitLimits) -> Completed:
    try:
        return _ask(git, args, remote, limits)
    except RemoteError as error:  # timeout
        raise UnclearPushError(error.message, hint=error.hint) from error


def _push_arguments(
    remote: str, refs: Sequence[PushRef], specs: Sequence[str], *, atomic: bool
) -> tuple[str, ...]:
    return (
        *_PUSH,
        *_not_a_mirror(remote),
        *("push", "--porcelain", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"),
        *(("--atomic",) if atomic else ()),
        *(
            f"--force-with-lease={ref.ref}:{ref.expected_old or ''}"
            for ref in refs
            # Without force, a push does not update an existing tag.
            if ref.expected_old is not None or not ref.ref.startswith("refs/tags/")
        ),
        *("--", check_remote(remote), *specs),
    )


def _took_for_another(done: Completed, refs: Sequence[PushRef]) -> bool:
    """Return whether git read a full name as the abbreviation of another ref of the remote."""
    if re.search(r"^error: dst refspec .+ matches more than one", done.stderr, re.MULTILINE):
        return True
    return not _results(done).keys() <= {ref.ref for ref in refs}


@contextmanager
def _staged(git: Git, refs: Sequence[PushRef]) -> Iterator[str]:
    """Yield a refspec that pushes exactly these refs, whatever else the remote has.

    To Git, even a full name is an abbreviation: where the remote has `refs/heads/refs/heads/x`, it
    takes that for `refs/heads/x`, or refuses to choose. A pattern is matched literally, but needs
    local refs with matching names to push from.
    """
    folder = f"refs/promptops/outgoing/{os.urandom(8).hex()}/"
    moves = [
        RefUpdate(folder + ref.ref.removeprefix("refs/"), ref.oid, None)
        for ref in refs
        if ref.oid is not None
    ]
    update_refs(git, moves, "promptops push")
    try:
        yield f"{folder}*:refs/*"
    finally:
        update_refs(git, [RefUpdate(name, None, oid) for name, oid, _ in moves], "promptops push")


_MAX_NAMED = 100

_PORCELAIN = re.compile(r"^([ +\-*=!])\t[^\t:]*:(refs/[^\t]+)\t(.*)$", re.MULTILINE)

_LOST_ON_THE_REMOTE = (
    r"is at \w+ but expected|already exists|unable to resolve reference|incorrect old value"
    r"|stale info"
)


def _results(done: Completed) -> dict[str, PushResult]:
    return {
        ref: _result(ref, flag, summary, done.stderr)
        for flag, ref, summary in _PORCELAIN.findall(done.text)
    }


def _result(ref: str, flag: str, summary: str, said: str) -> PushResult:
    if flag == "=":
        return PushResult(ref, PushStatus.UP_TO_DATE, "")
    if flag != "!":
        return PushResult(ref, PushStatus.PUSHED, "")
    reason = re.sub(r"^\[[^]]*\] \((.*)\)$", r"\1", summary)
    # The remote takes the lock after git compared the expected value here.
    locking = re.search(rf"cannot lock ref '{re.escape(ref)}': (.+)", said)
    detail = locking[1].strip() if locking else ""
    if reason in {"stale info", "already exists"} or re.search(
        _LOST_ON_THE_REMOTE, f"{detail} {reason}"
    ):
        return PushResult(ref, PushStatus.STALE, detail or reason)
    if ".lock': File exists" in detail:
        return PushResult(ref, PushStatus.BUSY, detail)
    if not detail and re.search(r"atomic (?:push|transaction) fail", reason):
        return PushResult(ref, PushStatus.ABORTED, reason)
    return PushResult(ref, PushStatus.REFUSED, _hook_output(said, detail or reason))


def _hook_output(said: str, reason: str) -> str:
    """Return git's "hook declined" with the output of the remote's hook before it."""
    if "hook declined" not in reason and "unpacker error" not in reason:
        return reason
    lines = (
        line.removeprefix("remote:").removeprefix("error: remote unpack failed:").strip()
        for line in said.splitlines()
        if line.startswith(("remote:", "error: remote unpack failed:"))
    )
    spoken = [line for line in lines if line and not line.startswith("error: hook declined")]
    return f"{'; '.join(spoken)} ({reason})" if spoken else reason


def _not_a_mirror(remote: str) -> tuple[str, ...]:
    # A clone made with --mirror otherwise refuses to push single refs.
    if re.fullmatch(r"[A-Za-z0-9._/-]+", remote):
        return ("-c", f"remote.{remote}.mirror=false")
    return ()


def _ask(git: Git | None, args: Sequence[str], remote: str, limits: GitLimits) -> Completed:
    """Run a git command that talks to a remote, with the timeouts."""
    silence = max(1, round(limits.silence_seconds))
    patience = ("-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={silence}")
    environment = foreign_environment() if git is None else git.child_environment()
    environment.update(_ssh_timeouts(git, environment, limits))
    try:
        return run_git(
            (*patience, *args),
            folder=None if git is None else git.folder,
            environment=environment,
            timeout_seconds=limits.total_seconds,
        )
    except RemoteError as error:
        raise RemoteError(
            f"the remote {_shown(remote)} did not answer within {limits.total_seconds:g} s",
            hint="check the connection, then try again, or raise [timeouts] in promptops.toml",
        ) from error


def _ssh_timeouts(
    git: Git | None, environment: Mapping[str, str], limits: GitLimits
) -> dict[str, str]:
    """Set ssh's timeouts, unless the user configured the ssh command."""
    if "GIT_SSH_COMMAND" in environment or "GIT_SSH" in environment:
        return {}
    args = ("config", "--get", "core.sshCommand")
    folder = None if git is None else git.folder
    if run_git(args, folder=folder, environment=environment).stdout:
        return {}
    connect, silence = (
        max(1, round(one)) for one in (limits.connect_seconds, limits.silence_seconds)
    )
    return {
        "GIT_SSH_COMMAND": f"ssh -o ConnectTimeout={connect} -o ServerAliveInterval={silence} "
        "-o ServerAliveCountMax=1"
    }


def _matches(name: str, patterns: Iterable[str]) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _check_refspec(refspec: str) -> None:
    source, colon, target = refspec.removeprefix("+").partition(":")
    for name in (source, target) if colon else (source,):
        if not is_object_id(name):
            check_ref_name(name.replace("*", "x", 1))


def _refuse_push(args: Sequence[str], done: Completed, remote: str) -> NoReturn:
    said = done.stderr
    if "does not support --atomic" in said:
        raise GitError(
            f"the remote {_shown(remote)} does not support atomic pushes",
            hint="enable receive.advertiseAtomic on its server, or push the refs one at a time",
        )
    lines = [line for line in said.splitlines() if line.strip()]
    # With neither a status of a ref nor a message of git, the push never began.
    own = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
    if done.code == 1 and all("failed to push some refs" in line for line in own):
        hook = [line.strip() for line in lines if line not in own]
        spoken = hook[0] if hook else first_line(done.text)
        raise GitError(
            "the pre-push hook rejected the push" + (f": {spoken}" if spoken else ""),
            hint="fix what the hook reports, then try again",
        )
    try:
        _refuse(args, done, remote)
    except RemoteError as error:
        if re.search(_NEVER_BEGAN, said):
            raise
        raise UnclearPushError(
            f"the connection to the remote {_shown(remote)} broke during the push: "
            f"{_shown(first_line(said)) or f'exit code {done.code}'}",
            hint=error.hint,
        ) from error


# Reported before anything is sent, or by a remote that accepts nothing.
_NEVER_BEGAN = (
    r"(?:Permission denied|Permission to .+ denied|Authentication failed|access denied"
    r"|could not read (?:Username|Password)|terminal prompts disabled|returned error: 40[134]"
    r"|HTTP 40[134]|Host key verification failed|[Rr]epository not found"
    r"|does not appear to be a git repository|does not exist|transport '.+' not allowed"
    r"|Could not resolve|Connection refused|Failed to connect|Couldn't connect"
    r"|service not enabled)"
)


def _refuse(args: Sequence[str], done: Completed, remote: str) -> NoReturn:
    said = done.stderr
    rejected = re.search(r"! \[rejected\]\s+\S+\s+->\s+(\S+)\s+\((.+)\)", said)
    if rejected:
        raise ConflictError(
            f"{rejected[1]} differs between this clone and the remote {_shown(remote)} "
            f"({rejected[2]})",
            hint="find out who moved it; see the remote's with "
            f"`git ls-remote {_shown(remote)} {rejected[1]}`",
        )
    in_the_way = re.search(r"'(refs/[^']+)' exists; cannot create '(refs/[^']+)'", said)
    if in_the_way:
        raise GitError(
            f"{in_the_way[1]} conflicts with {in_the_way[2]}",
            hint=f"if the remote no longer has it, run git remote prune {_shown(remote)}",
        )
    missing = re.search(r"couldn't find remote ref (\S+)", said)
    if missing:
        raise RemoteRefNotFoundError(
            f"the remote {_shown(remote)} has no {missing[1]}",
            hint=f"run `git ls-remote {_shown(remote)}` to see what it has",
        )
    if re.search(_LOCAL_FAILURE, said) or done.code < 0:
        raise failure(args, done)
    words = first_line(said) or f"exit code {done.code}"
    raise RemoteError(
        f"cannot reach the remote {_shown(remote)}: {_shown(words)}", hint=_remote_hint(said)
    )


_LOCAL_FAILURE = (
    r"(?:\.lock': File exists|No space left|File too large|Read-only file system"
    r"|insufficient permission|refusing to fetch into|src refspec|is corrupt|bad object)"
)


def _remote_hint(said: str) -> str:
    for pattern, hint in _REMOTE_HINTS:
        if re.search(pattern, said):
            return hint
    return hint_for(said) or _UNREACHABLE_HINT


def _shown(text: str) -> str:
    """Return the URL without user name and password."""
    return re.sub(r"://[^/@\s]+@", "://", text)
