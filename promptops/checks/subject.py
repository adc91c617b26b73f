"""The subjects of checks: one prompt, one file, or the whole prompts folder."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from promptops.prompt.finding import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promptops.prompt.closure import Closure
    from promptops.prompt.template import Analysis, Use


def know_nothing(_name: str) -> None:
    """Return None."""


class CostLimits(NamedTuple):
    """The configured limits that need an upper bound for a prompt's cost.

    Attributes:
        spending: the configuration key of the spending limit; None without one.
        tokens: the configuration key of the token limit; None without one.
    """

    spending: str | None
    tokens: str | None


class OwnersFault(NamedTuple):
    """The reason why owners are unknown.

    Attributes:
        path: the CODEOWNERS file, from the repository's top.
        message: what is wrong with it.
        hint: what to do about it.
    """

    path: str
    message: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The context in which a prompt is validated.

    Attributes:
        list_names: lists every prompt of the folder; slow for many.
        owners: returns the owners of a path below the prompts folder by CODEOWNERS; None without
            CODEOWNERS.
        owners_fault: why the CODEOWNERS file is unusable; None if it is usable.
        suites: the paths of all eval suites, from the repository's top; None without an evals
            folder.
        default_suite: returns the default path of a prompt's suite.
        read_suite: returns the text of the suite at a path.
        fewest_samples: the minimum number of samples of a suite.
        list_live: returns the environments in which each prompt is live, by name; None if unknown.
        find_limits: returns the limits of a prompt's runs, by its name; None without any.
        is_free: returns whether a model costs nothing; None if its price is unknown.
    """

    list_names: Callable[[], frozenset[str]] = frozenset
    owners: Callable[[str], Sequence[str]] | None = None
    owners_fault: OwnersFault | None = None
    suites: frozenset[str] | None = None
    default_suite: Callable[[str], str] = "evals/{}.yaml".format
    read_suite: Callable[[str], str] = str
    fewest_samples: int = 0
    list_live: Callable[[], Mapping[str, Sequence[str]]] | None = None
    find_limits: Callable[[str], CostLimits | None] = know_nothing
    is_free: Callable[[str], bool | None] = know_nothing


@dataclass(frozen=True, slots=True)
class PromptSubject:
    """One prompt without faults of form that would prevent checks.

    Attributes:
        closure: its files.
        analyses: path -> analysis of each template of the closure.
        context: the context.
        inputs: the declared inputs; empty if they are not a mapping.
        untrusted: the inputs that are declared as untrusted.
    """

    closure: Closure
    analyses: Mapping[str, Analysis]
    context: CheckContext = field(default_factory=CheckContext)
    inputs: Mapping[str, Any] = field(init=False)
    untrusted: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Compute what most checks need."""
        inputs = self.closure.document.data.get("inputs")
        object.__setattr__(self, "inputs", inputs if isinstance(inputs, dict) else {})
        untrusted = (
            name
            for name, one in self.inputs.items()
            if isinstance(one, dict) and one.get("untrusted") is True
        )
        object.__setattr__(self, "untrusted", frozenset(untrusted))

    @property
    def name(self) -> str:
        """The prompt's name."""
        return self.closure.name

    @property
    def path(self) -> str:
        """The prompt's own file."""
        return self.closure.path

    @property
    def is_parsed(self) -> bool:
        """Whether every template could be parsed."""
        return not any(
            problem.kind in {"syntax", "nesting", "too-large"}
            for analysis in self.analyses.values()
            for problem in analysis.problems
        )

    def input_schema(self, name: str) -> Mapping[str, Any]:
        """Return an input's declared schema; a type name becomes a schema; empty without a
        declaration.
        """
        declared = self.inputs.get(name)
        if isinstance(declared, str):
            return {"type": declared}
        return declared if isinstance(declared, dict) else {}

    def find_suite(self) -> str | None:
        """Return the path of the prompt's eval suite; None if there is none."""
        suites = self.context.suites or frozenset()
        named = self.closure.document.data.get("evals")
        if isinstance(named, str):
            paths = [named.removeprefix("./")]
        else:
            path = self.context.default_suite(self.name)
            paths = [path, f"{path.removesuffix('.yaml')}.yml"]
        return next((path for path in paths if path in suites), None)

    def first_line(self, path: str) -> int:
        """Return the line of its file on which the template at `path` begins."""
        return self.closure.document.body_line if path == self.path else 1

    def text(self, path: str) -> str:
        """Return the text of the template at `path`, without frontmatter."""
        document = self.closure.document
        if path == document.path:
            return document.body
        return self.closure.files[path].decode(errors="replace")

    def problem(self, message: str, path: list[str | int], hint: str | None = None) -> Problem:
        """Return a problem with the frontmatter value at `path`."""
        return Problem(message, self.path, self.closure.document.locate(path), hint)


