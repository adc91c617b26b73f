"""Find all faults of a closure: templates, metadata, schemas, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.errors import quote
from promptops.prompt.data_files import TOP, DataFiles, tool_fault
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.explanation import SchemaPlace
from promptops.prompt.finding import Finding, Fix, Severity
from promptops.prompt.inputs import input_schemas, is_reserved_input
from promptops.prompt.metadata import check_metadata
from promptops.prompt.schema import SchemaFault, compile_again, compile_schema, explain_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptops.prompt.closure import Closure
    from promptops.prompt.frontmatter.document import Document
    from promptops.prompt.template import Analysis, TemplateProblem


def read_template(closure: Closure, path: str) -> Analysis:
    """Analyze the template at `path`, one of `closure.includes`. Runs nothing."""
    from promptops.prompt.template import analyze

    if path == closure.path:
        document = closure.document
        return analyze(path, document.body, partial=False, first_line=document.body_line)
    return analyze(path, closure.files[path].decode(errors="replace"), partial=True)


def find_faults(
    closure: Closure, read: Callable[[Closure, str], Analysis] = read_template
) -> Iterator[Finding]:
    """Yield every fault that makes the prompt invalid, as errors, in no particular order.

    `read` analyzes a template of the closure; pass one to reuse earlier analyses.
    """
    document = closure.document
    yield from document.faults
    if document.faults and document.body == document.text:
        # The body's start is unknown.
        return
    yield from closure.faults
    yield from _template_faults(closure, read)
    if document.faults and not document.data:
        return
    metadata = list(check_metadata(document))
    yield from metadata
    data = DataFiles(closure)
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
    """Turn a problem of the template in the file at `path`, with the content `data`, into a
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


def _file_schema_faults(data: DataFiles) -> Iterator[Finding]:
    """Yield schema files that are not valid JSON Schemas, and tools with the same name."""
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
                yield Finding("invalid-tool", Severity.ERROR, message, path, TOP, "rename one")
            named[name] = path
            schema = schema["function"].get("parameters", {})
        try:
            compile_schema(schema)
        except SchemaFault as fault:
            message = f"not a valid JSON Schema: {fault.message}"
            yield Finding("invalid-schema", Severity.ERROR, message, path, TOP, None)


def _expression_faults(document: Document) -> Iterator[Finding]:
    """Yield conditions of routes, escalation and review that are not Jinja expressions."""
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
    """Yield forbidden patterns that are not regular expressions."""
    for index, pattern in enumerate(document.data.get("rules", {}).get("forbid", ())):
        try:
            compile_schema({"pattern": pattern})
        except SchemaFault:
            place = document.locate(("rules", "forbid", index))
            message = f"{quote(pattern)} is not a regular expression"
            yield Finding("invalid-rule", Severity.ERROR, message, document.path, place, None)


def _reply_faults(document: Document, data: DataFiles) -> Iterator[Finding]:
    """Yield fixed replies that the prompt's output schema refuses."""
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
    # The text could close the tag and continue after it.
    tags = sum(token.kind == "block_begin" for token in tokenize(tag))
    return None if tags == 2 else "it contains a tag"


def check_declarations(document: Document) -> Iterator[Finding]:
    """Validate the schemas that are declared in a document's own frontmatter, which must be valid.

    Finds reserved input names, invalid JSON Schemas of inputs and output, and defaults that their
    own input refuses.
    """
    for name, schema in input_schemas(document.data.get("inputs", {})).items():
        if is_reserved_input(name):
            yield SchemaPlace(document, ("inputs", name), key=True).finding(
                "reserved-input", f"templates cannot use an input called '{name}'", "rename it"
            )
        try:
            validator = compile_again(schema)
        except SchemaFault as fault:
            place = SchemaPlace(document, ("inputs", name, *fault.path))
            yield place.finding(
                "invalid-schema", f"input '{name}' has no valid schema: {fault.message}"
            )
            continue
        if "default" in schema:
            reason = explain_refusal(validator, schema["default"])
            if reason is not None:
                yield SchemaPlace(document, ("inputs", name, "default")).finding(
                    "invalid-default", f"the default of input '{name}' {reason}"
                )
    output = document.data.get("output")
    if isinstance(output, dict):
        try:
            compile_again(output)
        except SchemaFault as fault:
            yield SchemaPlace(document, ("output", *fault.path)).finding(
                "invalid-schema", f"the output has no valid schema: {fault.message}"
            )
