"""Prompts as the protocol lists, renders and completes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import mcp_types as types
import pytest

from promptops.errors import InputError, PausedError
from promptops.server.keys import KeyScope
from promptops.server.mcp.prompts import complete, get_prompt, list_prompts, read_inputs
from promptops.server.problems import HttpProblem
from tests.server.mcp.pieces import make_reader, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.resolution import ResolvedPrompt

INPUTS = """
  question: {type: string, description: What is asked., examples: [Why?, "How?"]}
  count: {type: integer, default: 2}
  size: {enum: [small, large, 3]}
  loud: {type: boolean}
"""
BODY = "{% system %}S{% endsystem %}\n{% user %}{{ question }} {{ count }}{% enduser %}"
CHAT = resolve("a", BODY, inputs=INPUTS)


def ask(
    folder: Path, work: Any, prompt: ResolvedPrompt = CHAT, scope: KeyScope | None = None
) -> Any:
    prompts = {"a@production": prompt}
    reader = make_reader(folder, prompts, scope) if scope else make_reader(folder, prompts)
    return asyncio.run(work(reader))


def test_a_prompt_is_listed_with_the_syntax_of_its_arguments(tmp_path: Path) -> None:
    listed = ask(tmp_path, lambda reader: list_prompts(reader, None))
    (prompt,) = listed.prompts
    assert [(one.name, one.description, one.required) for one in prompt.arguments] == [
        ("question", "What is asked", True),
        ("count", "JSON: integer", False),
        ("size", None, True),
        ("loud", "JSON: boolean", True),
    ]
    assert (prompt.description, prompt.meta["promptops/version"]) == ("Answer a question.", "1.0.0")


def test_a_pause_is_said_where_a_prompt_is_listed(tmp_path: Path) -> None:
    paused = resolve("a", paused="it shouts")
    (prompt,) = ask(tmp_path, lambda reader: list_prompts(reader, None), paused).prompts
    assert prompt.description == "Paused: it shouts. Answer a question."
    assert prompt.meta["promptops/paused"] == "it shouts"
    with pytest.raises(PausedError):
        ask(tmp_path, lambda reader: get_prompt(reader, "a", {"question": "?"}), paused)


def test_a_system_message_is_a_user_s_that_says_what_it_was(tmp_path: Path) -> None:
    given = {"question": "Why?", "count": "7", "size": "small", "loud": "true"}
    got = ask(tmp_path, lambda reader: get_prompt(reader, "a", given))
    assert [(one.role, one.content.text, one.content.meta) for one in got.messages] == [
        ("user", "S", {"promptops/role": "system"}),
        ("user", "Why? 7", None),
    ]


def test_arguments_are_read_as_their_types() -> None:
    given = {"question": "7", "count": "7", "size": "3", "loud": "false"}
    values = read_inputs(CHAT, given)
    assert values == {"question": "7", "count": 7, "size": 3, "loud": False}


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"qestion": "x"}, "a has no input 'qestion'", "did you mean 'question'?"),
        ({"x": "x"}, "a has no input 'x'", "its inputs: question, count, size, loud"),
        ({"count": "many"}, "count", "write the value as JSON"),
    ],
)
def test_an_argument_that_fits_no_input_is_refused(
    given: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_inputs(CHAT, given)
    assert message in caught.value.message
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("argument", "value", "found"),
    [
        ("question", "", ["Why?", "How?"]),
        ("question", "W", ["Why?"]),
        ("count", "", ["2"]),
        ("size", "", ["small", "large", "3"]),
        ("loud", "", ["true", "false"]),
        ("none", "", []),
    ],
)
def test_values_that_the_schema_lists_complete_an_argument(
    tmp_path: Path, argument: str, value: str, found: list[str]
) -> None:
    params = types.CompleteRequestParams(
        ref=types.PromptReference(name="a"),
        argument=types.CompletionArgument(name=argument, value=value),
    )
    completion = ask(tmp_path, lambda reader: complete(reader, params)).completion
    assert (completion.values, completion.total, completion.has_more) == (found, len(found), False)


def test_a_client_gets_no_more_values_than_the_protocol_allows(tmp_path: Path) -> None:
    inputs = f"{{question: {{enum: {[f'v{n}' for n in range(101)]}}}}}"
    params = types.CompleteRequestParams(
        ref=types.PromptReference(name="a"),
        argument=types.CompletionArgument(name="question", value=""),
    )
    many = resolve("a", inputs=inputs)
    completion = ask(tmp_path, lambda reader: complete(reader, params), many).completion
    assert (len(completion.values), completion.total, completion.has_more) == (100, 101, True)


def test_each_needs_the_verb_render(tmp_path: Path) -> None:
    scope = KeyScope(("read",))
    for work in (
        lambda reader: list_prompts(reader, None),
        lambda reader: get_prompt(reader, "a", {}),
    ):
        with pytest.raises(HttpProblem, match="may not render"):
            ask(tmp_path, work, scope=scope)
