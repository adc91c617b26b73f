"""Scenarios as a model writes them, and a prompt that they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.evals.scenarios.collection import (
    ScenarioCollection,
)
from promptops.repository.repository import find_prompt, open_repository
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


WORDS = ("apple", "river", "stone", "cloud", "tiger", "piano", "bread", "lemon", "chair", "candle")


def make_scenario(name: str, question: object, category: str = "ordinary") -> dict[str, Any]:
    criteria = [f"It answers {name}."]
    return {
        "name": name,
        "category": category,
        "inputs": {"question": question},
        "criteria": criteria,
    }


def collect(repo: Repo, limit: int = 5, inputs: str = "{question: string}") -> ScenarioCollection:
    repo.write("prompts/support/triage.md", prompt_text(inputs=inputs))
    prompt = find_prompt(open_repository(repo.path).working, "support/triage", where="here")
    return ScenarioCollection(prompt, limit)
