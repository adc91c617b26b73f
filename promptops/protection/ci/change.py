"""Find the change of a run, and fetch it as data into a temporary repository."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.errors import RemoteError, UsageError
from promptops.files import read_file
from promptops.forge.event import read_event
from promptops.forge.record import to_record
from promptops.git.process import Git, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptops.forge.github import PullRequest

_HEAD = "refs/promptops/head"
# Releases, yanks, approvals and environments: everything that judging reads.
_REFSPECS = (
    "+refs/tags/prompts/*:refs/tags/prompts/*",
    "+refs/tags/yanked/*:refs/tags/yanked/*",
    "+refs/promptops/approvals/*:refs/promptops/approvals/*",
    "+refs/heads/promptops/*:refs/heads/promptops/*",
)
_EVENTS = (
    "the gate judges pull_request, pull_request_target, pull_request_review and merge_group; and "
    "workflow_run, after a workflow that a review started"
)


# Characters that change when case is ignored; branch names cannot contain the escape marks.
_DISTINCT = re.compile(r"[A-Z]|[^\x00-\x7f]")


def _mark(found: re.Match[str]) -> str:
    return f"^{found[0]}" if found[0].isascii() else f"~{ord(found[0]):x}~"


@dataclass(frozen=True, slots=True)
class CiChange:
    """A change that a run judges.

    Attributes:
        target: the target branch, without `refs/heads/`.
        head_ref: the server's ref of the proposed commit.
        head: the proposed commit.
        number: the pull request; None in a merge queue.
        is_for_default: whether the target is known to be the repository's default branch.
    """

    target: str
    head_ref: str
    head: str
    number: int | None
    is_for_default: bool

    def name_status(self, name: str) -> str:
        """Return the name of the commit status for this change.

        A status belongs to a commit, and the same commit may be proposed to a second branch with
        weaker rules. So only the default branch uses the plain name; for other branches, the branch
        is appended. GitHub ignores case in this name ("Create a commit status", `context`) but not
        in branch names. So `^` marks each capital, and non-ASCII characters are written as numbers.
        """
        return name if self.is_for_default else f"{name} ({_DISTINCT.sub(_mark, self.target)})"


def read_change(environment: Mapping[str, str]) -> CiChange:
    """Return the change of the current run.

    Raises:
        UsageError: the run has no change, or its event is malformed.
        IntegrityError: the event is not as GitHub documents it.
    """
    event = read_event(environment)
    if event is None or event.forge != "github":
        raise UsageError("this is not a run of a GitHub workflow", hint="run `promptops gate` here")
    if event.target is None or event.head is None or not event.is_change:
        raise UsageError(
            f"the event {event.name} is not about a change that could merge", hint=_EVENTS
        )
    is_queued = event.queue is not None
    return CiChange(
        event.target,
        f"refs/heads/{event.queue}" if is_queued else f"refs/pull/{event.number}/head",
        event.head,
        None if is_queued else event.number,
        event.target == event.default_branch,
    )


def follow_review(
    environment: Mapping[str, str],
    folder: Path,
    find_pull_request: Callable[[str, str, str, str], PullRequest | None],
) -> dict[str, str] | None:
    """Convert a `workflow_run` event to an event of the pull request that was reviewed.

    A `workflow_run` uses the default branch's workflow file, whatever the change contains, and has
    a token with write permission even if the change comes from a fork. But its event does not name
    the pull request.

    Args:
        environment: the run's environment, with the event `workflow_run`.
        folder: where to write the new event file.
        find_pull_request: finds the open pull request by the owner of its branch, the branch, the
            commit, and the preferred target branch.

    Returns:
        The environment with the new event; None if the pull request is closed or has a newer
            commit, so that there is nothing to judge.

    Raises:
        UsageError: the event is unreadable.
        IntegrityError: it is not as GitHub documents it.
        PromptopsError: the forge is unreachable or refuses.
    """
    try:
        value: Any = json.loads(read_file(environment["GITHUB_EVENT_PATH"]))
    except (KeyError, OSError, ValueError) as error:
        raise UsageError("the event file cannot be read", hint=_EVENTS) from error
    whole = to_record(value, "the event workflow_run")
    run = whole.record("workflow_run")
    default = whole.record("repository").word("default_branch")
    owner = run.record("head_repository").record("owner").word("login")
    pull = find_pull_request(owner, run.word("head_branch"), run.object_id("head_sha"), default)
    if pull is None:
        return None
    file = folder / "event.json"
    user = None if pull.author is None else {"login": pull.author.removeprefix("@")}
    event = {
        "number": pull.number,
        "base": {"ref": pull.base_ref, "sha": pull.base},
        "head": {"sha": pull.head},
        "user": user,
    }
    repository = {"default_branch": default}
    file.write_text(json.dumps({"pull_request": event, "repository": repository}), "utf-8")
    return {
        **environment,
        "GITHUB_EVENT_NAME": "pull_request_target",
        "GITHUB_EVENT_PATH": str(file),
    }


def fetch_change(change: CiChange, url: str, access: Mapping[str, str], folder: Path) -> None:
    """Fetch everything that judging needs into a new bare repository.

    The target branch becomes its default branch. Nothing is checked out. The server is its remote:
    commits that were approved and then rebased, or squashed by a merge queue, are on none of the
    fetched branches, and judging fetches them by id.

    Args:
        change: what to fetch.
        url: the server's URL.
        access: the variables with the token for Git, see `give_access`.
        folder: where to create the repository.

    Raises:
        GitError: the server refuses.
        RemoteError: the change has newer commits since the run was started.
    """
    git = Git.create(folder, object_format="sha256" if len(change.head) == 64 else "sha1")
    branch = f"refs/heads/{change.target}"
    git.run("config", "remote.origin.url", url)
    refspecs = [f"+{branch}:{branch}", f"+{change.head_ref}:{_HEAD}", *_REFSPECS]
    args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", "origin", *refspecs]
    done = git.run(*args, env=access, check=False)
    if done.code != 0:
        raise failure(args, done)
    git.run("symbolic-ref", "HEAD", branch)
    if git.run("cat-file", "-e", f"{change.head}^{{commit}}", check=False).code != 0:
        raise RemoteError(
            f"the commit {change.head} is no longer part of the change: it was force-pushed",
            hint="the run for the new commits checks the change",
        )


def give_access(environment: Mapping[str, str], url: str, token: str) -> dict[str, str]:
    """Return environment variables that pass the token to Git, for this server only.

    Unlike an argument or a file, the environment is not visible in the process list or on disk. Git
    configuration in the environment is kept.
    """
    if not token or not url.startswith("https://"):
        return {}
    server = "/".join(url.split("/")[:3])
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    given = environment.get("GIT_CONFIG_COUNT", "")
    place = int(given) if given.isdecimal() else 0
    return {
        "GIT_CONFIG_COUNT": str(place + 1),
        f"GIT_CONFIG_KEY_{place}": f"http.{server}/.extraheader",
        f"GIT_CONFIG_VALUE_{place}": f"AUTHORIZATION: basic {basic}",
    }
