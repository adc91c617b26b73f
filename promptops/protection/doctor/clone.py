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
        yield unknown("the version of git is unknown", "git", "git version")
        return
    version = ".".join(map(str, found))
    if found < MINIMUM_VERSION:
        yield error(
            f"git is {version}, and promptops needs {needed}",
            "git",
            risk="the result of a merge cannot be computed, so nothing can be checked here",
            remedy=f"install git {needed} or newer",
        )
    else:
        yield fine(f"git is {version}", "git")


def look_at_depth(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that the clone is neither shallow nor partial."""
    if subject.git.is_shallow:
        yield warning(
            "this is a shallow clone: its history is incomplete",
            "history",
            risk="the gate finds no merge base and stops with exit code 2; blame, trace and "
            "verify lack older commits",
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
            f"this is a partial clone: objects are fetched from {name} on demand",
            f"remote.{name}.promisor",
            risk="without the remote, verify and the gate cannot read missing objects",
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
                    f"{name} is fetched from {_shown(subject.url)} and pushed to "
                    f"{_shown(push_url)}",
                    f"remote.{name}.pushurl",
                    risk="deployments are pushed to a place that no reader uses, and the rules "
                    "there do not protect what is read",
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
            risk="environments cannot be read here, and nothing can be deployed",
            remedy=f"git remote add {name} URL",
        )
        return
    yield warning(
        f"there is no remote {name}: this repository is the only copy",
        f"remote.{name}.url",
        risk="anyone who can write to this folder can move releases and environments, and a "
        "lost disk loses all of it",
        remedy=f"git remote add {name} URL, then push, and protect the branches and tags there",
    )


def _judge_url(url: str, place: str) -> Iterator[DoctorAnswer]:
    parts = urlsplit(url)
    if parts.scheme in {"http", "git"} and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        yield error(
            f"{_shown(url)} is neither encrypted nor authenticated",
            place,
            risk="anyone on the network path can serve other prompts, releases and environments",
            remedy=f"git config {place} with an https:// or ssh address",
        )
    if parts.scheme in {"http", "https"} and parts.password:
        yield warning(
            f"the address of {_shown(url)} contains a password or token",
            place,
            risk="git remote -v, error messages, logs and backups show it",
            remedy="remove it from the address, store it with git's credential helper, and "
            "revoke it",
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
    if not _fetches(fetched, f"refs/remotes/{name}/promptops/"):
        faults.append(
            warning(
                f"git fetch does not fetch promptops/* to refs/remotes/{name}/",
                place,
                risk="environments are as old as their last fetch by name, so an old version is "
                "shown as live",
                remedy=f"git config --add {place} "
                f"'+refs/heads/promptops/*:refs/remotes/{name}/promptops/*'"
                f", and fetch them: git fetch {name}",
            )
        )
    if last_value(settings, f"remote.{name}.tagopt") == "--no-tags":
        faults.append(
            warning(
                "git fetch does not fetch tags",
                f"remote.{name}.tagOpt",
                risk="releases of others are missing, and their version numbers seem free",
                remedy=f"git config --unset remote.{name}.tagOpt, and fetch them: git fetch {name}",
            )
        )
    forced = [
        spec for spec in fetched if spec.startswith("+refs/tags/") or spec == "+refs/*:refs/*"
    ]
    faults += [
        warning(
            f"git fetch overwrites local tags: {spec}",
            place,
            risk="a moved release overwrites the local one without notice",
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
                    risk="the next fetch deletes releases that are not pushed, and traces of "
                    "releases that were deleted on the remote",
                    remedy=f"git config --unset {switch} (with --global where it is set there)",
                )
            )
    yield from faults or [fine("git fetch fetches releases and environments", place)]


def _fetches(refspecs: list[str], folder: str) -> bool:
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
            risk="git refuses to move what it locks, so releases, deployments and rollbacks fail",
            remedy=f"make sure that no git process is running here, then remove {lock}",
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
                risk="they are not live, although they were made",
                remedy=pending_remedy(repository, environment),
            )
    if not waiting:
        yield fine("every deployment of this clone is on the remote", "promptops/*")
