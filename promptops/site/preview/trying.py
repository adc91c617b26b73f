"""Render or run a prompt with the values of a form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.delivery.listing import read_heads
from promptops.delivery.releases import list_tags
from promptops.errors import PromptopsError
from promptops.prompt.inputs import input_schemas
from promptops.prompt.reference import parse_ref
from promptops.prompt.values import list_types, read_value, write_value
from promptops.runtime.lookup import resolve_selected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.repository.repository import Repository
    from promptops.runtime.registry import Registry
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.result import Run

WORKING = "working"
PREFIX = "in."


class FormField(NamedTuple):
    """One input in the form.

    Attributes:
        name: the input's name.
        text: the field's text.
        types: the input's types, in words.
        about: its description.
        default: its default as JSON; None: a value is required.
        choices: the values to choose from; empty: any text.
        is_long: whether it may have several lines.
    """

    name: str
    text: str
    types: str
    about: str
    default: str | None
    choices: tuple[str, ...]
    is_long: bool


class FormMessage(NamedTuple):
    """One rendered message."""

    role: str
    text: str


class FormAnswer(NamedTuple):
    """The result of a form.

    Attributes:
        messages: the rendered messages.
        text: the model's answer; None without a run.
        facts: run, model, tokens and cost, in words.
        fault: why it failed; None if it did not.
        hint: how to fix it.
    """

    messages: tuple[FormMessage, ...] = ()
    text: str | None = None
    facts: str = ""
    fault: str | None = None
    hint: str | None = None


class TryPage(NamedTuple):
    """The form of one prompt.

    Attributes:
        name: the prompt.
        selector: the chosen version.
        selectors: all versions to choose from.
        resolved: the prompt; None if it cannot be resolved (`answer` says why).
        fields: its inputs.
        answer: the result; None if the form was not sent.
    """

    name: str
    selector: str
    selectors: tuple[str, ...]
    resolved: ResolvedPrompt | None
    fields: tuple[FormField, ...]
    answer: FormAnswer | None


def open_form(repository: Repository, name: str, sent_fields: Mapping[str, str]) -> TryPage:
    """Return a prompt's form, with the values already entered.

    Args:
        repository: the prompt's repository.
        name: the prompt.
        sent_fields: the sent fields: `version`, and `in.NAME` for each input.
    """
    selectors = _list_selectors(repository, name)
    selector = sent_fields.get("version", WORKING)
    try:
        resolved = resolve_selected(repository, parse_ref(f"{name}@{selector}"))
    except PromptopsError as error:
        answer = FormAnswer(fault=error.message, hint=error.hint)
        return TryPage(name, selector, selectors, None, (), answer)
    schemas = input_schemas(resolved.prompt.inputs)
    fields = tuple(_make_field(one, schema, sent_fields) for one, schema in schemas.items())
    return TryPage(name, selector, selectors, resolved, fields, None)


def render_form(page: TryPage) -> TryPage:
    """Return the form with the rendered messages."""
    if page.resolved is None:
        return page
    try:
        messages = page.resolved.prompt.render(_read_values(page))
    except PromptopsError as error:
        return page._replace(answer=FormAnswer(fault=error.message, hint=error.hint))
    return page._replace(answer=FormAnswer(_show_messages(messages)))


def run_form(page: TryPage, registry: Registry) -> TryPage:
    """Run the prompt within its limits, record the run, and return the form with the answer."""
    if page.resolved is None:
        return page
    try:
        done = registry.run(f"{page.name}@{page.selector}", _read_values(page))
    except PromptopsError as error:
        return page._replace(answer=FormAnswer(fault=error.message, hint=error.hint))
    return page._replace(answer=FormAnswer(text=done.text, facts=_describe_run(done)))


def _list_selectors(repository: Repository, name: str) -> tuple[str, ...]:
    heads = read_heads(repository).items()
    live = [environment for environment, head in heads if name in head.state.entries]
    versions = sorted((version for _, version in list_tags(repository, name)), reverse=True)
    return (WORKING, *live, *map(str, versions))


def _make_field(name: str, schema: Mapping[str, Any], given: Mapping[str, str]) -> FormField:
    types = list_types(schema)
    choices: Sequence[Any] = schema.get("enum", ())
    if types == ["boolean"]:
        choices = (True, False)
    default = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else None
    return FormField(
        name=name,
        text=given.get(f"{PREFIX}{name}", "").replace("\r\n", "\n"),
        types=" or ".join(types) or ("a choice" if choices else "any"),
        about=str(schema.get("description") or ""),
        default=default,
        choices=tuple(map(write_value, choices)),
        is_long=not {"integer", "number", "boolean"}.issuperset(types or ["string"]),
    )


def _read_values(page: TryPage) -> dict[str, Any]:
    """Return the entered values. Empty fields of inputs with a default are left out."""
    schemas = input_schemas(page.resolved.prompt.inputs) if page.resolved is not None else {}
    return {
        one.name: read_value(one.name, one.text, schemas[one.name])
        for one in page.fields
        if one.text or one.default is None
    }


def _show_messages(messages: Sequence[Mapping[str, Any]]) -> tuple[FormMessage, ...]:
    return tuple(
        FormMessage(
            str(one["role"]),
            content
            if isinstance(content := one.get("content"), str)
            else json.dumps(content, ensure_ascii=False, indent=2),
        )
        for one in messages
    )


def _describe_run(done: Run) -> str:
    usage = done.usage
    parts = [f"run {done.id}", f"{done.prompt.name} {done.prompt.version}", done.model or "a reply"]
    if usage.input_tokens is not None and usage.output_tokens is not None:
        parts.append(f"{usage.input_tokens} + {usage.output_tokens} tokens ({usage.source})")
    parts.append("cost unknown" if done.cost is None else f"{done.cost:.6f} USD")
    parts += [f"{one.rule}: {one.why}" for one in done.decisions]
    parts += [f"tool call: {one.name}({one.arguments})" for one in done.tool_calls]
    return "; ".join(parts)
