"""Check the clone: does it have the history, the refs and the remote that the gate needs?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptops.delivery.environments import count_pending, pending_remedy
from promptops.git.process import MINIMUM_VERSION, installed_version
from promptops.git.refs import stale_locks
from promptops.git.settings import is_on, last_value
from promptops.protection.doctor.answer import error, fine, note, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_MAX_NAMED = 5


def look_at_git_version(subject: DoctorSubject) -> Iterator[DoctorAnswer]:  # noqa: ARG001 - git is the machine's
    """Check that git is new enough, for example to merge without a work tree."""
    found = installed_version()
    needed = ".".join(map(str, MINIMUM_VERSION))
    if found is None:
        yield unknown("git does not say which version it is", "git", "git version")
        return
    version = ".".join(map(str, found))
    if found < MINIMUM_VERSION:
        yield error(
            f"git is {version}, and {needed} is the oldest that can judge a merge",
            "git",
            risk="what a merge would produce cannot be computed, so nothing can be judged here",
            remedy=f"install git {needed} or newer",
        )
    else:
        yield fine(f"git is {version}", "git")


def look_at_depth(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that the clone is neither shallow nor partial."""
    if subject.git.is_shallow:
        yield warning(
            "this is a shallow clone: its history is cut off",
            "history",
            risk="the gate finds no merge base and stops with exit code 2; blame, trace and "
            "verify miss what is older",
            remedy="git fetch --unshallow (in CI: fetch-depth: 0, or GIT_DEPTH: 0)",
        )
    promisors = [
        name.removeprefix("remote.").removesuffix(".promisor")
        for name in subject.settings
        if name.startswith("remote.")
        and name.endswith(".promisor")
        and is_on(subject.settings, name)
    ]
    for name in promisors:
        yield note(
            f"this is a partial clone: objects are fetched from {name} when they are needed",
            f"remote.{name}.promisor",
            risk="without the remote, verify and the gate cannot read what was left out",
            remedy="git fetch --refetch --no-filter",
        )
    if not subject.git.is_shallow and not promisors:
        yield fine("the history is complete", "history")


