"""Repositories and files as the doctor's checks see them, and the question to one check."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from promptops.forge.codeowners import OwnersState, parse_owners
from promptops.prompt.finding import Severity
from promptops.protection.doctor import LOCAL_CHECKS, AnswerState, Diagnosis, DoctorSubject, examine
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.protection.doctor.answer import DoctorAnswer
    from tests.repositories import Repo

NOW_SECONDS = 1_767_225_600.0
FINE, FINDING, UNKNOWN = AnswerState
ERROR, WARNING, NOTE = Severity
OWNERS = "* @acme/everybody\n"
SIGNED = '[gate]\napprovals = "signed"\n'
SIGNERS = ".promptops/allowed_signers"
GATE = """\
on:
  pull_request_target:
  pull_request_review: {types: [submitted, edited, dismissed]}
  merge_group:
permissions: {contents: read}
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/promptops@0123456789012345678901234567890123456789
"""
DEPLOY = """\
on:
  workflow_dispatch: {inputs: {prompt: {required: true}}}
concurrency: {group: promptops, cancel-in-progress: false}
jobs:
  deploy:
    environment: production
    runs-on: ubuntu-latest
    steps:
      - run: promptops promote "$PROMPT" --to production
"""
JOB = """\
promptops:
  script: [promptops gate]
  rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]
"""


def open_subject(repo: Repo, cache: Path | None = None) -> DoctorSubject:
    """A repository as the doctor sees it."""
    repository = open_repository(repo.path)
    return DoctorSubject(repository, cache=cache or repo.path / "no-cache", now_seconds=NOW_SECONDS)


def look(repo: Repo) -> Diagnosis:
    """Examine a repository with all checks."""
    return examine(open_subject(repo))


def ask(repo: Repo, check: str, cache: Path | None = None) -> list[DoctorAnswer]:
    """Ask one check about a repository."""
    return list(LOCAL_CHECKS[check](open_subject(repo, cache)))


def ask_one(repo: Repo, check: str, cache: Path | None = None) -> DoctorAnswer:
    """Ask a check that has one answer about a repository."""
    (answer,) = ask(repo, check, cache)
    return answer


class FilesSubject(DoctorSubject):
    """Files of a default branch called main, without a repository around them."""

    def __init__(self, files: Mapping[str, str]) -> None:
        clone: Any = SimpleNamespace(git=SimpleNamespace(is_bare=False))
        super().__init__(clone, cache=cast("Path", None), now_seconds=NOW_SECONDS)
        self.files = files
        self.paths = sorted(files)
        self.url = None

    @property
    def where(self) -> str:
        return "main"

    def read(self, path: str) -> bytes | None:
        text = self.files.get(path)
        return None if text is None else text.encode()

    def is_owned(self, path: str) -> bool:
        owners = parse_owners(self.files.get("CODEOWNERS", ""), self.dialect)
        return owners.match(path).state is OwnersState.OWNED


def ask_files(check: str, files: Mapping[str, str]) -> list[DoctorAnswer]:
    """Ask a check that needs nothing but files about those of a default branch."""
    return list(LOCAL_CHECKS[check](FilesSubject(files)))


def merge(repo: Repo, files: dict[str, str]) -> None:
    """Commit files, and push them to the default branch."""
    repo.commit(files)
    repo.git("push", "--quiet", "origin", "main")
