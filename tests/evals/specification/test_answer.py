"""A model's answer as files: a prompt that validates, and the samples that fit it."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.evals.specification.answer import PromptHeading, take_samples, write_prompt_file
from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import Prompt, load_prompt
from tests.evals.pieces import make_prompt

HEADING = PromptHeading("jane@example.com", "openai/gpt-4o", "by openai/gpt-4o")


def write(**changes: Any) -> tuple[str, Prompt]:
    """Return the file of an answer, and the prompt that it is."""
    answer = {
        "description": "Sort  a\nticket.",
        "inputs": {"ticket": {"type": "string"}},
        "system": " Sort it.\n",
        "user": "{{ ticket }}",
        **changes,
    }
    text = write_prompt_file(answer, HEADING)
    closure = load_closure("sort", {"sort.md": text.encode()})
    assert closure is not None
    return text, load_prompt(closure)


def test_a_draft_is_a_valid_prompt_that_says_who_wrote_it() -> None:
    text, prompt = write()
    assert "# Drafted by openai/gpt-4o.\n" in text
    assert "status: draft\n" in text
    assert (prompt.description, prompt.author) == ("Sort a ticket.", "jane@example.com")
    assert [one["content"] for one in prompt.render({"ticket": "Late."})] == ["Sort it.", "Late."]


def test_free_text_is_bounded_and_nobodys_to_trust() -> None:
    inputs = {
        "ticket": {"type": "string"},
        "short": {"type": "string", "maxLength": 5, "untrusted": False},
        "mode": {"type": "string", "enum": ["a"]},
        "count": {"type": "integer"},
    }
    _, prompt = write(inputs=inputs, user="{{ ticket }}{{ short }}{{ mode }}{{ count }}")
    assert prompt.inputs["ticket"] == {"type": "string", "maxLength": 20_000, "untrusted": True}
    assert {name: prompt.inputs[name] for name in ("short", "mode", "count")} == {
        name: inputs[name] for name in ("short", "mode", "count")
    }


def test_text_that_looks_like_yaml_stays_text() -> None:
    said = 'status: "live" # really: {yes}'
    assert write(description=said)[1].description == said


def test_an_output_schema_is_kept_if_there_is_one() -> None:
    assert write(output={"type": "object"})[1].output == {"type": "object"}
    assert write(output=None)[1].output is None


PROMPT = make_prompt(inputs="{question: {type: string, maxLength: 10}}")
GOOD = {"name": " why  so ", "inputs": {"question": "Why?"}, "criteria": ["It  answers.", "a"]}


def test_a_sample_has_the_checks_of_any_answer_and_its_criteria() -> None:
    (sample,), faults = take_samples(PROMPT, {"samples": [GOOD]})
    assert faults == []
    assert (sample.name, sample.inputs) == ("why so", {"question": "Why?"})
    assert sample.expect == [{"length": {"min": 1}}, {"rubric": ["It answers.", "a"]}]


@pytest.mark.parametrize(
    ("sample", "fault"),
    [
        ("text", "sample number 2: the sample: "),
        ({**GOOD, "name": " "}, "sample ' ': name: "),
        ({**GOOD, "name": "b", "criteria": []}, "sample 'b': criteria: "),
        ({**GOOD, "name": "b", "inputs": {"question": "x" * 11}}, "sample 'b': "),
        ({**GOOD, "name": "b", "inputs": {"more": 1}}, "sample 'b': "),
        (GOOD, "sample ' why  so ': its name is taken"),
    ],
)
def test_a_sample_that_does_not_fit_is_named_and_left_out(sample: object, fault: str) -> None:
    samples, faults = take_samples(PROMPT, {"samples": [GOOD, sample]})
    assert len(samples) == 1
    (said,) = faults
    assert said.startswith(fault)
    assert len(said) <= 200
