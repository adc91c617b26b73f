"""Draft a prompt with schemas and a suite, by a model, from a description."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.checks.engine import validate_prompts
from promptops.errors import (
    ConfigurationError,
    InvalidPromptError,
    InvalidSuiteError,
    RefusedError,
)
from promptops.evals.asking import Asker
from promptops.evals.cap import CapReachedError
from promptops.evals.opening import open_tools
from promptops.evals.plan import plan_questions
from promptops.evals.question import QuestionPlace
from promptops.evals.scenarios.asking import DraftWriter
from promptops.evals.scenarios.drafting import FOLDER, DraftSample, write_draft
from promptops.evals.specification.answer import (
    ANSWER,
    PromptHeading,
    take_samples,
    write_prompt_file,
)
from promptops.evals.tape import Tape, TapePlace
from promptops.files import read_file
from promptops.prompt.closure import collect_closure
from promptops.prompt.finding import Severity
from promptops.prompt.inputs import InputValidator, input_schemas
from promptops.prompt.prompt import load_prompt
from promptops.prompt.reference import parse_ref
from promptops.prompt.suite.reading import NO_FILES, load_suite
from promptops.repository.new_prompt import find_author, refuse_taken
from promptops.repository.prices import Prices
from promptops.repository.repository import OverlaidFiles
from promptops.repository.steps import ScaffoldStep, place_file, write_new
from promptops.runtime.lookup import resolve_selected
from promptops.runtime.models import Models
from promptops.runtime.resolution import ResolvedPrompt
from promptops.runtime.run.output import OutputError, read_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.evals.plan import EvalPlan
    from promptops.evals.question import Asked
    from promptops.prompt.prompt import Prompt
    from promptops.repository.repository import Repository

MAX_DESCRIPTION = 100_000
ENDING = ".spec.yaml"
_BUILT_IN = "promptops/draft"
_INPUTS = ("name", "description")
_QUESTIONS = 2
_MAX_PROBLEMS = 10
_MAX_PROBLEM = 400


class Specification(NamedTuple):
    """The specification of a draft.

    Attributes:
        name: the name of the new prompt.
        description: its task, in plain language.
        model: the model that the new prompt names.
    """

    name: str
    description: str
    model: str


class SpecificationDraft(NamedTuple):
    """A valid draft.

    Attributes:
        prompt: the prompt's file.
        suite: the suite's file.
        samples: the number of its samples.
        left_out: a line for each rejected sample.
        repaired: the faults of the first answer; empty if it was valid.
        calls: the number of requests.
        spent_micros: their known cost, in micro-dollars.
        is_priced: whether all costs are known.
    """

    prompt: str
    suite: str
    samples: int
    left_out: tuple[str, ...]
    repaired: tuple[str, ...]
    calls: int
    spent_micros: int
    is_priced: bool


class _UnusableError(Exception):
    """An answer cannot be used; each argument is a line with a reason."""


class _Parts(NamedTuple):
    prompt: str
    loaded: Prompt
    samples: list[DraftSample]
    left_out: list[str]


def find_drafter(repository: Repository, ref: str | None, model: str | None) -> DraftWriter:
    """Return the prompt that drafts prompts, and the model to ask.

    Args:
        repository: the repository.
        ref: its ref; None: the package's own prompt.
        model: the model; None: the prompt's own.

    Raises:
        ConfigurationError: the prompt has no inputs for a name and a description.
        PromptopsError: it cannot be resolved, or the model's name is invalid.
    """
    resolved = _load_built_in() if ref is None else resolve_selected(repository, parse_ref(ref))
    schemas = input_schemas(resolved.inputs)
    more = [name for name in schemas if name not in _INPUTS and "default" not in schemas[name]]
    if more or not set(_INPUTS) <= schemas.keys():
        raise ConfigurationError(
            f"{resolved.name} cannot draft prompts: its inputs are not name and description",
            hint="remove --prompt to use the built-in one",
        )
    name = model or resolved.model
    Models(repository.config.models, root=repository.require_work_tree()).get(name)
    return DraftWriter(resolved, name)


def plan_specification(
    repository: Repository, writer: DraftWriter, specification: Specification
) -> EvalPlan:
    """Return the maximum cost of a draft: one question, and one to repair the answer.

    Raises:
        RefusedError: an output file already exists.
        UsageError: the name is invalid.
    """
    refuse_taken(repository, specification.name)
    suite = place_file(repository, _suite_path(repository, specification.name))
    if suite.exists():
        raise RefusedError(
            f"{_suite_path(repository, specification.name)} already exists",
            hint="move it away, or choose another name",
        )
    most = writer.resolved.prompt.request_parameters.get("max_tokens")
    return plan_questions(
        writer.resolved,
        _make_inputs(specification),
        writer.model,
        Prices(repository.config.models),
        times=_QUESTIONS,
        extra_tokens=(most if isinstance(most, int) else 0) + _MAX_PROBLEM * _MAX_PROBLEMS,
    )


def draft_from_description(
    repository: Repository,
    writer: DraftWriter,
    specification: Specification,
    *,
    max_cost: int | None,
    describe: Callable[[list[str]], str],
) -> SpecificationDraft:
    """Ask a model for a draft; ask again once if the answer is unusable. Writes no files.

    Args:
        repository: the repository.
        writer: the drafting prompt and the model.
        specification: the specification.
        max_cost: the cost limit in micro-dollars; None: that of `[eval]`.
        describe: returns a line on the draft's origin, given the models that answered.

    Raises:
        RefusedError: no answer was usable, or the cap was reached.
        CapError: there is a cap, and the maximum cost of a call is unknown.
        ModelError, GuardError: no model answered.
    """
    tools = open_tools(repository, max_cost)
    served: dict[str, None] = {}
    heading = PromptHeading(find_author(repository), specification.model, "")

    def read(asked: Asked) -> _Parts:
        served[asked.answer.served_model or writer.model] = None
        return _read(
            repository, specification.name, asked, heading._replace(origin=describe([*served]))
        )

    async def ask() -> tuple[_Parts, tuple[str, ...], int]:
        asker = Asker(tools)
        try:
            return (*await _ask_twice(asker, writer, specification, read), asker.calls)
        finally:
            await tools.models.aclose()

    try:
        parts, repaired, calls = asyncio.run(ask())
    except CapReachedError as error:  # there is nothing to resume
        raise RefusedError(error.message, hint="raise --max-cost") from error
    finally:
        if tools.guards is not None:
            tools.guards.close()
    suite = write_draft(parts.loaded, parts.samples, describe([*served]))
    cap = tools.cost_cap
    return SpecificationDraft(
        parts.prompt,
        suite,
        len(parts.samples),
        tuple(parts.left_out),
        repaired,
        calls,
        cap.spent,
        cap.unpriced == 0,
    )


def write_specification(
    repository: Repository, name: str, draft: SpecificationDraft | None
) -> list[ScaffoldStep]:
    """Write a draft's files, or with None only list them. Existing files are never overwritten."""
    prompt, suite = ("", "") if draft is None else (draft.prompt, draft.suite)
    is_dry = draft is None
    path = f"{repository.config.prompts}/{name}.md"
    return [
        write_new(repository, path, prompt, dry_run=is_dry),
        write_new(repository, _suite_path(repository, name), suite, dry_run=is_dry),
    ]


