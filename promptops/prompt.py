"""A prompt, valid and ready to use: what its file means, with everything it needs.

`load_prompt` is the only door: whoever holds a `Prompt` holds one that passed the schema, whose
template parses and whose closure is complete.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.errors import InvalidPromptError
from promptops.finding import Finding, Position, Severity
from promptops.schema import InputValidator, check_metadata
from promptops.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.closure import Closure
    from promptops.template import CompiledTemplate

_PARAMETERS = ("temperature", "top_p", "max_tokens", "stop", "seed", "timeout")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of one prompt.

    Attributes:
        name: its path below the prompts folder without `.md`.
        version: the version its frontmatter says.
        closure: the files it consists of.
        digest: the closure's digest.
        data: the frontmatter, as JSON values.
        output: the JSON Schema of the answer, read from its file where it is one; or None.
        tools: the tool definitions, read from their files.
    """

    name: str
    version: Version
    closure: Closure
    digest: str
    data: Mapping[str, Any]
    output: Mapping[str, Any] | None
    tools: tuple[Mapping[str, Any], ...]
    _inputs: InputValidator
    _template: CompiledTemplate

    @property
    def path(self) -> str:
        """The prompt's file, below the prompts folder."""
        return self.closure.path

    @property
    def description(self) -> str:
        """What the prompt is for."""
        return str(self.data["description"])

    @property
    def author(self) -> str:
        """Who answers for it."""
        return str(self.data["author"])

    @property
    def status(self) -> str:
        """`draft`, `active` or `deprecated`."""
        return str(self.data.get("status", "active"))

    @property
    def model(self) -> str:
        """The model it was written for."""
        return str(self.data["model"])

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The declared inputs: name -> type name or JSON Schema."""
        inputs: Mapping[str, Any] = self.data.get("inputs", {})
        return inputs

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything the model call takes beside model and messages, as declared."""
        declared = {key: self.data[key] for key in _PARAMETERS if key in self.data}
        return {**self.data.get("parameters", {}), **declared}

    def render(self, values: Mapping[str, object] | None = None, /, **inputs: object) -> list[dict[str, Any]]:
        """The messages for these inputs: `[{"role": ..., "content": ...}]`.

        Inputs are given as keywords, or as one mapping where a name is no keyword. Raises
        InputError for missing, unknown or mistyped inputs, TemplateError for what goes wrong
        inside the template. The same inputs always give the same messages.
        """
        return self._template.render(self._inputs.complete({**(values or {}), **inputs}))

    def request(self, values: Mapping[str, object] | None = None, /, **inputs: object) -> dict[str, Any]:
        """The keyword arguments of a chat completion call, with anyone's OpenAI-shaped client.

        `model`, `messages` and the declared parameters; `tools` and `response_format` where the
        prompt declares tools and an output schema. `timeout` is in seconds.
        """
        request: dict[str, Any] = {
            "model": self.model,
            "messages": self.render(values, **inputs),
            **self.parameters,
        }
        if self.tools:
            request["tools"] = [dict(tool) for tool in self.tools]
        if self.output is not None:
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": _schema_name(self.name), "schema": dict(self.output)},
            }
        return request


def _schema_name(name: str) -> str:
    """A prompt's name as the API's schema names allow it: letters, digits, `_`, `-`, 64 at most."""
    return "".join(character if character.isalnum() else "_" for character in name)[-64:]


def find_faults(closure: Closure) -> Iterator[Finding]:
    """Everything that keeps the closure from being a prompt, as errors, in no special order."""
    from promptops.template import analyze

    document = closure.document
    yield from document.faults
    if document.faults and not document.data:
        return
    if not any(fault.check == "broken-frontmatter" for fault in document.faults):
        yield from check_metadata(document)
    yield from closure.faults
    yield from _data_faults(closure)
    for path in closure.includes:
        own = path == closure.path
        source = document.body if own else closure.files[path].decode(errors="replace")
        analysis = analyze(
            path, source, partial=not own, first_line=document.body_line if own else 1
        )
        for problem in analysis.problems:
            yield Finding(
                problem.kind, Severity.ERROR, problem.message, path, problem.position, problem.hint
            )


def _data_faults(closure: Closure) -> Iterator[Finding]:
    for path in closure.files:
        if path in closure.includes:
            continue
        try:
            loaded = json.loads(closure.files[path])
        except (ValueError, RecursionError) as error:
            line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
            yield Finding(
                "invalid-json",
                Severity.ERROR,
                f"not JSON: {getattr(error, 'msg', 'cannot be read')}",
                path,
                Position(line, column, line, column + 1),
                None,
            )
            continue
        if not isinstance(loaded, dict):
            yield Finding(
                "invalid-json", Severity.ERROR, "not a JSON object", path, Position(1, 1, 1, 2), None
            )


def load_prompt(closure: Closure, *, digest: str | None = None) -> Prompt:
    """The prompt that `closure` holds.

    `digest` spares computing it where the caller has just done so. Raises InvalidPromptError,
    whose findings say everything that is wrong. Templates are compiled on first render.
    """
    from promptops.template import CompiledTemplate

    document = closure.document
    faults = (*document.faults, *closure.faults)
    if not faults:
        faults = (*check_metadata(document), *_data_faults(closure))
    if faults:
        raise invalid_prompt(closure.name, faults)
    data = document.data
    return Prompt(
        closure.name,
        Version.parse(data["version"]),
        closure,
        digest or closure.compute_digest(),
        data,
        _load_output(closure),
        tuple(json.loads(closure.files[path]) for path in data.get("tools", ())),
        InputValidator(data.get("inputs", {})),
        CompiledTemplate(closure.path, document.body, closure.partials),
    )


def invalid_prompt(name: str, faults: tuple[Finding, ...]) -> InvalidPromptError:
    """The error for a prompt with `faults`, which quotes the first and counts the rest."""
    first = min(faults, key=lambda fault: (fault.position or Position(0, 0, 0, 0)))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return InvalidPromptError(
        f"{name} is not valid: {first.place}: {first.message}{more}",
        findings=faults,
        hint=first.hint,
    )


def _load_output(closure: Closure) -> Mapping[str, Any] | None:
    output = closure.document.data.get("output")
    if isinstance(output, str):
        loaded: Mapping[str, Any] = json.loads(closure.files[output])
        return loaded
    return output
