"""`promptops show`: show one prompt with everything it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.list_prompts import describe_live
from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    one_line,
    paint,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.delivery.state import Entry
    from promptops.runtime.resolution import ResolvedPrompt

_SHOWN = ("author", "status", "tags", "model", "fallbacks", "requires_review", "evals")
_ELSEWHERE = frozenset({*_SHOWN, "version", "description", "inputs", "output", "tools"})
_NEWEST = 8


def show(
    ref: Annotated[str, typer.Argument(metavar="NAME[@SELECTOR]", show_default=False)],
    output: FormatOption = Format.TEXT,
) -> None:
    """Show a prompt's metadata, inputs, files, digest and releases, and where it is live.

    Without a selector, the prompt in the work tree is shown.
    """
    from promptops.delivery.listing import list_live
    from promptops.delivery.releases import list_versions, list_yanked
    from promptops.prompt.reference import parse_ref
    from promptops.runtime.lookup import resolve_selected

    repository = current().repository
    found = resolve_selected(repository, parse_ref(ref))
    for warning in found.warnings:
        warn(warning)
    yanked = list_yanked(repository, found.name)
    releases = [
        (str(version), version in yanked)
        for version in reversed(list_versions(repository, found.name))
    ]
    live = list_live(repository).get(found.name, {})
    if output is Format.JSON:
        emit_json(_document(found, releases, live))
    else:
        emit("\n".join(_lines(found, releases, live)))


def _document(
    found: ResolvedPrompt, releases: Sequence[tuple[str, bool]], live: Mapping[str, Entry]
) -> dict[str, Any]:
    prompt = found.prompt
    return json_document(
        "promptops.show/v1",
        name=found.name,
        version=found.version,
        digest=found.digest,
        commit=found.commit,
        metadata=dict(prompt.data),
        output=prompt.output,
        tools=[dict(tool) for tool in prompt.tools],
        files=sorted(prompt.closure.files),
        releases=[{"version": version, "yanked": yanked} for version, yanked in releases],
        live=describe_live(live),
    )


def _lines(
    found: ResolvedPrompt, releases: Sequence[tuple[str, bool]], live: Mapping[str, Entry]
) -> list[str]:
    prompt = found.prompt
    lines = [
        f"{paint(found.name, bold=True)} {found.version}",
        one_line(prompt.description),
        "",
        *_table(_facts(found)),
    ]
    if prompt.inputs:
        lines += ["", paint("inputs", bold=True), *_table(_inputs(prompt.inputs), "  ")]
    if prompt.output is not None:
        lines += ["", paint("output", bold=True), f"  {_describe_schema(prompt.output)}"]
    lines += [
        "",
        paint("files", bold=True),
        *(f"  {one_line(path)}" for path in prompt.closure.files),
    ]
    shown = [f"{version} (yanked)" if gone else version for version, gone in releases[:_NEWEST]]
    more = f" and {len(releases) - _NEWEST} older" if len(releases) > _NEWEST else ""
    lines += ["", *_table([("releases", f"{', '.join(shown)}{more}" if shown else "none yet")])]
    lines += _table(
        [
            (f"live in {environment}", entry.describe() + _paused(entry))
            for environment, entry in live.items()
        ]
        or [("live", "nowhere")]
    )
    return lines


def _facts(found: ResolvedPrompt) -> list[tuple[str, str]]:
    data = found.prompt.data
    facts = [("digest", found.digest)]
    if found.commit:
        facts.append(("commit", found.commit))
    facts += [(key, _value(data[key])) for key in _SHOWN if key in data]
    facts += [(key, _value(value)) for key, value in data.items() if key not in _ELSEWHERE]
    if found.prompt.tools:
        facts.append(("tools", _value(data["tools"])))
    return facts


def _inputs(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for name, declared in inputs.items():
        schema = {"type": declared} if isinstance(declared, str) else declared
        rows.append((name, _describe_schema(schema)))
    return rows


def _describe_schema(schema: Mapping[str, Any]) -> str:
    """Describe a schema in one line: type, default, and the rest as JSON."""
    kind = schema.get("type")
    parts = [" or ".join(kind) if isinstance(kind, list) else str(kind)] if kind else []
    if "default" in schema:
        parts.append(f"default {_value(schema['default'])}")
    if schema.get("untrusted") is True:
        parts.append("untrusted")
    rest = {
        key: value
        for key, value in schema.items()
        if key not in {"type", "default", "untrusted", "description"}
    }
    if rest:
        parts.append(one_line(_shortened(json.dumps(rest, ensure_ascii=False))))
    if isinstance(schema.get("description"), str):
        parts.append(one_line(schema["description"]))
    return ", ".join(parts) or "anything"


def _table(rows: Sequence[tuple[str, str]], indent: str = "") -> list[str]:
    width = max((len(key) for key, _ in rows), default=0)
    return [f"{indent}{paint(key.ljust(width), dim=True)}  {value}" for key, value in rows]


def _value(value: object) -> str:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(one_line(item) for item in value)
    return one_line(_shortened(json.dumps(value, ensure_ascii=False)))


def _shortened(text: str) -> str:
    longest = 200
    return text if len(text) <= longest else f"{text[:longest]}…"


def _paused(entry: Entry) -> str:
    return f" (paused: {one_line(entry.paused)})" if entry.paused is not None else ""
