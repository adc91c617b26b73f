"""A new prompt and its suite, or a copy of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from promptops.checks.engine import validate
from promptops.errors import PromptNotFoundError, RefusedError, UsageError
from promptops.repository.new_prompt import (
    UNKNOWN_AUTHOR,
    find_author,
    quote_scalar,
    refuse_taken,
    write_prompt,
)
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.repository.steps import ScaffoldStep
    from tests.repositories import Repo


def write(repo: Repo, name: str, source: str | None = None) -> list[ScaffoldStep]:
    return write_prompt(open_repository(repo.path), name, source=source)


@pytest.mark.parametrize("name", ["summarize", "support/triage"])
def test_what_is_written_has_no_finding(repo: Repo, name: str) -> None:
    repo.write("promptops.toml", "prompts = 'p'\nevals = 'e'\n")
    assert [step.path for step in write(repo, name)] == [f"p/{name}.md", f"e/{name}.yaml"]
    repository = open_repository(repo.path)
    assert validate(repository.working, repository.config).findings == ()
    suite = yaml.safe_load((repo.path / f"e/{name}.yaml").read_text())
    assert (suite["prompt"], list(suite["samples"][0]["inputs"])) == (name, ["text"])


def test_two_new_prompts_differ(repo: Repo) -> None:
    """Equal texts are a finding."""
    write(repo, "a")
    write(repo, "b")
    one, other = ((repo.path / f"prompts/{name}.md").read_text() for name in "ab")
    assert one.partition("{% system %}")[2] != other.partition("{% system %}")[2]


def test_a_dry_run_writes_nothing(repo: Repo) -> None:
    write_prompt(open_repository(repo.path), "a", dry_run=True)
    assert not (repo.path / "prompts").exists()


@pytest.mark.parametrize(
    ("name", "error"),
    [("a", RefusedError), ("x/b", RefusedError), ("A", UsageError), ("../a", UsageError)],
)
def test_a_name_is_valid_and_free(repo: Repo, name: str, error: type[Exception]) -> None:
    repo.write("prompts/a.md", prompt_text())
    repo.write("prompts/x/B.md", prompt_text())
    with pytest.raises(error):
        refuse_taken(open_repository(repo.path), name)
    refuse_taken(open_repository(repo.path), "free")


def test_a_copy_has_the_inputs_of_its_source_and_its_own_version(repo: Repo) -> None:
    text = prompt_text("3.2.1 # mine", inputs="{a: string, b: string}", body="{{ a }} {{ b }}")
    repo.write("prompts/a.md", f"\ufeff{text}")
    write(repo, "b", source="a")
    assert (repo.path / "prompts/b.md").read_text() == text.replace("3.2.1 ", "0.1.0 ")
    suite = yaml.safe_load((repo.path / "evals/b.yaml").read_text())
    assert list(suite["samples"][0]["inputs"]) == ["a", "b"]


def test_what_cannot_be_copied_is_refused(repo: Repo) -> None:
    repo.write("prompts/a.md", prompt_text(">-\n  1.0.0"))
    with pytest.raises(RefusedError, match=r"version of a\.md is not on one line"):
        write(repo, "b", source="a")
    with pytest.raises(PromptNotFoundError):
        write(repo, "b", source="none")
    assert not (repo.path / "prompts/b.md").exists()


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_the_author_is_who_git_says(repo: Repo, object_format: str) -> None:
    repo = type(repo).init(repo.path.parent / object_format, object_format=object_format)
    assert find_author(open_repository(repo.path)) == UNKNOWN_AUTHOR
    repo.config("user.email", "ann@example.com")
    assert find_author(open_repository(repo.path)) == "ann@example.com"


@pytest.mark.parametrize(
    "text",
    ["jane@example.com", "openai/gpt-4o", "Say it.", "a: b", "# x", "no", "1.10", "1e3", "", "ü"],
)
def test_a_scalar_is_read_as_the_same_text(text: str) -> None:
    assert yaml.safe_load(f"key: {quote_scalar(text)} # note") == {"key": text}


@pytest.mark.parametrize("text", ["jane@example.com", "openai/gpt-4o-mini", "Jane Doe"])
def test_a_plain_scalar_has_no_quotes(text: str) -> None:
    assert quote_scalar(text) == text
