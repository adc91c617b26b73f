"""Read which change a CI run is about, from environment and event file.

GitHub Actions (docs.github.com/actions/reference/events-that-trigger-workflows) and GitLab CI
(docs.gitlab.com/ci/variables/predefined_variables/). Compatible systems, such as the Actions of
Gitea and Forgejo, are not accepted: approvals mean something else there.

A change may be able to manipulate what its own CI run reads. So an event only says where to look,
never who approved. Approvals from the forge count only for the approved content.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from promptops.errors import UsageError, quote
from promptops.files import read_file
from promptops.forge.record import ForgeRecord, to_record

if TYPE_CHECKING:
    from collections.abc import Mapping

# GitHub's events have at most 25 MiB.
_MAX_BYTES = 32 * 1024 * 1024
_PULL_REQUESTS = frozenset({"pull_request", "pull_request_review", "pull_request_target"})
_IMITATIONS = ("GITEA_ACTIONS", "FORGEJO_ACTIONS")
_ZEROS = re.compile(r"0{40}|0{64}")
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class ForgeEvent:
    """The event that started a CI run.

    Attributes:
        forge: the forge whose CI runs.
        name: GitHub's event name; on GitLab `merge_request` for such a pipeline, else
            `CI_PIPELINE_SOURCE`.
        repository: `owner/name` on GitHub, the project's number on GitLab.
        url: the address of the forge's API.
        number: the number of the pull or merge request; None if there is none.
        queue: the branch of the merge queue's entry, for `merge_group`: that event names no pull
            request, but its branch does (`GitHub.queued`).
        target: the target branch, without `refs/heads/`; None if there is none.
        base: the target's tip when the run was started, if the event has it. A merge group's
            `base_sha` is not used: it is the previous entry, which is not merged yet.
        head: the proposed, pushed or queued commit.
        author: `@login` of the author, if the event has it.
        default_branch: the repository's default branch, if the event has it.
    """

    forge: Literal["github", "gitlab"]
    name: str
    repository: str
    url: str
    number: int | None = None
    queue: str | None = None
    target: str | None = None
    base: str | None = None
    head: str | None = None
    author: str | None = None
    default_branch: str | None = None

    @property
    def is_change(self) -> bool:
        """Whether the event is about a change that can have approvals."""
        return self.number is not None or self.queue is not None


def read_event(environment: Mapping[str, str]) -> ForgeEvent | None:
    """Read the event of the current CI run.

    Args:
        environment: the process's environment.

    Returns:
        The event; None outside of GitHub's and GitLab's CI.

    Raises:
        UsageError: the environment or the event file is incomplete or malformed.
        IntegrityError: the event is not as GitHub documents it.
    """
    if any(environment.get(name) == "true" for name in _IMITATIONS):
        return None
    if environment.get("GITHUB_ACTIONS") == "true":
        return _read_github(environment)
    if environment.get("GITLAB_CI") == "true":
        return _read_gitlab(environment)
    return None


def _read_github(environment: Mapping[str, str]) -> ForgeEvent:
    name = _need(environment, "GITHUB_EVENT_NAME")
    event = _load(_need(environment, "GITHUB_EVENT_PATH"))
    found = ForgeEvent(
        forge="github",
        name=name,
        repository=_need(environment, "GITHUB_REPOSITORY"),
        url=_need(environment, "GITHUB_API_URL"),
        default_branch=_branch(event.record("repository"), "default_branch")
        if event.has("repository")
        else None,
    )
    if name in _PULL_REQUESTS:
        return _of_pull_request(found, event.record("pull_request"))
    if name == "merge_group":
        return _of_merge_group(found, event.record("merge_group"))
    if name == "push":
        return _of_push(found, event)
    return replace(found, head=_object_id(environment, "GITHUB_SHA"))


def _of_pull_request(found: ForgeEvent, pull: ForgeRecord) -> ForgeEvent:
    base, user = pull.record("base"), pull.record_or_none("user")
    number = pull.number("number")
    if number < 1:
        raise pull.refuse(f"'number' cannot be {number}")
    return replace(
        found,
        number=number,
        target=_branch(base, "ref"),
        base=base.object_id("sha"),
        head=pull.record("head").object_id("sha"),
        author=None if user is None else f"@{user.word('login')}",
    )


def _of_merge_group(found: ForgeEvent, group: ForgeRecord) -> ForgeEvent:
    return replace(
        found,
        queue=_branch(group, "head_ref"),
        target=_branch(group, "base_ref"),
        head=group.object_id("head_sha"),
    )


def _of_push(found: ForgeEvent, event: ForgeRecord) -> ForgeEvent:
    before, after = event.object_id("before"), event.object_id("after")
    return replace(
        found,
        target=_branch(event, "ref") if event.text("ref").startswith(_HEADS) else None,
        base=None if _ZEROS.fullmatch(before) else before,
        head=None if _ZEROS.fullmatch(after) else after,
    )


def _read_gitlab(environment: Mapping[str, str]) -> ForgeEvent:
    source = environment.get("CI_PIPELINE_SOURCE", "")
    iid = environment.get("CI_MERGE_REQUEST_IID", "")
    found = ForgeEvent(
        forge="gitlab",
        name="merge_request" if iid else source or "pipeline",
        # A fork's pipeline runs in the fork; the merge request and its approvals are not there.
        repository=_need(environment, "CI_MERGE_REQUEST_PROJECT_ID" if iid else "CI_PROJECT_ID"),
        url=_need(environment, "CI_API_V4_URL"),
    )
    if not iid:
        return replace(found, head=_object_id(environment, "CI_COMMIT_SHA"))
    if not re.fullmatch(r"[1-9][0-9]{0,14}", iid):
        raise _odd("CI_MERGE_REQUEST_IID", iid)
    target = ForgeRecord(environment, "the environment")
    # In a merged results pipeline the commit is the forge's own merge. These two are its parents;
    # elsewhere they are empty.
    base = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "")
    head = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "")
    return replace(
        found,
        number=int(iid),
        target=_branch(target, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        base=_object_id(environment, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA") if base else None,
        head=_object_id(
            environment, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA" if head else "CI_COMMIT_SHA"
        ),
    )


def _load(path: str) -> ForgeRecord:
    where = f"the event file {quote(path)}"
    hint = "unset GITHUB_EVENT_PATH if it was set by hand: the forge's CI writes this file"
    try:
        data = read_file(path, limit=_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise UsageError(f"{where} is too large for an event", hint=hint)
        event = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{where} cannot be read: {error}", hint=hint) from error
    return to_record(event, where)


def _need(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value or not value.isprintable():
        raise _odd(name, value)
    return value


def _object_id(environment: Mapping[str, str], name: str) -> str:
    return ForgeRecord(environment, "the environment").object_id(name)


def _branch(found: ForgeRecord, name: str) -> str:
    """Return a branch's name, after checking that Git cannot take it for an option or another
    ref.
    """
    branch = found.word(name).removeprefix(_HEADS)
    if branch.startswith(("-", "/", "refs/")) or ".." in branch or not branch:
        raise found.refuse(f"'{name}' cannot be {quote(branch)}")
    return branch


def _odd(name: str, value: str) -> UsageError:
    return UsageError(
        f"{name} is {quote(value)}" if value else f"{name} is not set",
        hint="the forge's CI sets it; outside of it, choose where approvals come from:"
        " promptops gate --approvals",
    )
