"""The first level: one person, one tool, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.readiness.facts import ReadinessFacts
from promptops.repository.adoption.scan import ScanFind
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.readiness.pieces import (
    KEY,
    judge_item,
    make_facts,
)

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.parametrize(
    ("path", "text", "item", "said"),
    [
        ("app/settings.py", f'KEY = "{KEY}"\n', "keys", "app/settings.py:1"),
        (
            "app/chat.py",
            "import openai\nopenai.OpenAI().chat.completions.create()\n",
            "errors",
            "app/chat.py:2",
        ),
        ("promptops.toml", '[log]\ncontent = "none"\n', "logging", "keeps no content"),
        ("prompts/broken.md", "---\nversion: [\n---\nHi\n", "files", "broken cannot be read"),
    ],
)
def test_what_is_wrong_is_named(repo: Repo, path: str, text: str, item: str, said: str) -> None:
    repo.write(path, text)

    facts = ReadinessFacts(open_repository(repo.path))
    outcome, evidence = judge_item(facts, item)

    assert outcome == "missing"
    assert said in evidence
    assert KEY not in evidence


def test_keys_are_looked_for_where_they_could_be_committed(repo: Repo) -> None:
    """Links, large files and what git ignores are none of a commit's texts."""
    repo.write(".gitignore", ".env\n")
    repo.write(".env", KEY)
    repo.write("large.bin", KEY + " " * 1_000_000)
    (repo.path / "link").symlink_to(repo.path / ".env")
    facts = ReadinessFacts(open_repository(repo.path))
    assert judge_item(facts, "keys") == (
        "met",
        "none of 2 files contains what looks like a provider's key",
    )


CALL = ScanFind("app/chat.py", 2, "call", "chat", "k1")
TEXT = ScanFind("app/chat.py", 7, "text", "PROMPT", "k2")
A = {"a": prompt_text()}


@pytest.mark.parametrize(
    ("facts", "item", "outcome", "said"),
    [
        (make_facts(code=[TEXT]), "errors", "met", "no code calls a model directly"),
        (make_facts(code=[CALL]), "errors", "missing", "app/chat.py:2"),
        (make_facts(code=[CALL], prompts=A), "files", "met", "1 prompt in files, and none"),
        (
            make_facts(code=[TEXT], prompts=A),
            "files",
            "missing",
            "possible prompts in app/chat.py:7",
        ),
        (make_facts(), "files", "missing", "there is no active prompt"),
        (make_facts(runs={"runs": 2}), "logging", "met", "2 runs of the last 30 days"),
        (make_facts(), "logging", "missing", "no run of the last 30 days"),
        (make_facts(), "five-samples", "missing", "there is no active prompt"),
        (
            make_facts(prompts=A, samples={"a": {"": 5}}),
            "five-samples",
            "met",
            "the only prompt has",
        ),
        (make_facts(prompts=A, samples={"a": {"": 4}}), "five-samples", "missing", "a (4)"),
        (make_facts(), "limitations", "cannot be seen", "there is no active prompt"),
        (make_facts(prompts=A), "limitations", "missing", "no limitations are written down in a"),
        (
            make_facts(prompts={"a": prompt_text(limitations="[Knows no refunds.]")}),
            "limitations",
            "met",
            "says what it cannot do",
        ),
    ],
)
def test_each_item_is_judged_by_its_own_facts(
    facts: ReadinessFacts, item: str, outcome: str, said: str
) -> None:
    found = judge_item(facts, item)
    assert found[0] == outcome
    assert said in found[1]
