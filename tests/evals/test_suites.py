"""Suites in a work tree: found by prompt or file, loaded with what they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import NotFoundError, UsageError
from promptops.evals.suites import Suites, list_functions
from promptops.prompt.suite.suite import Check, Sample, Turn
from promptops.repository.repository import open_repository
from tests.evals.pieces import make_prompt
from tests.prompts import prompt_text, suite_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.repositories import Repo


def python(function: object) -> Check:
    return Check("python", function)


def test_functions_are_listed_wherever_their_checks_are() -> None:
    nested = Check("any", (), parts=(Check("not", (), parts=(python("d.py:one"),)),))
    turn = Turn("And?", (python({"function": "b.py:two"}),))
    samples = [
        Sample("a", {}, (Check("contains", "c.py:no"), nested), turns=(turn,)),
        Sample("b", {}, (python("a.py:three"),)),
    ]
    assert list_functions(samples) == {"a.py", "b.py", "d.py"}


@pytest.fixture
def project(repo: Repo) -> Repo:
    """Two prompts with suites, one of which has two, and one without."""
    for name in ("ask", "sum", "bare"):
        repo.write(f"prompts/{name}.md", prompt_text())
    repo.write("evals/ask.yaml", suite_text("ask"))
    repo.write("evals/more/ask.yaml", suite_text("ask", expect="rubric: It is kind."))
    repo.write("evals/sum.yaml", suite_text("sum", expect="sql: true"))
    repo.write("evals/_drafts/sum.yaml", suite_text("sum"))
    return repo


def find(project: Repo, *names: str) -> list[str]:
    return [one.path for one in Suites(open_repository(project.path)).find(names)]


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        ([], ["evals/ask.yaml", "evals/more/ask.yaml", "evals/sum.yaml"]),
        (["sum", "ask"], ["evals/sum.yaml", "evals/ask.yaml", "evals/more/ask.yaml"]),
        (["evals/more/ask.yaml", "ask"], ["evals/more/ask.yaml", "evals/ask.yaml"]),
        (["sum", "sum"], ["evals/sum.yaml"]),
    ],
)
def test_suites_are_found_once_by_prompt_or_file(
    project: Repo, names: Sequence[str], paths: list[str]
) -> None:
    assert find(project, *names) == paths


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("bare", "the prompt bare has no eval suite"),
        ("aks", "there is no prompt aks in the work tree"),
        ("evals/none.yaml", "suite not found: 'evals/none.yaml'"),
    ],
)
def test_a_suite_that_is_not_there_is_named(project: Repo, name: str, fault: str) -> None:
    with pytest.raises(NotFoundError, match=fault):
        find(project, "ask", name)
    with pytest.raises(UsageError):
        find(project, "No Name!")


def test_without_suites_it_says_how_to_begin(repo: Repo) -> None:
    repo.write("prompts/ask.md", prompt_text())
    with pytest.raises(NotFoundError, match="there are no eval suites below evals/") as raised:
        find(repo)
    assert "promptops new NAME" in (raised.value.hint or "")


def test_a_suite_says_beforehand_what_it_may_need(project: Repo) -> None:
    found = Suites(open_repository(project.path)).find(())
    assert [(one.uses_judge, one.uses_more) for one in found] == [
        *((False, False), (True, False), (False, True))
    ]


def test_a_suite_without_expectations_is_refused(project: Repo) -> None:
    project.write(
        "evals/ask.yaml",
        "schema: promptops.suite/v1\nprompt: ask\nsamples:\n- {name: idle, inputs: {question: a}}\n",
    )
    suites = Suites(open_repository(project.path))
    with pytest.raises(UsageError, match="the sample 'idle' expects nothing"):
        suites.load(suites.find(["ask"])[0], make_prompt())


ROWS = """schema: promptops.suite/v1
prompt: sum
samples:
- {name: rows, from: data.csv, expect: [{python: 'functions/f.py:polite'}]}
"""


def test_the_digest_of_a_suite_is_that_of_its_files(project: Repo) -> None:
    def load() -> str:
        suites = Suites(open_repository(project.path))
        return suites.load(suites.find(["sum"])[0], make_prompt())[1]

    project.write("evals/sum.yaml", ROWS)
    project.write("evals/data.csv", "question\nWhy?\n")
    before = load()
    project.write("evals/other.csv", "question\nWhy?\n")
    assert load() == before
    project.write("evals/data.csv", "question\nHow?\n")
    assert load() != before


def test_a_suite_lists_its_files_and_functions(project: Repo) -> None:
    project.write("evals/sum.yaml", ROWS)
    project.write("evals/data.csv", "question\nWhy?\n")
    suites = Suites(open_repository(project.path))
    files = suites.list_files(suites.find(["sum"])[0])
    assert files == ["evals/sum.yaml", "evals/data.csv", "functions/f.py"]
