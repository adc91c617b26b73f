"""The form of a prompt: its fields, what is entered, and what comes of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from promptops.errors import PausedError
from promptops.repository.repository import open_repository
from promptops.site.preview.trying import FormMessage, TryPage, open_form, render_form, run_form
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo

INPUTS = """
  question: {type: string, description: What is asked.}
  count: {type: integer, default: 2}
  loud: {type: boolean, default: false}
  size: {enum: [small, 3]}
  extra: {type: [string, integer], default: ""}
  list: {type: array, default: []}
"""
BODY = "{{ question }} {{ count }} {{ loud }} {{ size }} {{ list }}"


def fill(repo: Repo, **fields: str) -> TryPage:
    """The form with these fields; `version` is the version."""
    repo.write("prompts/a.md", prompt_text(body=BODY, inputs=INPUTS))
    given = {name if name == "version" else f"in.{name}": one for name, one in fields.items()}
    return open_form(open_repository(repo.path), "a", given)


def test_each_input_has_a_field_of_its_kind(repo: Repo) -> None:
    page = fill(repo)
    assert (page.selector, page.selectors) == ("working", ("working",))
    assert [
        (one.name, one.types, one.default, one.choices, one.is_long) for one in page.fields
    ] == [
        ("question", "string", None, (), True),
        ("count", "integer", "2", (), False),
        ("loud", "boolean", "false", ("true", "false"), False),
        ("size", "a choice", None, ("small", "3"), True),
        ("extra", "string or integer", '""', (), True),
        ("list", "array", "[]", (), True),
    ]
    assert page.fields[0].about == "What is asked."


def test_what_was_entered_stays_with_the_newlines_of_texts(repo: Repo) -> None:
    page = fill(repo, question="One\r\ntwo", count="many")
    assert [one.text for one in page.fields[:3]] == ["One\ntwo", "many", ""]
    assert page.answer is None


@pytest.mark.slow
def test_an_empty_field_is_the_default_or_an_empty_text(repo: Repo) -> None:
    page = render_form(fill(repo, size="small"))
    assert page.answer is not None
    assert page.answer.messages == (FormMessage("user", "2 False small []"),)


def test_values_are_read_as_their_types(repo: Repo) -> None:
    page = render_form(fill(repo, question="7", count="7", loud="true", size="small", list="[1]"))
    assert page.answer is not None
    assert page.answer.messages[0].text == "7 7 True small [1]"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"count": "many"}, "input 'count' takes integer, not 'many'"),
        ({"size": "huge"}, "size"),
    ],
)
def test_what_is_wrong_is_said_in_the_form(repo: Repo, fields: dict[str, str], fault: str) -> None:
    page = render_form(fill(repo, **{"size": "small", **fields}))
    assert page.answer is not None
    assert fault in str(page.answer.fault)
    assert page.answer.messages == ()


@pytest.mark.parametrize("version", ["9.9.9", "nowhere", "a b"])
def test_a_version_that_is_not_there_is_said_and_goes_no_further(repo: Repo, version: str) -> None:
    page = fill(repo, version=version)
    assert (page.resolved, page.fields) == (None, ())
    assert page.answer is not None
    assert page.answer.fault
    registry = cast("Registry", None)
    assert render_form(page) is run_form(page, registry) is page


class Runs:
    """A registry that runs nothing, and what it was asked."""

    def __init__(self, result: Any) -> None:
        self.asked: list[Any] = []
        self._result = result

    def run(self, ref: str, values: dict[str, Any]) -> Any:
        self.asked.append((ref, values))
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def made_run(**values: Any) -> SimpleNamespace:
    usage = SimpleNamespace(input_tokens=11, output_tokens=7, source="measured")
    named = SimpleNamespace(name="a", version="1.0.0")
    known = {
        "id": "run-1",
        "text": "Answer.",
        "prompt": named,
        "model": "near/small",
        "usage": usage,
        "cost": 0.0025,
        "decisions": (),
        "tool_calls": (),
    }
    return SimpleNamespace(**{**known, **values})


def test_a_run_shows_answer_and_facts(repo: Repo) -> None:
    runs = Runs(made_run())
    page = run_form(fill(repo, question="Why?", size="small"), cast("Registry", runs))
    assert runs.asked == [("a@working", {"question": "Why?", "size": "small"})]
    assert page.answer is not None
    assert page.answer.text == "Answer."
    assert page.answer.facts == (
        "run run-1; a 1.0.0; near/small; 11 + 7 tokens (measured); 0.002500 USD"
    )


def test_a_run_says_what_it_does_not_know_and_what_was_decided(repo: Repo) -> None:
    done = made_run(
        usage=SimpleNamespace(input_tokens=None, output_tokens=7, source="none"),
        cost=None,
        model=None,
        decisions=(SimpleNamespace(rule="fallback", why="near was down"),),
        tool_calls=(SimpleNamespace(name="find", arguments='{"x": 1}'),),
    )
    page = run_form(fill(repo, size="small"), cast("Registry", Runs(done)))
    assert page.answer is not None
    assert page.answer.facts == (
        "run run-1; a 1.0.0; a reply; cost unknown; fallback: near was down;"
        ' tool call: find({"x": 1})'
    )


def test_a_run_that_is_refused_says_why(repo: Repo) -> None:
    runs = Runs(PausedError("a is paused", hint="resume it"))
    page = run_form(fill(repo, size="small"), cast("Registry", runs))
    assert page.answer is not None
    assert (page.answer.fault, page.answer.hint, page.answer.text) == (
        "a is paused",
        "resume it",
        None,
    )
