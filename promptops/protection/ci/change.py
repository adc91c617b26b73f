"""Which change a run is about, and how it comes here: as data, into a repository of its own."""

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
# Releases, yanks and statements of approval, and what is live: all that judging looks at.
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


# What may be another letter to who ignores case; no branch's name has the marks in it.
_DISTINCT = re.compile(r"[A-Z]|[^\x00-\x7f]")


def _mark(found: re.Match[str]) -> str:
    return f"^{found[0]}" if found[0].isascii() else f"~{ord(found[0]):x}~"


@dataclass(frozen=True, slots=True)
class CiChange:
    """A change that wants to merge.

    Attributes:
        target: the branch that it is to be merged into, without `refs/heads/`.
        head_ref: the ref on the server that leads to what is proposed.
        head: the commit that is proposed, which the verdict is about.
        number: the pull request; None in a merge queue.
        is_for_default: whether the target is known to be the repository's default branch.
    """

    target: str
    head_ref: str
    head: str
    number: int | None
    is_for_default: bool

    def name_status(self, name: str) -> str:
        """Return the name of the status that tells of this change.

        A status is of a commit, and whoever opens pull requests may propose one commit to a second
        branch with rules that ask for less. So only the default branch has the plain name; another
        one's is put after it. GitHub ignores case in such a name ("Create a commit status",
        `context`) and not in a branch's: each capital has a `^` before it, and each letter beyond
        ASCII is its number.
        """
        return name if self.is_for_default else f"{name} ({_DISTINCT.sub(_mark, self.target)})"


def read_change(environment: Mapping[str, str]) -> CiChange:
    """Return the change that the present run is about.

    Raises:
        UsageError: this run is about no change, or its event cannot be understood.
        IntegrityError: the event is not of the form that GitHub documents.
    """
    event = read_event(environment)
    if event is None or event.forge != "github":
        raise UsageError("this is no run of a GitHub workflow", hint="run `promptops gate` here")
    if event.target is None or event.head is None or not event.is_change:
        raise UsageError(
            f"the event {event.name} is about no change that could merge", hint=_EVENTS
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
    """Turn the end of a workflow that a review started into an event about that pull request.

    A run after another (`workflow_run`) is of the default branch, whatever the change has written,
    and has a token that may speak even where the change comes from a fork. But its event does not
    say which pull request it is about.

    Args:
        environment: the run's environment, whose event is `workflow_run`.
        folder: where to write the event.
        find_pull_request: finds the open pull request by the owner of its branch, the branch, the
            commit, and the branch that it had best be for where there are several.

    Returns:
        The environment with the other event; None when the pull request is closed by now, or has
        moved on, and there is nothing left to judge.

    Raises:
        UsageError: the event cannot be read.
        IntegrityError: it is not of the form that GitHub documents.
        PromptopsError: the forge cannot be asked.
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
    """Fetch what judging needs into a new bare repository, the target branch as its own.

    Nothing is checked out: files of the change never lie on the disk as files. Where it came from
    is its remote: what was approved and then rebased, or squashed by a merge queue, is on none of
    these branches, and judging asks for it by its commit.

    Args:
        change: what to fetch.
        url: where from.
        access: the variables with which Git may ask there, see `give_access`.
        folder: where the repository is made.

    Raises:
        GitError: the server does not give it.
        RemoteError: the change has moved on since the run was started.
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
            f"the commit {change.head} is no longer part of the change, which was pushed over",
            hint="the run for what the change is now judges that",
        )


def give_access(environment: Mapping[str, str], url: str, token: str) -> dict[str, str]:
    """Return the variables that give Git the token for this one server.

    In the environment no list of processes shows it, and no file keeps it. Configuration that the
    environment has already stays in force.
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
