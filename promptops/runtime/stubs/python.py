"""Write types of prompts for Python, and a function that runs each. Pure."""

from __future__ import annotations

import json
import keyword
import re
from typing import TYPE_CHECKING

from promptops.runtime.stubs.spelling import IDENTIFIER, TypeSpelling
from promptops.runtime.stubs.types import StubObject, sample_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.stubs.types import LiteralType, PromptStub, StubAlias


def _spell_literal(one: LiteralType) -> str:
    if any(isinstance(value, float) for value in one.values):
        return "float"  # Python has no literal types for floats
    return f"Literal[{', '.join(repr(value) for value in one.values)}]"


_LANGUAGE = TypeSpelling(
    {
        "string": "str",
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "null": "None",
        "any": "Any",
    },
    "list[{}]",
    "dict[str, {}]",
    _spell_literal,
)
# Names in lower case that the module uses.
_NEEDED = frozenset({"bool", "cast", "dict", "float", "int", "list", "promptops", "str"})


def write_python(stubs: Sequence[PromptStub], environment: str) -> str:
    """Return a module with the types, and a function for each prompt.

    Args:
        stubs: the prompts.
        environment: the environment whose live versions the functions run.
    """
    names = ", ".join(json.dumps(one.name) for one in stubs)
    refs = [f"{one.name}@{selector}" for one in stubs for selector in (environment, one.version)]
    lines = "".join(f"    {json.dumps(ref)},\n" for ref in refs)
    example = ""
    if stubs:
        values = json.dumps(sample_inputs(stubs[0]), ensure_ascii=False)
        example = _EXAMPLE.format(name=_name_function(stubs[0]), values=values)
    parts = [
        _HEAD.format(environment=environment, example=_escape(example)),
        f"PromptName: TypeAlias = Literal[{names}]" if stubs else "PromptName: TypeAlias = str",
        f"# The refs that these types hold for.\nPromptRef: TypeAlias = Literal[\n{lines}]"
        if stubs
        else "PromptRef: TypeAlias = str",
    ]
    for stub in stubs:
        parts += [_declare(one) for one in stub.declarations]
        parts.append(_write_function(stub, environment))
    return "\n\n\n".join(parts) + "\n"


def _declare(one: StubObject | StubAlias) -> str:
    if not isinstance(one, StubObject):
        return f"{one.name}: TypeAlias = {_quote(_LANGUAGE.spell(one.type))}"
    members = [
        (
            field,
            _LANGUAGE.spell(field.type)
            if field.is_required
            else f"NotRequired[{_LANGUAGE.spell(field.type)}]",
        )
        for field in one.fields
    ]
    is_plain = all(
        IDENTIFIER.fullmatch(f.name) and not keyword.iskeyword(f.name) for f, _ in members
    )
    if not is_plain:
        inner = "".join(f"        {json.dumps(f.name)}: {_quote(text)},\n" for f, text in members)
        return f'{one.name} = TypedDict(\n    "{one.name}",\n    {{\n{inner}    }},\n)'
    lines = [f"class {one.name}(TypedDict):", f"    {_docstring(one.description or one.name)}", ""]
    for field, text in members:
        lines += [f"    {field.name}: {text}"]
        if field.description:
            lines += [f"    {_docstring(field.description)}"]
    return "\n".join(lines).rstrip()


def _write_function(stub: PromptStub, environment: str) -> str:
    answer = "str" if stub.output is None else _LANGUAGE.spell(stub.output)
    value = "run.text" if stub.output is None else f"cast({json.dumps(answer)}, run.data)"
    return _FUNCTION.format(
        name=_name_function(stub),
        inputs=stub.inputs.name,
        answer=answer,
        docstring=_docstring(f"{stub.description or stub.name} ({stub.name} {stub.version})"),
        prefix=f"{stub.name}@",
        environment=json.dumps(environment),
        version=json.dumps(stub.version),
        value=value,
    )


def _name_function(stub: PromptStub) -> str:
    """Return the name of a prompt's function, made from the unique name of its types."""
    name = "_".join(re.findall(r"[A-Z]+[a-z0-9]*|[a-z0-9]+", stub.base)).lower()
    # No other function's name ends with an underscore.
    return f"{name}_" if keyword.iskeyword(name) or name in _NEEDED else name


def _quote(text: str) -> str:
    return json.dumps(text)


def _escape(text: str) -> str:
    """Return a text escaped for triple quotes."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _docstring(text: str) -> str:
    """Return a text as the literal of a docstring, on one line."""
    shown = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"""{shown}"""'


_HEAD = '''"""Types of the prompts that are live in {environment}.

Written by promptops stubs; do not edit.
{example}"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast

import promptops'''

_EXAMPLE = """
    with promptops.open() as registry:
        answer = {name}(registry, {values})
"""

_FUNCTION = """def {name}(
    registry: promptops.Registry,
    inputs: {inputs},
    *,
    selector: Literal[{environment}, {version}] = {environment},
    user: str | None = None,
    tenant: str | None = None,
) -> {answer}:
    {docstring}
    run = registry.run(f"{prefix}{{selector}}", inputs, user=user, tenant=tenant)
    return {value}"""
