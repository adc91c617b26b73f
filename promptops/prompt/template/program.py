"""Compile a closure, its partials included, and run the compiled code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import Template, TemplateRuntimeError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context

from promptops.errors import InputError, PromptopsError, TemplateError
from promptops.prompt.template.analysis import inspect
from promptops.prompt.template.environment import ENVIRONMENT, PromptEnvironment
from promptops.prompt.template.filters import concat
from promptops.prompt.template.messages import HistoryFault, Messages, message_text, open_message
from promptops.prompt.template.parsing import BudgetGuards
from promptops.prompt.template.printing import BUDGET, Budget, Refused, limit_length
from promptops.prompt.template.values import plain_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import nodes

    from promptops.prompt.template.rendering import Message
    from promptops.prompt.template.source import Analysis, TemplateSource


class Program:
    """A compiled closure; see `promptops.prompt.template.rendering.CompiledTemplate.render`."""

    __slots__ = ("analysis", "environment", "globals", "name", "root", "sources", "template")

    def __init__(
        self,
        environment: PromptEnvironment,
        analysis: Analysis,
        sources: Mapping[str, TemplateSource],
        template: Template,
    ) -> None:
        self.environment = environment
        self.analysis = analysis
        self.sources = sources
        self.template = template
        self.name = template.name or ""
        self.root = template.root_render_func
        self.globals = dict(environment.globals)

    def render(self, values: Mapping[str, object], *, are_plain: bool = False) -> list[Message]:
        """Run the code on values; `are_plain`: the values are known to be plain JSON."""
        plain = values if are_plain else plain_values(values)
        parent: dict[str, Any] = {**self.globals, **plain}
        try:
            messages = self._messages(self._context(parent))
        except Exception as error:
            raise self._explain(error) from error
        if not messages:
            message = "the prompt renders no message"
            hint = "every message is empty for these inputs: give one of them some text"
            raise TemplateError(message, hint=hint, path=self.name)
        return messages

    def _context(self, parent: dict[str, Any]) -> Context:
        parent[BUDGET] = Budget()
        return Context(self.environment, parent, self.name, {})

    def _messages(self, context: Context) -> list[Message]:
        """Run the code. A piece of output is text or messages, distinguished by its type."""
        pieces: Iterator[Any] = self.root(context)
        if not self.analysis.opens_messages:
            return open_message(concat(pieces), "user")
        messages: list[Message] = []
        for piece in pieces:
            if type(piece) is Messages:
                messages += piece
            elif message_text(piece):
                raise Refused("text outside of the messages", "move it into a message")
        contents = [message.get("content") for message in messages]
        limit_length(sum([len(content) for content in contents if type(content) is str]))
        return messages

    def _explain(self, error: Exception) -> PromptopsError:
        """Turn an exception of the running template into one of our errors, with its position."""
        path, line, column = self._locate(error)
        if isinstance(error, HistoryFault):
            hint = 'pass messages such as `{"role": "user", "content": "..."}`'
            return InputError(str(error), hint=hint)
        if isinstance(error, PromptopsError):
            return error
        message, hint_or_none = _describe(error)
        return TemplateError(message, hint=hint_or_none, path=path, line=line, column=column)

    def _locate(self, error: Exception) -> tuple[str, int | None, int | None]:
        """Return path, line and column of the innermost template frame of an error's traceback."""
        place: tuple[str, int | None, int | None] = (self.name, None, None)
        trace = error.__traceback__
        while trace is not None:
            template = trace.tb_frame.f_globals.get("__jinja_template__")
            if template is not None and template.name in self.sources:
                offset = template.get_corresponding_lineno(trace.tb_lineno)
                place = (template.name, *self.sources[template.name].place(offset))
            trace = trace.tb_next
        return place


