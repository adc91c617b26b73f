"""Check the settings of the remote's forge, if there is a token for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptops.errors import PromptopsError
from promptops.forge.github import API_URL as GITHUB_API
from promptops.forge.github import GitHub
from promptops.forge.gitlab import API_URL as GITLAB_API
from promptops.forge.gitlab import GitLab
from promptops.protection.doctor.answer import unknown
from promptops.protection.doctor.choice import ForgeChoice
from promptops.protection.doctor.clone import split_address
from promptops.protection.doctor.github import GITHUB_CHECKS, ExpectedGate, read_github
from promptops.protection.doctor.gitlab import GITLAB_CHECKS, read_gitlab
from promptops.protection.doctor.workflows import (
    deploy_jobs,
    gate_jobs,
    read_workflows,
    status_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject


_GITHUB_TOKENS = ("PROMPTOPS_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
_GITLAB_TOKENS = ("PROMPTOPS_GITLAB_TOKEN", "GITLAB_TOKEN")
_CHECK = "forge"


def ask_forge(
    subject: DoctorSubject, choice: ForgeChoice, environment: Mapping[str, str]
) -> Iterator[DoctorAnswer]:
    """Yield the answers about the forge's settings, each with its check's id.

    Args:
        subject: the repository.
        choice: the forge to ask.
        environment: the environment variables, with tokens and, in a forge's CI, addresses.
    """
    if choice is ForgeChoice.OFF or subject.git.is_bare:
        return
    found = choice if choice is not ForgeChoice.AUTO else _recognise(subject.url, environment)
    try:
        if found is ForgeChoice.GITHUB:
            yield from _ask_github(subject, environment)
        elif found is ForgeChoice.GITLAB:
            yield from _ask_gitlab(subject, environment)
        elif subject.url is not None and _host(subject.url):
            yield _stamped(
                f"{_host(subject.url)} is not a known forge, so its settings were not checked",
                "run promptops doctor in the bare repository there, name the forge with "
                "--forge, or skip this with --forge off",
            )
    except PromptopsError as error:
        yield _stamped(error.message, error.hint or "")


def _stamped(seen: str, remedy: str) -> DoctorAnswer:
    return replace(unknown(seen, "the forge", remedy), check=_CHECK)


def _host(url: str) -> str:
    return split_address(url)[0]


def _recognise(url: str | None, environment: Mapping[str, str]) -> ForgeChoice | None:
    """Return the forge of a remote, by its host or by the CI's variables."""
    host = _host(url or "")
    if not host:
        return None
    if host == "github.com" or host == _host(environment.get("GITHUB_SERVER_URL", "")):
        return ForgeChoice.GITHUB
    if host == "gitlab.com" or host == environment.get("CI_SERVER_HOST"):
        return ForgeChoice.GITLAB
    words = host.split(".")
    if "github" in words:
        return ForgeChoice.GITHUB
    return ForgeChoice.GITLAB if "gitlab" in words else None


def _ask_github(subject: DoctorSubject, environment: Mapping[str, str]) -> Iterator[DoctorAnswer]:
    repository = environment.get("GITHUB_REPOSITORY") or _path(subject)
    url = _api(subject, environment.get("GITHUB_API_URL"), GITHUB_API, "GITHUB_API_URL")
    token = _token(environment, _GITHUB_TOKENS)
    if token is None:
        yield _stamped(
            f"the protection of {repository} on GitHub was not checked: no token is set",
            "set PROMPTOPS_GITHUB_TOKEN to a fine-grained token that may read metadata, actions "
            "and administration, or skip this with --forge off",
        )
        return
    workflows, _ = read_workflows(subject.paths, subject.read)
    gates = gate_jobs(workflows, subject.read)
    expected = ExpectedGate(
        statuses=frozenset(name for workflow, job in gates for name in status_names(workflow, job)),
        takes_queue=any("merge_group" in workflow.triggers for workflow, _ in gates),
        deploys=bool(deploy_jobs(workflows)),
        numbers=subject.config.gate.versions == "release",
    )
    with GitHub(repository, token=token, url=url) as github:
        settings = read_github(
            github, repository, subject.config.environment_names, deploys=expected.deploys
        )
    for check, look in GITHUB_CHECKS.items():
        for answer in look(settings, expected):
            yield replace(answer, check=check)


def _ask_gitlab(subject: DoctorSubject, environment: Mapping[str, str]) -> Iterator[DoctorAnswer]:
    project = environment.get("CI_PROJECT_ID") or _path(subject)
    url = _api(subject, environment.get("CI_API_V4_URL"), GITLAB_API, "CI_API_V4_URL")
    token = _token(environment, _GITLAB_TOKENS)
    if token is None:
        yield _stamped(
            f"the protection of {project} on GitLab was not checked: no token is set",
            "set PROMPTOPS_GITLAB_TOKEN to a token with the scope read_api, of a maintainer, or "
            "skip this with --forge off",
        )
        return
    with GitLab(project, token=token, url=url) as gitlab:
        settings = read_gitlab(gitlab, project, subject.config.environment_names)
    for check, look in GITLAB_CHECKS.items():
        for answer in look(settings):
            yield replace(answer, check=check)


def _token(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name, "").strip()), None)


def _path(subject: DoctorSubject) -> str:
    return split_address(subject.url or "")[1]


def _api(subject: DoctorSubject, given: str | None, public: str, variable: str) -> str:
    """Return the API's address. A token is never sent to a host only because a remote names it."""
    if given:
        return given
    public_host = (urlsplit(public).hostname or "").removeprefix("api.")
    if _host(subject.url or "") == public_host:
        return public
    raise PromptopsError(
        f"the API address of {_host(subject.url or '') or 'the forge'} is unknown",
        hint=f"set {variable} to its address; tokens are sent only there",
    )
