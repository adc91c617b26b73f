"""Models that their provider does not have.

Off unless `promptops.toml` turns it on: the table is LiteLLM's as of this release of promptops and
lacks newer models.

## Finds

A `model`, a fallback or a model of a route, escalation or review, of a provider with a closed list
of models (such as OpenAI, Anthropic, Gemini, Mistral), that is not on this list.

## Why

Every call fails. With a fallback, the call fails when the fallback is needed.

## Example

    model: openai/gpt-4o-mni

## Instead

    model: openai/gpt-4o-mini
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.models import find_model, known_names
from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import model_places
from promptops.errors import quote
from promptops.prompt.finding import Severity
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Problem

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.METADATA, Severity.WARNING, is_on=False)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such model where it is written."""
    for place, model in model_places(subject.closure.document.data):
        known = known_names(model)
        if known and find_model(model) is None:
            near = nearest(model, known)
            hint = f"did you mean '{near}'?" if near else "look up the name at the provider"
            yield subject.problem(f"there is no model {quote(model)}", place, hint)
