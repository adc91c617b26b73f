"""Names that anybody could register, found in what installs promptops."""

from __future__ import annotations

import pytest

from promptops.prompt.finding import Severity
from promptops.protection.doctor.answer import AnswerState
from tests.protection.doctor.pieces import ask_files

HOOKS = "repos:\n- repo: local\n  hooks:\n  - id: promptops-validate\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PINNED = (
    "pip install git-promptops==1.2.0",
    "pip install 'git-promptops[evals]==1.2.0'",
    "python -I -m pip install -q 'git-promptops === 1.2.0'",
    f"pip install 'git-promptops @ git+https://example.com/promptops@{COMMIT}'",
    f"pip install git+https://example.com/promptops@{COMMIT}",
    f"pip install 'git-promptops[evals] @ git+https://example.com/p@{COMMIT}#subdirectory=a'",
    f"pip install 'git-promptops @ https://example.com/a.whl#sha256={'ab' * 32}'",
    "pip install 'git-promptops @ file:///opt/promptops'",
    "pip install git-promptops==1.2.0 # not git-promptops",
)
UNPINNED = (
    "pip install git-promptops",
    "pip install -U Git_Promptops",
    "pip install 'git-promptops[evals]'",
    "pip install git-promptops>=1.0",
    "pip install 'git-promptops~=1.0'",
    "pip install 'git-promptops==*'",
    "uv pip install requests git-promptops",
    "pip install 'git-promptops @ git+https://example.com/promptops'",
    "pip install 'git-promptops @ git+https://example.com/promptops@main'",
    "pip install 'git-promptops @ git+https://example.com/promptops@v1.0.0'",
    "pip install git+https://example.com/promptops.git",
    f"pip install git+https://example.com/promptops@{COMMIT[:12]}",
    "pip install 'git-promptops @ https://example.com/a.whl'",
    'pip install "git-promptops',
)
ACTIONS = {
    f"uses: acme/promptops@{COMMIT}": True,
    f"uses: 'acme/git-promptops@{COMMIT}' # v1": True,
    "uses: acme/promptops@v1": False,
    "uses: acme/promptops@main": False,
    f"uses: acme/promptops@{COMMIT[:20]}": False,
}


def workflow(step: str) -> dict[str, str]:
    text = f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {step}\n"
    return {".github/workflows/a.yml": text}


def severities(files: dict[str, str]) -> set[Severity | None]:
    return {answer.severity for answer in ask_files("installation", files)}


@pytest.mark.parametrize("command", PINNED)
def test_what_is_pinned_is_fine(command: str) -> None:
    assert severities(workflow(f"run: {command}")) == {None}


@pytest.mark.parametrize("command", UNPINNED)
def test_what_is_not_pinned_is_an_error(command: str) -> None:
    assert severities(workflow(f"run: {command}")) == {Severity.ERROR}


@pytest.mark.parametrize("step", ACTIONS)
def test_an_action_is_pinned_by_its_commit(step: str) -> None:
    wanted = None if ACTIONS[step] else Severity.ERROR
    assert severities(workflow(step)) == {wanted}


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        (".gitlab-ci.yml", "a:\n  script:\n    - pip install git-promptops\n", Severity.ERROR),
        (".gitlab-ci.yml", "a:\n  variables: {P: git-promptops==1.0}\n", None),
        (
            ".pre-commit-config.yaml",
            f"{HOOKS}    additional_dependencies: [git-promptops]\n",
            Severity.ERROR,
        ),
        (
            ".pre-commit-config.yaml",
            f"{HOOKS}    additional_dependencies: ['git-promptops[evals]==1.0', other]\n",
            None,
        ),
    ],
)
def test_other_files_are_read_too(path: str, text: str, wanted: Severity | None) -> None:
    assert severities({path: text}) == {wanted}


def test_what_installs_nothing_is_not_mentioned() -> None:
    assert severities(workflow("run: promptops gate # pip install git-promptops")) == set()
    assert severities({"README.md": "pip install git-promptops"}) == set()


def test_bytes_of_any_kind_do_no_harm() -> None:
    files = {".gitlab-ci.yml": "\0promptops '\" [[[ git-promptops"}
    assert {answer.state for answer in ask_files("installation", files)} == {AnswerState.FINDING}