@dataclass(frozen=True, slots=True)
class FileSubject:
    """One text file below the prompts folder.

    Attributes:
        path: its path.
        text: its text, newlines normalised.
        data: its raw bytes.
        body_start: the offset of the body; 0 without frontmatter.
    """

    path: str
    text: str
    data: bytes = b""
    body_start: int = 0
    _starts: list[int] = field(default_factory=list, compare=False, repr=False)

    def position(self, start: int, end: int) -> Position:
        """Return the position of `text[start:end]`. A byte order mark does not count as a
        column.
        """
        return Position(*self._place(start), *self._place(end))

    def _place(self, index: int) -> tuple[int, int]:
        if not self._starts:
            ends = (match.end() for match in re.finditer("\n", self.text))
            self._starts.extend([0, *ends])
        line = bisect_right(self._starts, index)
        column = index - self._starts[line - 1] + 1
        if line == 1 and self.text.startswith("\ufeff"):
            column = max(column - 1, 1)
        return line, column


WORDS_OF_OPENING = 12
"""The number of words in a prompt's `opening`."""

MIN_PARAGRAPH = 300
"""The minimum number of characters of a long paragraph."""

_WORDS_OF_PARAGRAPH = 8


def hash_opening(body: str) -> int:
    """Return a hash of the first words of a prompt."""
    words = body.split(None, WORDS_OF_OPENING)[:WORDS_OF_OPENING]
    return hash(" ".join(words).casefold())


def hash_paragraph(text: str) -> int:
    """Return a hash of the first words of a paragraph."""
    return hash(" ".join(text.split(None, _WORDS_OF_PARAGRAPH)[:_WORDS_OF_PARAGRAPH]))


def find_paragraphs(body: str, line: int) -> Iterator[tuple[int, str]]:
    """Yield each long paragraph, with the line on which it begins; the body begins on `line`."""
    if len(body) < MIN_PARAGRAPH:
        return
    for paragraph in body.split("\n\n"):
        text = paragraph.strip()
        if len(text) >= MIN_PARAGRAPH:
            skipped = len(paragraph) - len(paragraph.lstrip())
            yield line + paragraph.count("\n", 0, skipped), text
        line += paragraph.count("\n") + 2


class PromptText(NamedTuple):
    """The parts of a prompt, valid or not, that checks of the folder use.

    Attributes:
        path: its file.
        body_line: the line of the body.
        model: the model as declared.
        evals: the path of its eval suite, if the frontmatter names one.
        draft: the position of `status: draft`; None for any other status.
        opening: a hash of its first words, whatever their case.
        paragraphs: a hash of the first words of each long paragraph.
        load: reads the text after the frontmatter; not stored, since all texts together take much
            memory.
    """

    path: str
    body_line: int
    model: str
    evals: str | None
    draft: Position | None
    opening: int
    paragraphs: tuple[int, ...]
    load: Callable[[], str]

    @property
    def body(self) -> str:
        """The text after the frontmatter, parsed again."""
        return self.load()


@dataclass(frozen=True, slots=True)
class FolderSubject:
    """The whole prompts folder.

    Attributes:
        paths: every file below it.
        used: the files that are part of some prompt.
        texts: the prompts, by name.
        context: the context.
    """

    paths: tuple[str, ...]
    used: frozenset[str]
    texts: Mapping[str, PromptText] = field(default_factory=dict)
    context: CheckContext = field(default_factory=CheckContext)


@dataclass(frozen=True, slots=True)
class IgnoreSubject:
    """The `ignore` table of one prompt after everything else has been checked.

    Attributes:
        prompt: the prompt.
        used: the check ids for which the table suppressed a finding.
        known: every check id that can be ignored.
    """

    prompt: PromptSubject
    used: frozenset[str]
    known: frozenset[str]


class PromptCheck(Protocol):
    """The interface of a check of one prompt."""

    def check(self, subject: PromptSubject) -> Iterator[Problem]:
        """Yield what is wrong with the prompt."""


class FileCheck(Protocol):
    """The interface of a check of one file."""

    def check(self, subject: FileSubject) -> Iterator[Problem]:
        """Yield what is wrong with the file."""


