"""A request to validate: which files, which prompts, and which findings are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.checks.report.choice import parse_choice
from promptops.checks.request import Checking, CheckRequest
from promptops.errors import UsageError
from promptops.repository.repository import open_repository
from tests.checks.pieces import UNUSED, found
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo

ALL = parse_choice([], [])


def check(repo: Repo, *, stdin: str = "", choice: Any = ALL, **request: Any) -> Checking:
    return Checking(
        open_repository(repo.path),
        repo.path,
        CheckRequest(choice, **request),
        read_stdin=stdin.encode,
        list_live=dict,
    )


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"targets": ["-"]}, "standard input needs a file name"),
        ({"targets": ["-", "a"], "stdin_filename": "prompts/a.md"}, "cannot be combined"),
        ({"stdin_filename": "README.md"}, "not below prompts/"),
    ],
)
def test_standard_input_needs_a_place_of_its_own(
    repo: Repo, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check(repo, **request_)


@pytest.mark.parametrize("path", ["prompts/a.md", "prompts/_p.md"])
def test_a_text_on_standard_input_is_judged_in_place_of_the_file_and_alone(
    repo: Repo, path: str
) -> None:
    for name in ("a", "b"):
        repo.write(f"prompts/{name}.md", UNUSED)
    repo.write("prompts/_p.md", "x")
    checking = check(repo, stdin="{% if %}", targets=["-"], stdin_filename=path)
    findings = checking.validate().findings
    assert findings
    assert {one.path for one in findings} == {path}
    assert (repo.path / path).read_text() != "{% if %}"


def test_only_chosen_findings_are_kept(repo: Repo) -> None:
    repo.write("prompts/a.md", prompt_text(body="TODO: greet"))
    repo.write("prompts/team/b.md", prompt_text(body="TODO: greet"))
    choice = parse_choice(["unused-input"], ["prompts/team"])
    assert found(check(repo, choice=choice).validate()) == [
        "prompts/a.md:6:10 warning unused-input"
    ]


def test_nothing_to_validate_is_refused_unless_it_is_a_commit(repo: Repo) -> None:
    with pytest.raises(UsageError, match="nothing was checked"):
        check(repo).validate()
    assert check(repo, is_staged=True).validate().findings == ()


@pytest.mark.slow
def test_what_a_commit_does_not_change_is_counted_and_not_shown(repo: Repo) -> None:
    repo.write("prompts/a.md", UNUSED)
    repo.write("prompts/_p.md", "{{ question }}")
    repo.commit()
    # The partial is no longer unused; what `a` had before, it still has.
    repo.write("prompts/b.md", prompt_text(body='TODO: {% include "_p.md" %}'))
    repo.write("prompts/_gone.md", "x")
    repo.git("add", ".")
    result = check(repo, is_staged=True).validate()
    assert found(result) == [
        "prompts/_gone.md warning unused-partial",
        "prompts/b.md:8:1 warning leftover-text",
    ]
    assert result.elsewhere == 1


@pytest.mark.parametrize(
    ("request_", "is_stored"),
    [({}, True), ({"has_store": False}, False), ({"revision": "HEAD"}, False)],
)
def test_results_are_stored_for_the_work_tree_alone(
    repo: Repo, request_: dict[str, Any], is_stored: bool
) -> None:
    repo.write("prompts/a.md", UNUSED)
    repo.commit()
    check(repo, **request_).validate()
    assert (repo.path / ".git" / "promptops" / "validate").exists() is is_stored
