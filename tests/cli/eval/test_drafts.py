"""Where drafts of samples go, and that nothing is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from promptops.cli.eval.drafts import (
    choose_draft_file,
    find_draft_prompt,
    say_drafted,
    write_draft_file,
)
from promptops.cli.session import Session, start_session
from promptops.errors import NotFoundError, UsageError
from promptops.evals.scenarios.drafting import draft_samples
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt
    from tests.repositories import Repo


@pytest.fixture
def triage(repo: Repo) -> Prompt:
    repo.write("prompts/support/triage.md", prompt_text())
    start_session(Session(str(repo.path)))
    return find_draft_prompt("support/triage")


def test_a_prompt_of_the_work_tree_is_meant(triage: Prompt) -> None:
    assert triage.name == "support/triage"
    with pytest.raises(NotFoundError, match="there is no prompt support/traige in the work tree"):
        find_draft_prompt("support/traige")


def test_drafts_of_each_origin_have_a_file_of_their_own(repo: Repo, triage: Prompt) -> None:
    repo.write("promptops.toml", 'evals = "ai/evals"\n')
    start_session(Session(str(repo.path)))
    found = [choose_draft_file(triage, ending, None) for ending in (".yaml", ".runs.yaml")]
    folder = repo.path / "ai/evals/_drafts/support"
    assert found == [folder / "triage.yaml", folder / "triage.runs.yaml"]


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_that_is_there_is_kept_even_a_broken_link(
    repo: Repo, triage: Prompt, *, is_link: bool
) -> None:
    file = repo.path / "mine.yaml"
    file.symlink_to("nowhere") if is_link else file.write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.yaml already exists"):
        write_draft_file(triage, draft_samples(triage, 3), "x", ".yaml", Path("mine.yaml"))
    assert file.is_symlink() is is_link


def test_a_draft_says_where_it_comes_from(repo: Repo, triage: Prompt) -> None:
    samples = draft_samples(triage, 3)
    file = write_draft_file(triage, samples, "from a dream", ".yaml", None)
    text = file.read_text("utf-8")
    assert file == repo.path / "evals/_drafts/support/triage.yaml"
    assert "from a dream" in text.partition("schema:")[0]
    assert len(yaml.safe_load(text)["samples"]) == len(samples)


@pytest.mark.parametrize(
    ("number", "told"), [(1, "1 sample drafted"), (1_234, "1,234 samples drafted")]
)
def test_the_number_and_the_file_are_told(
    repo: Repo, triage: Prompt, capsys: pytest.CaptureFixture[str], number: int, told: str
) -> None:
    say_drafted(number, repo.path / "evals/a.yaml")
    assert capsys.readouterr().err == f"{told} in evals/a.yaml; review them before they count\n"