async def _ask_twice(
    asker: Asker, writer: DraftWriter, wanted: Specification, read: Callable[[Asked], _Parts]
) -> tuple[_Parts, tuple[str, ...]]:
    place = QuestionPlace(Tape("draft"), TapePlace("draft", writer.model, ""), 1)
    asked = await asker.start(writer.resolved, _make_inputs(wanted), place)
    try:
        return read(asked), ()
    except _UnusableError as error:
        problems = _shorten(error.args)
    lines = "\n".join(f"- {one}" for one in problems)
    again = [
        *asked.messages,
        {"role": "assistant", "content": asked.answer.text or "(nothing)"},
        {
            "role": "user",
            "content": f"That cannot be used. Write the whole of it again, without:\n\n{lines}",
        },
    ]
    asked = await asker.go_on(asked, again, place._replace(trial=2))
    try:
        return read(asked), problems
    except _UnusableError as error:
        found = _shorten(error.args)
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise RefusedError(
            f"what {writer.model} wrote cannot be used, even after a retry: {found[0]}{more}",
            hint="nothing was written; add details to the description, or use another model "
            "with --writer",
        ) from error


def _read(repository: Repository, name: str, asked: Asked, heading: PromptHeading) -> _Parts:
    """Return the parts of a valid draft. Raises _UnusableError if the answer is invalid."""
    try:
        answer: Any = read_data(asked.answer, ANSWER)
    except OutputError as error:
        raise _UnusableError(*filter(None, [error.message, error.hint])) from error
    text = write_prompt_file(answer, heading)
    path = f"{name}.md"
    files = OverlaidFiles(repository.working, {path: text.encode("utf-8", "replace")})
    found = validate_prompts(files, repository.config, [name], added=[path]).findings
    faults = [one for one in found if one.severity is Severity.ERROR]
    if faults:
        raise _UnusableError(
            *(f"{one.message}{f' ({one.hint})' if one.hint else ''}" for one in faults)
        )
    closure = collect_closure(name, files.read)
    assert closure is not None  # noqa: S101 - its file is there
    try:
        prompt = load_prompt(closure)
    except InvalidPromptError as error:
        raise _UnusableError(error.message) from error
    samples, left_out = take_samples(prompt, answer)
    if not samples:
        raise _UnusableError(*left_out)
    _check_suite(repository, prompt, samples)
    return _Parts(text, prompt, samples, left_out)


def _check_suite(repository: Repository, prompt: Prompt, samples: list[DraftSample]) -> None:
    path = _suite_path(repository, prompt.name)
    data = write_draft(prompt, samples, "").encode("utf-8", "replace")
    try:
        load_suite(path, data, NO_FILES, InputValidator(prompt.inputs))
    except InvalidSuiteError as error:
        raise _UnusableError(error.message) from error


def _load_built_in() -> ResolvedPrompt:
    """Return the drafting prompt in the package."""

    def read(path: str) -> bytes | None:
        if path != f"{_BUILT_IN}.md":
            return None
        return read_file(Path(__file__).with_name("draft.md"))

    closure = collect_closure(_BUILT_IN, read)
    assert closure is not None  # noqa: S101 - the package has it
    prompt = load_prompt(closure)
    return ResolvedPrompt(_BUILT_IN, prompt, None, "the package")


def _make_inputs(wanted: Specification) -> Mapping[str, Any]:
    return {"name": wanted.name, "description": wanted.description}


def _suite_path(repository: Repository, name: str) -> str:
    return f"{repository.config.evals}/{FOLDER}/{name}{ENDING}"


def _shorten(problems: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one[:_MAX_PROBLEM] for one in problems[:_MAX_PROBLEMS])