class FolderCheck(Protocol):
    """The interface of a check of the whole prompts folder."""

    def check(self, subject: FolderSubject) -> Iterator[Problem]:
        """Yield what is wrong with the folder."""


class IgnoreCheck(Protocol):
    """The interface of a check of a prompt's `ignore` table."""

    def check(self, subject: IgnoreSubject) -> Iterator[Problem]:
        """Yield what is wrong with the table."""


def find_comments(text: str) -> Iterator[tuple[int, int]]:
    """Return start and end of each closed template comment, in one pass."""
    start = text.find("{#")
    while start >= 0:
        end = text.find("#}", start + 2)
        if end < 0:
            return
        yield start, end + 2
        start = text.find("{#", end + 2)


_FENCE = re.compile(r"^[ \t]{0,12}(`{3,}+|~{3,}+)", re.MULTILINE)
_INLINE_CODE = re.compile(r"`[^`\n]{1,300}`")


def find_fences(text: str) -> Iterator[tuple[int, int]]:
    """Return the spans of fenced code by CommonMark: a fence is closed by an equally long one, or
    the end.
    """
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]):
            yield opened.start(), fence.end()
            opened = None
    if opened is not None:
        yield opened.start(), len(text)


def blank_code(text: str) -> str:
    """Return the text with code and template comments replaced by spaces; lines keep their
    lengths.
    """
    spans = [*find_fences(text), *find_comments(text)]
    spans += [match.span() for match in _INLINE_CODE.finditer(text)]
    for start, end in spans:
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text


def find_place(text: str, first_line: int, start: int, end: int) -> Position:
    """Return the position of `text[start:end]`, which is on one line."""
    line = text.count("\n", 0, start)
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Position(first_line + line, column, first_line + line, column + end - start)


def route_names(subject: PromptSubject) -> Iterator[tuple[list[str | int], str]]:
    """Yield each name that a route's condition reads, with the condition's path in the
    frontmatter.
    """
    routes = subject.closure.document.data.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        condition = route.get("when") if isinstance(route, dict) else None
        if isinstance(condition, str):
            from promptops.prompt.template import analyze

            # An invalid expression is a fault of form, reported elsewhere.
            source = f"{{% if {condition} %}}{{% endif %}}"
            for name in analyze(subject.path, source, partial=True).undeclared:
                yield ["routes", index, "when"], name


def model_places(data: Mapping[str, Any]) -> Iterator[tuple[list[str | int], str]]:
    """Yield each model that frontmatter names, with its path in the frontmatter."""
    found: list[tuple[list[str | int], object]] = [(["model"], data.get("model"))]
    for key in ("fallbacks", "routes"):
        items = data.get(key)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                found.append(([key, index, "model"], item.get("model")))
            else:
                found.append(([key, index], item))
    escalate, choose = data.get("escalate"), data.get("choose")
    if isinstance(escalate, dict):
        found.append((["escalate", "model"], escalate.get("model")))
    among = choose.get("among") if isinstance(choose, dict) else None
    for index, item in enumerate(among if isinstance(among, list) else ()):
        found.append((["choose", "among", index], item))
    for place, model in found:
        if isinstance(model, str):
            yield place, model


_Scope: TypeAlias = tuple[tuple[str, frozenset[str]], ...]


def read_uses(subject: PromptSubject) -> Iterator[tuple[str, Use, str | None, frozenset[str]]]:
    """Yield every read of an input, in partials once for each include.

    Yields the file, the use, the role of the enclosing message (None in a prompt that opens no
    message), and the prompt's inputs in the value.
    """
    pending: list[tuple[str, str | None, _Scope]] = [(subject.path, None, ())]
    seen: set[tuple[str, str | None, _Scope]] = set()
    while pending:
        step = pending.pop()
        path, role, scope = step
        analysis = subject.analyses.get(path)
        if analysis is None or step in seen:
            continue
        seen.add(step)
        origins = dict(scope)
        for use in analysis.uses:
            sources = origins.get(use.name, frozenset((use.name,)))
            yield path, use, use.role or role, sources
        for include in analysis.includes:
            inner = {
                name: frozenset().union(*(origins.get(one, frozenset((one,))) for one in found))
                for name, found in include.scope.items()
            }
            merged = tuple(sorted({**origins, **inner}.items(), key=lambda item: item[0]))
            pending.append((include.path, include.role or role, merged))
