"""A prompt, valid and ready to use: what its file means, with everything it needs.

`load_prompt` is the only door: whoever holds a `Prompt` holds one that passed the schema and
whose closure is complete. What takes longer to judge (the template, declared schemas) is judged
by `find_faults` before a release, and again where it is used.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.errors import InvalidPromptError, quote
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.finding import Finding, Fix, Position, Severity
from promptops.prompt.frontmatter.document import find_undecodable
from promptops.prompt.schema import (
    InputValidator,
    SchemaFault,
    check_declarations,
    check_metadata,
    compile_schema,
    tool_fault,
)
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptops.prompt.closure import Closure
    from promptops.prompt.frontmatter.document import Document
    from promptops.prompt.template import Analysis, CompiledTemplate, TemplateProblem

_NOT_SENT = frozenset({"model", "timeout"})
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
    _wire: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

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
        # A copy all through: what a client does to its arguments must not reach the prompt.
        return deepcopy({**self.data.get("parameters", {}), **declared})

    @property
    def request_parameters(self) -> dict[str, Any]:
        """All of a chat completion call but its messages; a copy, as `request` has it."""
        request: dict[str, Any] = {"model": self.model, **self.parameters}
        if self.tools:
            request["tools"] = deepcopy(list(self.tools))
        if self.output is not None:
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": _schema_name(self.name), "schema": deepcopy(self.output)},
            }
        return request

    @property
    def wire_parameters(self) -> Mapping[str, Any]:
        """What is sent beside model and messages: made once, and not to be changed.

        Without `timeout`, which is the caller's limit and not the provider's.
        """
        if not self._wire:
            made = self.request_parameters
            self._wire.update({"": {key: made[key] for key in made if key not in _NOT_SENT}})
        wire: Mapping[str, Any] = self._wire[""]
        return wire

    def render(
        self, values: Mapping[str, object] | None = None, /, **inputs: object
    ) -> list[dict[str, Any]]:
        """Return the messages for these inputs: `[{"role": ..., "content": ...}]`.

        Inputs are given as keywords, or as one mapping where a name is no keyword. Raises
        InputError for missing, unknown or mistyped inputs, TemplateError for what goes wrong inside
        the template. The same inputs always give the same messages.
        """
        return self.render_completed(self.complete({**values, **inputs} if values else inputs))

    def complete(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the inputs with defaults filled in; InputError for missing, unknown or mistyped
        ones.
        """
        return self._inputs.complete(values)

    def render_completed(self, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """Return the messages for inputs that `complete` gave; TemplateError or InputError as
        `render`.
        """
        return self._template.render(values, are_plain=True)

    def request(
        self, values: Mapping[str, object] | None = None, /, **inputs: object
    ) -> dict[str, Any]:
        """Return the keyword arguments of a chat completion call, with anyone's OpenAI-shaped
        client.

        `model`, `messages` and the declared parameters; `tools` and `response_format` where the
        prompt declares tools and an output schema. `timeout` is in seconds.
        """
        request: dict[str, Any] = {
            "model": self.model,
            "messages": self.render(values, **inputs),
        }
        request.update(self.request_parameters)
        return request


def _schema_name(name: str) -> str:
    """Return a prompt's name as the API's schema names allow it: letters, digits, `_`, `-`, 64 at
    most.
    """
    return re.sub("[^a-z0-9_-]", "_", name)[-64:]


def read_template(closure: Closure, path: str) -> Analysis:
    """Return what the template at `path`, one of `closure.includes`, says; nothing is run."""
    from promptops.prompt.template import analyze

    if path == closure.path:
        document = closure.document
        return analyze(path, document.body, partial=False, first_line=document.body_line)
    return analyze(path, closure.files[path].decode(errors="replace"), partial=True)


def find_faults(
    closure: Closure, read: Callable[[Closure, str], Analysis] = read_template
) -> Iterator[Finding]:
    """Yield everything that keeps the closure from being a prompt, as errors, in no special order.

    `read` is how a template of the closure is read, for callers that keep what they have read.
    """
    document = closure.document
    yield from document.faults
    if document.faults and document.body == document.text:
        # There is no telling where the body begins.
        return
    yield from closure.faults
    yield from _template_faults(closure, read)
    if document.faults and not document.data:
        return
    metadata = list(check_metadata(document))
    yield from metadata
    data = _Data(closure)
    yield from data.faults
    yield from _file_schema_faults(data)
    if not metadata and not document.faults:
        yield from check_declarations(document)
        yield from _expression_faults(document)
        yield from _reply_faults(document, data)
        yield from _rule_faults(document)


def _template_faults(
    closure: Closure, read: Callable[[Closure, str], Analysis]
) -> Iterator[Finding]:
    for path in closure.includes:
        for problem in read(closure, path).problems:
            yield template_fault(path, closure.files[path], problem)


def template_fault(path: str, data: bytes, problem: TemplateProblem) -> Finding:
    """Return a problem of the template in the file at `path`, whose bytes are `data`, as a
    finding.
    """
    fixes: tuple[Fix, ...] = ()
    if problem.replacement is not None:
        source = normalize_newlines(data).decode(errors="replace")
        fixes = (Fix.at(path, source, problem.position, problem.replacement),)
    return Finding(
        problem.kind,
        Severity.ERROR,
        problem.message,
        path,
        problem.position,
        problem.hint,
        fixes,
    )


class _Data:
    """The JSON files of a closure: what they hold, and what is wrong with their form."""

    def __init__(self, closure: Closure) -> None:
        self.loaded: dict[str, dict[str, Any]] = {}
        self.faults: list[Finding] = []
        data = closure.document.data
        output, tools = data.get("output"), data.get("tools")
        self.output = output if isinstance(output, str) else None
        self.tools = (
            [tool for tool in tools or () if isinstance(tool, str)]
            if (isinstance(tools, list))
            else []
        )
        for path in dict.fromkeys([*([self.output] if self.output else []), *self.tools]):
            if path in closure.files:
                self._load(path, closure.files[path])
        for path in self.tools:
            fault = tool_fault(self.loaded[path]) if path in self.loaded else None
            if fault is not None:
                hint = 'write {"type": "function", "function": {"name": ..., "parameters": ...}}'
                self._report("invalid-tool", fault, path, _TOP, hint)

    def _load(self, path: str, content: bytes) -> None:
        undecodable = find_undecodable(path, content)
        if undecodable is not None:
            self.faults.append(undecodable)
            return
        try:
            loaded = json.loads(
                content.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique
            )
        except json.JSONDecodeError as error:
            place = Position(error.lineno, error.colno, error.lineno, error.colno + 1)
            message = error.msg[:1].lower() + error.msg[1:]
            self._report("invalid-json", f"not JSON: {message}", path, place)
        except ValueError as error:
            self._report("invalid-json", f"not JSON: {error}", path, _TOP)
        except RecursionError:
            self._report("invalid-json", "not JSON that can be read: nested too deep", path, _TOP)
        else:
            if isinstance(loaded, dict):
                self.loaded[path] = loaded
            else:
                self._report("invalid-json", "not a JSON object", path, _TOP)

    def _report(
        self, check: str, message: str, path: str, place: Position, hint: str | None = None
    ) -> None:
        self.faults.append(Finding(check, Severity.ERROR, message, path, place, hint))


_TOP = Position(1, 1, 1, 2)


def _refuse_constant(name: str) -> None:
    message = f"{name} is no number of JSON"
    raise ValueError(message)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        message = f"{quote(twice)} is given twice"
        raise ValueError(message)
    return result


def _file_schema_faults(data: _Data) -> Iterator[Finding]:
    """Schemas in files that are no valid JSON Schemas, and tools of one name."""
    named: dict[str, str] = {}
    for path in (data.output, *data.tools):
        if path is None or path not in data.loaded:
            continue
        schema: Mapping[str, Any] = data.loaded[path]
        if path in data.tools:
            if tool_fault(schema) is not None:
                continue
            name = schema["function"]["name"]
            if name in named:
                message = f"'{named[name]}' has a function '{name}' already"
                yield Finding("invalid-tool", Severity.ERROR, message, path, _TOP, "rename one")
            named[name] = path
            schema = schema["function"].get("parameters", {})
        try:
            compile_schema(schema)
        except SchemaFault as fault:
            message = f"not a valid JSON Schema: {fault.message}"
            yield Finding("invalid-schema", Severity.ERROR, message, path, _TOP, None)


def _expression_faults(document: Document) -> Iterator[Finding]:
    """Conditions of routes, escalation and review that are no Jinja expressions."""
    data = document.data
    written: dict[tuple[str | int, ...], str] = {
        ("routes", index, "when"): route["when"]
        for index, route in enumerate(data.get("routes", ()))
    }
    written |= {(key, "when"): data[key]["when"] for key in ("escalate", "review") if key in data}
    for path, expression in written.items():
        message = _expression_fault(document.path, expression)
        if message is not None:
            dotted = ".".join(map(str, path))
            yield Finding(
                "invalid-expression",
                Severity.ERROR,
                f"'{dotted}' is not an expression: {message}",
                document.path,
                document.locate(path),
                "write a condition as between '{% if' and '%}', such as language == 'en'",
            )


def _rule_faults(document: Document) -> Iterator[Finding]:
    """Forbidden patterns that are no regular expressions."""
    for index, pattern in enumerate(document.data.get("rules", {}).get("forbid", ())):
        try:
            compile_schema({"pattern": pattern})
        except SchemaFault:
            place = document.locate(("rules", "forbid", index))
            message = f"{quote(pattern)} is no regular expression"
            yield Finding("invalid-rule", Severity.ERROR, message, document.path, place, None)


def _reply_faults(document: Document, data: _Data) -> Iterator[Finding]:
    """Fixed replies that are not what the prompt promises its callers."""
    declared = document.data.get("output")
    schema = data.loaded.get(declared) if isinstance(declared, str) else declared
    routes = document.data.get("routes", ())
    replies: dict[tuple[str | int, ...], object] = {
        ("routes", index, "reply"): route["reply"]
        for index, route in enumerate(routes)
        if "reply" in route
    }
    if "reply" in document.data:
        replies["reply",] = document.data["reply"]
    if not replies or (declared is not None and schema is None):
        return
    try:
        validator = None if schema is None else compile_schema(schema)
    except SchemaFault:
        return
    for path, reply in replies.items():
        dotted = ".".join(map(str, path))
        hint = None
        if validator is None:
            if isinstance(reply, str):
                continue
            message, hint = f"'{dotted}' is not a text", "declare an 'output' schema for it"
        else:
            fault = next(iter(validator.iter_errors(reply)), None)
            if fault is None:
                continue
            message = f"the output schema refuses '{dotted}': {fault.message}"
        place = document.locate(path)
        yield Finding("invalid-reply", Severity.ERROR, message, document.path, place, hint)


def _expression_fault(path: str, expression: str) -> str | None:
    from promptops.prompt.template import analyze, tokenize

    tag = f"{{% if {expression}\n%}}{{% endif %}}"
    analysis = analyze(path, tag, partial=False)
    if analysis.problems:
        return analysis.problems[0].message
    # The text could end the tag itself and go on behind it.
    tags = sum(token.kind == "block_begin" for token in tokenize(tag))
    return None if tags == 2 else "it holds a tag"


def load_prompt(closure: Closure, *, digest: str | None = None) -> Prompt:
    """Return the prompt that `closure` holds.

    `digest` spares computing it where the caller has just done so. Raises InvalidPromptError, whose
    findings say what is wrong. Templates and schemas are compiled when first used.
    """
    from promptops.prompt.template import CompiledTemplate

    document = closure.document
    faults = (*document.faults, *closure.faults)
    data = None
    if not faults:
        faults = tuple(check_metadata(document))
    if not faults:
        data = _Data(closure)
        faults = tuple(data.faults)
    if faults or data is None:
        raise invalid_prompt(closure.name, faults)
    declared = document.data
    output = declared.get("output")
    return Prompt(
        closure.name,
        Version.parse(declared["version"]),
        closure,
        digest or closure.compute_digest(),
        declared,
        data.loaded[output] if isinstance(output, str) else output,
        tuple(data.loaded[path] for path in data.tools),
        InputValidator(declared.get("inputs", {})),
        CompiledTemplate(closure.path, document.body, closure.partials),
    )


def invalid_prompt(name: str, faults: tuple[Finding, ...]) -> InvalidPromptError:
    """Return the error for a prompt with `faults`, which quotes the first and counts the rest."""
    first = min(faults, key=lambda fault: fault.position or Position(0, 0, 0, 0))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return InvalidPromptError(
        f"{name} is not valid: {first.place}: {first.message}{more}",
        findings=faults,
        hint=first.hint,
    )