def _describe(error: Exception) -> tuple[str, str | None]:
    if isinstance(error, Refused):
        return error.message, error.hint
    said = re.sub(r" at 0x[0-9A-Fa-f]+", "", str(error)).replace("'", "`").rstrip(".")
    if isinstance(error, SecurityError):
        return said, "templates reach values and their public parts only"
    if isinstance(error, UndefinedError):
        return said, (
            "declare it under `inputs`, give it a default with `| default(...)`, "
            "or ask `is defined` first"
        )
    if isinstance(error, RecursionError):
        return "macros or loops call themselves too deeply", "end the recursion earlier"
    if isinstance(error, MemoryError):
        return "the template needs too much memory", "shorten the loops or the inputs"
    if isinstance(error, ZeroDivisionError):
        return "division by zero", "test the number first: `{% if number %}`"
    if isinstance(error, TemplateRuntimeError):
        return said[:1].lower() + said[1:], "check the filters and the values in the expression"
    kind = type(error).__name__
    return f"an expression fails: {said or kind}", "check the types of the values in it"


def build_program(name: str, body: str, partials: Mapping[str, str], first_line: int) -> Program:
    """Parse, check and compile a body and every partial it needs."""
    environment = ENVIRONMENT.overlay()
    environment.compiled = {}
    sources: dict[str, TemplateSource] = {}
    analysis, main = _read(name, body, sources, partial=False, first_line=first_line)
    trees = _read_partials(name, analysis, partials, sources)
    for path, tree in trees.items():
        environment.compiled[path] = _to_code(environment, path, tree, sources[path])
    template = _to_code(environment, name, main, sources[name])
    return Program(environment, analysis, sources, template)


def _read(
    path: str, text: str, sources: dict[str, TemplateSource], *, partial: bool, first_line: int = 1
) -> tuple[Analysis, nodes.Template]:
    analysis, tree, source = inspect(path, text, partial=partial, first_line=first_line)
    sources[path] = source
    if analysis.problems or tree is None:
        problem = analysis.problems[0]
        raise TemplateError(
            problem.message,
            hint=problem.hint,
            path=path,
            line=problem.position.line,
            column=problem.position.column,
        )
    return analysis, tree


def _read_partials(
    name: str, analysis: Analysis, partials: Mapping[str, str], sources: dict[str, TemplateSource]
) -> dict[str, nodes.Template]:
    """Return every partial that is reached, depth first; a cycle is reported where it closes."""
    trees: dict[str, nodes.Template] = {}
    open_paths = [name]
    pending = [(name, iter(analysis.includes))]
    while pending:
        includer, includes = pending[-1]
        include = next(includes, None)
        if include is None:
            pending.pop()
            open_paths.pop()
            continue
        place = {
            "path": includer,
            "line": include.position.line,
            "column": include.position.column,
        }
        if include.path in open_paths:
            circle = " -> ".join([*open_paths[open_paths.index(include.path) :], include.path])
            message = f"circular include: {circle}"
            raise TemplateError(message, hint="remove one of these includes", **place)  # type: ignore[arg-type]
        if include.path in trees:
            continue
        text = partials.get(include.path)
        if text is None:
            message = f"`{include.path}` is included, but there is no such file"
            hint = "write the path from the prompts folder, or create the partial"
            raise TemplateError(message, hint=hint, **place)  # type: ignore[arg-type]
        inner, trees[include.path] = _read(include.path, text, sources, partial=True)
        open_paths.append(include.path)
        pending.append((include.path, iter(inner.includes)))
    return trees


def _to_code(
    environment: PromptEnvironment, path: str, tree: nodes.Template, source: TemplateSource
) -> Template:
    try:
        guarded = BudgetGuards().visit(tree).set_environment(environment)
        code = environment.compile(guarded, name=path, filename=f"<{path}>")
        return Template.from_code(environment, code, environment.globals)
    except TemplateSyntaxError as error:
        line, column = source.place(error.lineno)
        message = str(error.message)
        raise TemplateError(message, path=path, line=line, column=column) from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        message = "the template is too complex to compile"
        raise TemplateError(message, hint="move part of it into a partial", path=path) from error