def look_at_remote(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that the remote is the same for fetch and push, and uses an authenticated protocol."""
    if subject.git.is_bare:
        return
    name = subject.repository.config.remote
    if subject.url is None:
        yield from _judge_missing_remote(subject, name)
        return
    place = f"remote.{name}.url"
    push_url = subject.git.run("remote", "get-url", "--push", "--", name).text
    faults = list(_judge_url(subject.url, place))
    if push_url != subject.url:
        if split_address(push_url) != split_address(subject.url):
            faults.append(
                warning(
                    f"{name} is read from {_shown(subject.url)} and written to {_shown(push_url)}",
                    f"remote.{name}.pushurl",
                    risk="a deployment goes where nobody reads it, and what is read was written "
                    "past the rules of the other place",
                    remedy=f"git config --unset-all remote.{name}.pushurl, and look for "
                    "url.*.pushInsteadOf",
                )
            )
        faults += _judge_url(push_url, f"remote.{name}.pushurl")
    yield from faults or [fine(f"{name} is {_shown(subject.url)}", place)]


def _judge_missing_remote(subject: DoctorSubject, name: str) -> Iterator[DoctorAnswer]:
    config = subject.repository.config
    if config.names_remote:
        yield error(
            f"{config.path} names the remote {name}, which this clone does not have",
            f"remote.{name}.url",
            risk="what is live cannot be read here, and nothing can be deployed",
            remedy=f"git remote add {name} URL",
        )
        return
    yield warning(
        f"there is no remote {name}: this repository is the only copy, and its own authority",
        f"remote.{name}.url",
        risk="whoever can write to this folder can move releases and environments, and no server "
        "refuses; a lost disk loses all of it",
        remedy=f"git remote add {name} URL, then push, and protect the branches and tags there",
    )


def _judge_url(url: str, place: str) -> Iterator[DoctorAnswer]:
    parts = urlsplit(url)
    if parts.scheme in {"http", "git"} and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        yield error(
            f"{_shown(url)} is neither encrypted nor authenticated",
            place,
            risk="anybody on the way can hand out other prompts, releases and environments",
            remedy=f"git config {place} with an https:// or ssh address",
        )
    if parts.scheme in {"http", "https"} and parts.password:
        yield warning(
            f"the address of {_shown(url)} carries a password or token",
            place,
            risk="it is shown by git remote -v, in error messages and logs, and is in backups",
            remedy="take it out of the address, and let git's credential helper keep it; "
            "then revoke it",
        )


def _shown(url: str) -> str:
    """Return an address without a password."""
    return re.sub(r"//[^/@]*@", "//", url) if "://" in url else url


def split_address(url: str) -> tuple[str, str]:
    """Split an address into host and path; `git@host:path` and `https://host/path` are equal.

    A local path has no host.
    """
    scp = re.fullmatch(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)", url)
    if scp:
        host, path = scp.groups()
    else:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path
    return host.lower(), path.strip("/").removesuffix(".git")


def look_at_refspecs(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that `git fetch` fetches releases and environments, and does not overwrite local
    ones.
    """
    if subject.url is None:
        return
    name = subject.repository.config.remote
    place = f"remote.{name}.fetch"
    settings = subject.settings
    fetched = [value for value in settings.get(place, ()) if value]
    faults = []
    if not _brings(fetched, f"refs/remotes/{name}/promptops/"):
        faults.append(
            warning(
                f"git fetch does not bring the branches promptops/* to refs/remotes/{name}/",
                place,
                risk="environments look as they were when they were last fetched by name, and an "
                "old version passes for the one that is live",
                remedy=f"git config --add {place} "
                f"'+refs/heads/promptops/*:refs/remotes/{name}/promptops/*'"
                f", and fetch them: git fetch {name}",
            )
        )
    if last_value(settings, f"remote.{name}.tagopt") == "--no-tags":
        faults.append(
            warning(
                "git fetch brings no tags",
                f"remote.{name}.tagOpt",
                risk="releases of others are missing, and a number that is taken seems free",
                remedy=f"git config --unset remote.{name}.tagOpt, and fetch them: git fetch {name}",
            )
        )
    forced = [
        spec for spec in fetched if spec.startswith("+refs/tags/") or spec == "+refs/*:refs/*"
    ]
    faults += [
        warning(
            f"git fetch replaces tags that are here: {spec}",
            place,
            risk="a release that somebody moved replaces the one that was here, and nobody is told",
            remedy=f"git config --unset {place} '{re.escape(spec)}', and fetch tags without the +",
        )
        for spec in forced
    ]
    for switch in ("fetch.prunetags", f"remote.{name}.prunetags"):
        if is_on(settings, switch):
            faults.append(
                warning(
                    f"{switch} is on: git fetch removes tags that the remote does not have",
                    switch,
                    risk="a release that is not pushed yet is gone after the next fetch, and so is "
                    "the only trace of one that was deleted there",
                    remedy=f"git config --unset {switch} (with --global where it is set there)",
                )
            )
    yield from faults or [fine("git fetch brings releases and environments", place)]


def _brings(refspecs: list[str], folder: str) -> bool:
    """Return whether a refspec fetches every ref of a folder of remote-tracking refs."""
    targets = [spec.removeprefix("+").partition(":") for spec in refspecs]
    return any(
        source.endswith("*") and target.endswith("*") and folder.startswith(target[:-1])
        for source, _, target in targets
    )


def look_at_locks(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check for lock files left by a killed git."""
    locks = stale_locks(subject.git)
    for lock in locks[:_MAX_NAMED]:
        yield warning(
            f"there is a lock file: {lock}",
            str(lock),
            risk="until it is gone, git refuses to move what it locks: releases and deployments "
            "fail, and a rollback does, too",
            remedy=f"make sure that no git is running here, then remove {lock}",
        )
    if len(locks) > _MAX_NAMED:
        yield warning(
            f"there are {len(locks) - _MAX_NAMED:,} more lock files",
            str(subject.git.common_dir),
            risk="as above",
            remedy=f"find {subject.git.common_dir} -name '*.lock'",
        )
    if not locks:
        yield fine("no lock files are left over", str(subject.git.common_dir))


def look_at_pending(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check for deployments that exist only in this clone."""
    if subject.url is None:
        return
    repository = subject.repository
    waiting = False
    for environment in repository.config.environment_names:
        count = count_pending(repository, environment)
        if count:
            waiting = True
            what = "deployment" if count == 1 else "deployments"
            were = "was" if count == 1 else "were"
            yield warning(
                f"{count:,} {what} to {environment} {were} never pushed",
                f"promptops/{environment}",
                risk="they are live for nobody, and whoever made them may believe they are",
                remedy=pending_remedy(repository, environment),
            )
    if not waiting:
        yield fine("every deployment of this clone is on the remote", "promptops/*")
