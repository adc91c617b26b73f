"""From a closure's text and values to messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.errors import InputError, PromptopsError, TemplateError
from promptops.template.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Template, nodes
    from jinja2.runtime import Context

    from promptops.template.environment import PromptEnvironment
    from promptops.template.source import Analysis

Message = dict[str, object]
"""One chat message: `role` and `content`, and for passed-in ones what else they came with."""

WHITE_SPACE = " \t\n\r\f\v"
"""What is stripped at both ends of each message: ASCII white space, no other."""


class CompiledTemplate:
    """A prompt's body with the partials it needs, ready to render.

    Making one costs nothing; the first `render` parses and compiles it. Threads may share one: at
    worst two of them compile the same text.
    """

    __slots__ = ("_body", "_first_line", "_name", "_partials", "_program")

    def __init__(
        self, name: str, body: str, partials: Mapping[str, str], *, first_line: int = 1
    ) -> None:
        """Keep the text.

        Args:
            name: the path of the prompt's file, for errors.
            body: the text after the frontmatter.
            partials: path below the prompts folder to text, at least of every included file.
            first_line: the line of the file on which the body begins, for errors.
        """
        self._name = name
        self._body = body
        self._partials = partials
        self._first_line = first_line
        self._program: _Program | None = None

    def render(self, values: Mapping[str, object]) -> list[Message]:
        """Fill in values and give the messages.

        Each message is stripped of ASCII white space at both ends; one that is empty then is left
        out. Passed-in messages are inserted as they are.

        Args:
            values: the inputs: strings, numbers, booleans, None, lists and objects of these.

        Raises:
            InputError: a value is of another kind, or a passed-in message is malformed.
            TemplateError: the body has a problem, reads something undefined, exceeds a limit, or
                opens no message at all.
        """
        program = self._program
        if program is None:
            program = self._program = _compile(
                self._name, self._body, self._partials, self._first_line
            )
        return program.render(values)


class _Program:
    """A compiled closure."""

    __slots__ = ("analysis", "environment", "globals", "name", "root", "sources", "template")

    def __init__(
        self,
        environment: PromptEnvironment,
        analysis: Analysis,
        sources: Mapping[str, Source],
        template: Template,
    ) -> None:
        self.environment = environment
        self.analysis = analysis
        self.sources = sources
        self.template = template
        self.name = template.name or ""
        self.root = template.root_render_func
        self.globals = dict(environment.globals)

    def render(self, values: Mapping[str, object]) -> list[Message]:
        parent = {**self.globals, **plain_values(values)}
        try:
            messages = self.messages(self.context(parent))
        except Exception as error:
            raise self.explain(error) from error
        if not messages:
            message = "the prompt renders no message"
            hint = "every message is empty for these inputs: give one of them some text"
            raise TemplateError(message, hint=hint, path=self.name)
        return messages

    def context(self, parent: dict[str, Any]) -> Context:
        from jinja2.runtime import Context  # noqa: PLC0415 (loaded when the program was compiled)

        from promptops.template.environment import BUDGET, Budget  # noqa: PLC0415 (as above)

        parent[BUDGET] = Budget()
        return Context(self.environment, parent, self.name, {})

    def messages(self, context: Context) -> list[Message]:
        pieces = self.root(context)
        if not self.analysis.opens_messages:
            content = self.join(list(pieces))
            return [{"role": "user", "content": content}] if content else []
        return self.split(pieces)

    def split(self, pieces: Iterator[str]) -> list[Message]:
        """Cut the output where a boundary stands, which is told by its type and nothing else."""
        messages: list[Message] = []
        parts: list[str] = []
        append = parts.append
        role: str | None = None
        for piece in pieces:
            if type(piece) is str:
                append(piece)
                continue
            content = self.join(parts)
            parts.clear()
            if content:
                if role is None:
                    message = "text outside of the messages"
                    raise TemplateError(message, hint="move it into a message", path=self.name)
                messages.append({"role": role, "content": content})
            inserted = getattr(piece, "messages", None)
            if inserted is None:
                role = piece.role  # type: ignore[attr-defined]  # a Boundary
            else:
                messages.extend(inserted)
        if self.join(parts):
            message = "text outside of the messages"
            raise TemplateError(message, hint="move it into a message", path=self.name)
        return messages

    def join(self, parts: list[str]) -> str:
        content = self.environment.concat(parts).strip(WHITE_SPACE)
        if not (content.isascii() or _encodable(content)):
            message = "a message has half of a surrogate pair, which is not text"
            hint = "look for `\\ud800` to `\\udfff` in strings of the template"
            raise TemplateError(message, hint=hint, path=self.name)
        return content

    def explain(self, error: Exception) -> PromptopsError:
        """One of our errors, with its place, for whatever went wrong while the template ran."""
        from promptops.template.environment import HistoryFault  # noqa: PLC0415 (loaded by then)

        path, line, column = self.locate(error)
        if isinstance(error, HistoryFault):
            hint = 'pass messages such as `{"role": "user", "content": "..."}`'
            return InputError(str(error), hint=hint)
        if isinstance(error, PromptopsError):
            return error
        message, hint_or_none = _describe(error)
        return TemplateError(message, hint=hint_or_none, path=path, line=line, column=column)

    def locate(self, error: Exception) -> tuple[str, int | None, int | None]:
        """Path, line and column of the innermost template code that an error passed through."""
        place: tuple[str, int | None, int | None] = (self.name, None, None)
        trace = error.__traceback__
        while trace is not None:
            template = trace.tb_frame.f_globals.get("__jinja_template__")
            if template is not None and template.name in self.sources:
                offset = template.get_corresponding_lineno(trace.tb_lineno)
                place = (template.name, *self.sources[template.name].place(offset))
            trace = trace.tb_next
        return place


def _describe(error: Exception) -> tuple[str, str | None]:  # noqa: PLR0911 (a table of cases)
    from jinja2 import TemplateRuntimeError, UndefinedError  # noqa: PLC0415 (loaded by then)
    from jinja2.sandbox import SecurityError  # noqa: PLC0415

    from promptops.template.environment import Refused  # noqa: PLC0415

    if isinstance(error, Refused):
        return error.message, error.hint
    said = str(error).replace("'", "`").rstrip(".")
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
        return said[:1].lower() + said[1:], None
    kind = type(error).__name__
    return f"an expression fails: {said or kind}", "check the types of the values in it"


def _compile(name: str, body: str, partials: Mapping[str, str], first_line: int) -> _Program:
    """Parse, check and compile a body and every partial it needs."""
    from promptops.template.environment import ENVIRONMENT  # noqa: PLC0415 (Jinja2 takes 49 ms)

    environment = ENVIRONMENT.overlay()
    environment.compiled = {}
    sources: dict[str, Source] = {}
    analysis, main = _read(name, body, sources, partial=False, first_line=first_line)
    trees = _read_partials(name, analysis, partials, sources)
    for path, tree in trees.items():
        environment.compiled[path] = _to_code(environment, path, tree, sources[path])
    template = _to_code(environment, name, main, sources[name])
    return _Program(environment, analysis, sources, template)


def _read(
    path: str, text: str, sources: dict[str, Source], *, partial: bool, first_line: int = 1
) -> tuple[Analysis, nodes.Template]:
    from promptops.template.analysis import inspect  # noqa: PLC0415 (Jinja2 takes 49 ms)

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
    name: str, analysis: Analysis, partials: Mapping[str, str], sources: dict[str, Source]
) -> dict[str, nodes.Template]:
    """Every partial that is reached, depth first, so that a circle is seen where it closes."""
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
    environment: PromptEnvironment, path: str, tree: nodes.Template, source: Source
) -> Template:
    from jinja2 import Template, TemplateSyntaxError  # noqa: PLC0415 (Jinja2 takes 49 ms)

    from promptops.template.environment import Guards  # noqa: PLC0415 (as above)

    try:
        guarded = Guards().visit(tree).set_environment(environment)
        code = environment.compile(guarded, name=path, filename=f"<{path}>")
        return Template.from_code(environment, code, environment.globals)
    except TemplateSyntaxError as error:
        line, column = source.place(error.lineno)
        message = str(error.message)
        raise TemplateError(message, path=path, line=line, column=column) from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        message = "the template is too complex to compile"
        raise TemplateError(message, hint="move part of it into a partial", path=path) from error


def plain_values(values: Mapping[str, object]) -> dict[str, object]:
    """Inputs as plain JSON kinds, copied, so that what a template sees is exactly what it is given.

    Subclasses of strings and numbers become what they are, tuples become lists.

    Raises:
        InputError: a value is of another kind, is not Unicode text, or contains itself.
    """
    found = {}
    for name, value in values.items():
        kind = type(value)
        if (kind is str and value.isascii()) or kind is int:  # type: ignore[attr-defined]  # a string
            found[name] = value
            continue
        try:
            found[name] = _plain(value)
        except _NotPlainError as error:
            message = f"the input `{name}` holds {error}"
            hint = "inputs are strings, numbers, booleans, none, lists and objects of these"
            raise InputError(message, hint=hint) from None
        except RecursionError:
            message = f"the input `{name}` is nested too deeply"
            raise InputError(message, hint="pass a flatter value") from None
    return found


class _NotPlainError(Exception):
    """A value that JSON has no words for."""


def _plain(value: object) -> object:  # noqa: PLR0911 (one line for each kind of value)
    match value:
        case None | bool():
            return value
        case str():
            if not _encodable(value):
                message = "half of a surrogate pair, which is not text"
                raise _NotPlainError(message)
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {_plain_key(key): _plain(item) for key, item in value.items()}
    message = f"a value of the type {type(value).__name__}"
    raise _NotPlainError(message)


def _plain_key(key: object) -> object:
    if isinstance(key, str):
        return _plain(key)
    message = f"an object with a key of the type {type(key).__name__}"
    raise _NotPlainError(message)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
