"""What checks look at: one prompt, one file, or the whole prompts folder."""

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
    """Return None, whatever is asked for."""


class CostLimits(NamedTuple):
    """Which limits of the configuration the cost of a prompt's runs must be known for.

    Attributes:
        spending: the limit on spending, as it is called in the configuration; None without one.
        tokens: the limit on tokens, likewise.
    """

    spending: str | None
    tokens: str | None


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a prompt is judged against beside its own files.

    Attributes:
        list_names: lists every prompt of the folder, which takes a while where there are many.
        owners: the owners of the file at a path below the prompts folder, as CODEOWNERS has them;
            None where nothing is known about owners.
        suites: the paths of all eval suites, from the repository's top; None where there is no
            folder of them.
        default_suite: the path of a prompt's suite unless its frontmatter names another.
        read_suite: the text of the suite at such a path.
        fewest_samples: how many samples each suite must have.
        list_live: the environments in which each prompt is live, by name; None where nothing is
            known about environments.
        find_limits: the limits that hold for a prompt's runs, by its name; None without any.
        is_free: whether a model costs nothing; None where its price is not known.
    """

    list_names: Callable[[], frozenset[str]] = frozenset
    owners: Callable[[str], Sequence[str]] | None = None
    suites: frozenset[str] | None = None
    default_suite: Callable[[str], str] = "evals/{}.yaml".format
    read_suite: Callable[[str], str] = str
    fewest_samples: int = 0
    list_live: Callable[[], Mapping[str, Sequence[str]]] | None = None
    find_limits: Callable[[str], CostLimits | None] = know_nothing
    is_free: Callable[[str], bool | None] = know_nothing


@dataclass(frozen=True, slots=True)
class PromptSubject:
    """One prompt whose form is right enough to be looked into.

    Attributes:
        closure: its files.
        analyses: what each template of the closure says, by path.
        context: what lies around it.
        inputs: the declared inputs; empty where they are not a mapping.
        untrusted: the inputs that are declared as untrusted.
    """

    closure: Closure
    analyses: Mapping[str, Analysis]
    context: CheckContext = field(default_factory=CheckContext)
    inputs: Mapping[str, Any] = field(init=False)
    untrusted: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Look up once what most checks ask for."""
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
        """Whether every template could be read to its end."""
        return not any(
            problem.kind in {"syntax", "nesting", "too-large"}
            for analysis in self.analyses.values()
            for problem in analysis.problems
        )

    def input_schema(self, name: str) -> Mapping[str, Any]:
        """Return what is declared of an input, a type name written out; empty where nothing is."""
        declared = self.inputs.get(name)
        if isinstance(declared, str):
            return {"type": declared}
        return declared if isinstance(declared, dict) else {}

    def find_suite(self) -> str | None:
        """Return the path of the prompt's eval suite; None when there is none."""
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
        path: where it is.
        text: what it says, newlines normalised.
        data: its bytes as they are.
        body_start: where the text after the frontmatter begins; 0 in a file without.
    """

    path: str
    text: str
    data: bytes = b""
    body_start: int = 0
    _starts: list[int] = field(default_factory=list, compare=False, repr=False)

    def position(self, start: int, end: int) -> Position:
        """Return where `text[start:end]` stands; a byte order mark takes no column."""
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


class PromptText(NamedTuple):
    """What the folder's checks see of each prompt, valid or not.

    Attributes:
        path: its file.
        body: the text after the frontmatter.
        body_line: the line on which that begins.
        model: the model as declared.
        evals: the path of its eval suite, where the frontmatter names one.
        draft: where the frontmatter says that it is a draft; None for any other.
    """

    path: str
    body: str
    body_line: int
    model: str
    evals: str | None
    draft: Position | None


@dataclass(frozen=True, slots=True)
class FolderSubject:
    """The whole prompts folder.

    Attributes:
        paths: every file below it.
        used: the files that are part of some prompt.
        texts: the prompts, by name.
        context: what lies around the folder.
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
        used: the check ids whose findings the table kept quiet.
        known: every check id that can be ignored.
    """

    prompt: PromptSubject
    used: frozenset[str]
    known: frozenset[str]


class PromptCheck(Protocol):
    """A module that judges one prompt."""

    def check(self, subject: PromptSubject) -> Iterator[Problem]:
        """Yield what is wrong with the prompt."""


class FileCheck(Protocol):
    """A module that judges one file."""

    def check(self, subject: FileSubject) -> Iterator[Problem]:
        """Yield what is wrong with the file."""


class FolderCheck(Protocol):
    """A module that judges the whole prompts folder."""

    def check(self, subject: FolderSubject) -> Iterator[Problem]:
        """Yield what is wrong with the folder."""


class IgnoreCheck(Protocol):
    """A module that judges what a prompt ignores."""

    def check(self, subject: IgnoreSubject) -> Iterator[Problem]:
        """Yield what is wrong with the table."""


def find_comments(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each template comment that is closed, in one pass over the text."""
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
    """Fenced code, as CommonMark has it: a fence ends with one as long, or with the text."""
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
    """Return the text with as many spaces in the place of code and template comments; lines
    stay.
    """
    spans = [*find_fences(text), *find_comments(text)]
    spans += [match.span() for match in _INLINE_CODE.finditer(text)]
    for start, end in spans:
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text


def find_place(text: str, first_line: int, start: int, end: int) -> Position:
    """Return where `text[start:end]`, which is on one line, stands in a file."""
    line = text.count("\n", 0, start)
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Position(first_line + line, column, first_line + line, column + end - start)


def route_names(subject: PromptSubject) -> Iterator[tuple[list[str | int], str]]:
    """Yield each name that a route's condition reads, with the condition's place in the
    frontmatter.
    """
    routes = subject.closure.document.data.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        condition = route.get("when") if isinstance(route, dict) else None
        if isinstance(condition, str):
            from promptops.prompt.template import analyze

            # Whatever is no expression is a fault of form and gives no names.
            source = f"{{% if {condition} %}}{{% endif %}}"
            for name in analyze(subject.path, source, partial=True).undeclared:
                yield ["routes", index, "when"], name


def model_places(subject: PromptSubject) -> Iterator[tuple[list[str | int], str]]:
    """Yield each model that the frontmatter names, with its place there."""
    data = subject.closure.document.data
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
    """Yield every place where an input is read, partials included, for each way in which it is
    reached.

    Gives the file, the place, the role of the message around it (None in a prompt that opens no
    message), and the inputs of the prompt from which the value comes.
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
