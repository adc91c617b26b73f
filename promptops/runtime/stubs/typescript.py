"""Write types of prompts for TypeScript, and a client that runs them over HTTP. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.runtime.stubs.spelling import IDENTIFIER, TypeSpelling
from promptops.runtime.stubs.types import StubObject, sample_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.stubs.types import LiteralType, PromptStub, StubAlias


def _spell_literal(one: LiteralType) -> str:
    return " | ".join(json.dumps(value) for value in one.values)


_LANGUAGE = TypeSpelling(
    {
        "string": "string",
        "integer": "number",
        "number": "number",
        "boolean": "boolean",
        "null": "null",
        "any": "unknown",
    },
    "Array<{}>",
    "Record<string, {}>",
    _spell_literal,
)


def write_typescript(stubs: Sequence[PromptStub], environment: str) -> str:
    """Return a module with the types, and a client of `promptops serve`.

    Args:
        stubs: the prompts.
        environment: the environment whose live versions the client runs.
    """
    parts = [_HEAD.format(environment=environment)]
    if stubs:
        name, values = json.dumps(stubs[0].name), json.dumps(sample_inputs(stubs[0]))
        parts.append(_comment(f"const run = await runPrompt(service, {name}, {values});"))
    for stub in stubs:
        parts += [_declare(one) for one in stub.declarations]
    rows = [(json.dumps(one.name), one) for one in stubs]
    inputs = "".join(f"  {name}: {one.inputs.name};\n" for name, one in rows)
    outputs = "".join(
        f"  {name}: {'null' if one.output is None else _LANGUAGE.spell(one.output)};\n"
        for name, one in rows
    )
    selectors = "".join(
        f"  {name}: {json.dumps(environment)} | {json.dumps(one.version)};\n" for name, one in rows
    )
    parts += [
        f"/** The inputs of each prompt. */\nexport interface PromptInputs {{\n{inputs}}}",
        _OUTPUTS.format(outputs=outputs),
        _SELECTORS.format(selectors=selectors),
        _CLIENT.format(environment=json.dumps(environment)),
    ]
    return "\n\n".join(parts) + "\n"


def _declare(one: StubObject | StubAlias) -> str:
    if not isinstance(one, StubObject):
        return f"export type {one.name} = {_LANGUAGE.spell(one.type)};"
    lines = [_comment(one.description)] if one.description else []
    lines.append(f"export interface {one.name} {{")
    for field in one.fields:
        if field.description:
            lines.append(f"  {_comment(field.description)}")
        name = field.name if IDENTIFIER.fullmatch(field.name) else json.dumps(field.name)
        lines.append(f"  {name}{'' if field.is_required else '?'}: {_LANGUAGE.spell(field.type)};")
    return "\n".join([*lines, "}"])


def _comment(text: str) -> str:
    """Return a text as a one-line comment that the text cannot end."""
    return f"/** {' '.join(text.split()).replace('*/', '* /')} */"


_HEAD = """\
// Types of the prompts that are live in {environment}. Written by promptops stubs; do not edit.
// `runPrompt` calls a service: promptops serve."""

_OUTPUTS = """\
/** The answers of each prompt as data; null where an answer is only text. */
export interface PromptOutputs {{
{outputs}}}"""

_SELECTORS = """\
/** What may stand after `@`: the environment, or the version that these types describe. */
export interface PromptSelectors {{
{selectors}}}"""

_CLIENT = """\
/** The names of all prompts. */
export type PromptName = keyof PromptInputs;

/** The refs that these types hold for; `prompt:${{ref}}` is the model for OpenAI's clients. */
export type PromptRef = {{
  [Name in PromptName]: `${{Name}}@${{PromptSelectors[Name]}}`;
}}[PromptName];

/** Where `promptops serve` is, and a key for it. */
export interface PromptService {{
  url: string;
  key: string;
}}

/** A run, as the service answers it. */
export interface PromptRun<Data> {{
  id: string;
  name: string;
  version: string;
  text: string;
  data: Data;
}}

/** What the service refused, and why. */
export class PromptError extends Error {{
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {{
    super(message);
  }}
}}

/** Which version to run, and for whom. */
export interface PromptOptions<Name extends PromptName> {{
  selector?: PromptSelectors[Name];
  user?: string;
  tenant?: string;
  key?: string;
}}

/** Run the version of a prompt that is live, or the one that a selector names. */
export async function runPrompt<Name extends PromptName>(
  service: PromptService,
  name: Name,
  inputs: PromptInputs[Name],
  options: PromptOptions<Name> = {{}},
): Promise<PromptRun<PromptOutputs[Name]>> {{
  const {{ selector = {environment}, ...caller }} = options;
  const answer = await fetch(`${{service.url}}/v1/run/${{name}}@${{selector}}`, {{
    method: "POST",
    headers: {{ Authorization: `Bearer ${{service.key}}`, "Content-Type": "application/json" }},
    body: JSON.stringify({{ inputs, ...caller }}),
  }});
  const body = await answer.json();
  if (!answer.ok) {{
    throw new PromptError(answer.status, body.error.code, body.error.message);
  }}
  return body as PromptRun<PromptOutputs[Name]>;
}}"""
