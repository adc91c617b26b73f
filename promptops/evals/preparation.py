"""Prepare an eval run: choose suites, samples, models and baselines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from promptops.errors import InvalidSuiteError, NotFoundError, PromptopsError, UsageError, quote
from promptops.evals.result import TrialState
from promptops.evals.routes import follow_routes, list_reached, may_ask
from promptops.evals.scorers.registry import cost_of
from promptops.evals.scorers.scorer import Cost
from promptops.evals.suites import Suites
from promptops.evals.tape import Tape, read_cassette
from promptops.evals.trial import side_inputs
from promptops.files import read_file
from promptops.prompt.closure import collect_closure
from promptops.prompt.reference import PromptRef, parse_ref, parse_selector
from promptops.prompt.suite.packing import pack_samples
from promptops.prompt.suite.reading import CASSETTE
from promptops.repository.repository import PlacedFiles
from promptops.runtime.comparison import describe_state
from promptops.runtime.lookup import resolve_selected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.evals.suites import FoundSuite
    from promptops.prompt.suite import Sample, Suite
    from promptops.prompt.suite.suite import Check
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import ResolvedPrompt

NONE = "none"
"""The value of `--against` for no baseline."""


@dataclass(frozen=True, slots=True)
class SuiteChoice:
    """The user's choice of suites.

    Attributes:
        names: the prompts or suite files; empty: all.
        at: the state to judge; None: the work tree.
        against: the baseline; None: the live version, else the latest release; NONE: no baseline.
        models: the models; empty: the suite's, else the prompt's own.
        shard: the part of the samples, as (number, count).
        only: the names of the only samples to run; empty: all.
        changed_since: only suites touched since this revision; None: all.
        using: judge the live prompts that name this model; None: not requested.
        instead: the model that replaces the one in `using`.
        environment: the environment for `using`; None: the default one.
        is_noise: whether a state is compared with itself, with separate answers for each side.
    """

    names: tuple[str, ...] = ()
    at: str | None = None
    against: str | None = None
    models: tuple[str, ...] = ()
    shard: tuple[int, int] = (1, 1)
    only: tuple[str, ...] = ()
    changed_since: str | None = None
    using: str | None = None
    instead: str | None = None
    environment: str | None = None
    is_noise: bool = False


def check_choice(choice: SuiteChoice) -> None:
    """Raise UsageError if the choice is contradictory."""
    for option, value in (("--at", choice.at), ("--against", choice.against)):
        if value is not None and "@" in value:
            raise UsageError(
                f"{option} takes a selector alone, not {quote(value)}",
                hint=f"write {option} {value.rpartition('@')[2]}",
            )
    if (choice.using is None) != (choice.instead is None):
        raise UsageError(
            "--using and --instead must be used together",
            hint="write --using openai/gpt-4o --instead openai/gpt-5",
        )
    if choice.using is None:
        if choice.environment is not None:
            raise UsageError("--env needs --using", hint="use --at ENV to run what is live there")
        return
    if choice.at or choice.against or choice.models or choice.changed_since:
        raise UsageError(
            "--using compares two models on what is live",
            hint="remove --at, --against, --models and --changed",
        )
    if choice.using == choice.instead:
        raise UsageError("--using and --instead name the same model", hint="name two")


@dataclass(frozen=True, slots=True)
class SuitePart:
    """One suite of a run.

    Attributes:
        suite: the suite.
        digest: the digest of its file and its files of samples.
        change: the judged state.
        change_state: its description.
        baseline: the baseline, or None.
        baseline_state: its description.
        no_baseline: why there is no baseline.
        models: the models.
        samples: the samples to run, only the shard's.
        tape: recorded answers.
        cassette: the path of the suite's cassette, from the repository's top.
        baseline_model: the baseline's model; None: the same.
        baseline_offset: added to the trial numbers of the baseline, so that both sides get separate
            answers to the same request.
        follows: whether each side asks the models that its prompt chooses, as in production;
            otherwise `models` alone.
        uses_more: whether a check may need a library, a model or a file.
        is_baseline: whether the judged state is itself the baseline, so that it is asked only once.
    """

    suite: Suite
    digest: str
    change: ResolvedPrompt
    change_state: TrialState
    models: tuple[str, ...]
    samples: Sequence[Sample]
    tape: Tape
    cassette: str
    baseline: ResolvedPrompt | None = None
    baseline_state: TrialState | None = None
    no_baseline: str = ""
    baseline_model: str | None = None
    baseline_offset: int = 0
    follows: bool = False
    uses_more: bool = False
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything that an eval run consists of.

    Attributes:
        parts: one for each suite.
        has_cassettes: whether every suite has a cassette.
        shard: the part of all samples.
        warnings: remarks for the user, one sentence each.
    """

    parts: tuple[SuitePart, ...]
    has_cassettes: bool
    shard: tuple[int, int] = (1, 1)
    warnings: tuple[str, ...] = ()


class NothingTouchedError(PromptopsError):
    """No suite is touched by the changes."""

    page = "docs/evals.md"


def prepare(repository: Repository, choice: SuiteChoice) -> Preparation:
    """Find and read everything that a run needs.

    Raises:
        NotFoundError: a prompt, a suite or the named baseline does not exist.
        NothingTouchedError: only touched suites were requested, and there are none.
        InvalidPromptError, InvalidSuiteError: a prompt or suite is invalid.
        UsageError: there is nothing to run.
        TapeError: a cassette is unreadable.
    """
    suites = Suites(repository)
    found = suites.find(choice.names)
    warnings: list[str] = []
    if choice.changed_since is not None:
        found = find_touched(repository, suites, found, choice.changed_since)
        if not found:
            raise NothingTouchedError(f"no change since {choice.changed_since} affects a suite")
    if choice.using is not None:
        found, warnings = _find_using(repository, found, choice)
    parts = _make_parts(repository, suites, found, choice, warnings)
    _check_names(choice.only, parts)
    parts = _deal(parts, choice.shard)
    if not any(part.samples for part in parts):
        raise UsageError("there are no samples to run", hint="use fewer shards")
    return Preparation(
        tuple(parts), all(len(part.tape) for part in parts), choice.shard, tuple(warnings)
    )


def _make_parts(
    repository: Repository,
    suites: Suites,
    found: Sequence[FoundSuite],
    choice: SuiteChoice,
    warnings: list[str],
) -> list[SuitePart]:
    parts: list[SuitePart] = []
    chosen = [(one, version) for one in found for version in _versions(repository, one, choice)]
    for one, version in chosen:
        try:
            part = _make_part(repository, suites, one, choice, version)
            # Versions of one prompt share its cassette.
            tape = next((each.tape for each in parts if each.cassette == part.cassette), part.tape)
            part = replace(part, tape=tape)
            parts += (
                [part] if choice.using is None else _select_reaching(repository, part, warnings)
            )
        except InvalidSuiteError as error:
            # The suite is from the work tree, and the live version may have other inputs.
            if choice.using is None:
                raise
            warnings.append(f"{one.prompt} is left out: {error.message}")
    if choice.using is not None and not parts:
        raise UsageError(f"no suite uses {quote(choice.using)}", hint="; ".join(warnings))
    return parts


def _versions(
    repository: Repository, found: FoundSuite, choice: SuiteChoice
) -> Sequence[str | None]:
    """Return the versions to run a suite with; several if `--using` selects split traffic."""
    if choice.using is None:
        return (None,)
    return _list_asking(repository, found.prompt, choice)


def _check_names(names: Sequence[str], parts: Sequence[SuitePart]) -> None:
    """Raise NotFoundError for a name that no sample has."""
    unknown = set(names)
    if unknown:
        unknown -= {one.name for part in parts for one in part.samples}
    if unknown:
        raise NotFoundError(
            f"no suite has a sample {quote(min(unknown))}",
            hint="pass the full name of a sample with --sample",
        )


def _deal(parts: Sequence[SuitePart], shard: tuple[int, int]) -> list[SuitePart]:
    """Return a shard's samples, distributed round-robin over all shards."""
    number, count = shard
    if count == 1:
        return list(parts)
    dealt = []
    position = 0
    for part in parts:
        first = (number - 1 - position) % count
        mine = pack_samples(islice(part.samples, first, None, count))
        dealt.append(replace(part, samples=mine))
        position += len(part.samples)
    return dealt


def _make_part(
    repository: Repository,
    suites: Suites,
    found: FoundSuite,
    choice: SuiteChoice,
    version: str | None,
) -> SuitePart:
    name = found.prompt
    at = choice.at or "working"
    if choice.using is not None:
        at = choice.environment or repository.config.default_environment
    change, change_state = _resolve(repository, name, at, version)
    suite, digest = suites.load(found, change.prompt)
    _check_judge(repository, found, suite)
    baseline: ResolvedPrompt | None
    is_baseline = False
    if choice.using is not None:
        assert choice.instead is not None  # noqa: S101 - the two come together
        baseline, why = change, ""
        baseline_state: TrialState | None = _with_model(change_state, choice.using)
        change_state = _with_model(change_state, choice.instead)
        models: tuple[str, ...] = (choice.instead,)
    elif choice.is_noise:
        baseline, why = change, ""
        baseline_state = replace(change_state, label=f"{change_state.label}, once more")
        models = choice.models or suite.models or (change.model,)
    else:
        baseline, baseline_state, why = _find_baseline(repository, name, choice)
        if baseline_state is not None and baseline_state.digest == change.digest:
            why = f"it is the same as the baseline, {baseline_state.label}"
            baseline, baseline_state, is_baseline = None, None, True
        models = choice.models or suite.models or (change.model,)
    follows = choice.using is None and not choice.models and not suite.models
    baseline_model = choice.using
    if follows and baseline is not None and baseline.model != change.model:
        assert baseline_state is not None  # noqa: S101 - it comes with the baseline
        baseline_model = baseline.model
        baseline_state = _with_model(baseline_state, baseline.model)
        change_state = _with_model(change_state, change.model)
    path = f"{found.path.rpartition('.')[0]}{CASSETTE}"
    file = repository.require_work_tree() / path
    tape = read_cassette(path, read_file(file), name) if file.exists() else Tape(path)
    return SuitePart(
        suite,
        digest,
        change,
        change_state,
        models,
        suite.samples
        if not choice.only
        else tuple(one for one in suite.samples if one.name in choice.only),
        tape,
        path,
        baseline,
        baseline_state,
        why,
        baseline_model,
        max(one.trials for one in suite.samples) if choice.is_noise else 0,
        follows,
        found.uses_more,
        is_baseline,
    )


def _check_judge(repository: Repository, found: FoundSuite, suite: Suite) -> None:
    """Raise UsageError if a check needs a judge and there is none."""
    if not found.uses_judge or suite.judge or repository.config.eval.judge:
        return

    def asks(check: Check) -> bool:
        return cost_of(check) is Cost.JUDGE

    for sample in suite.samples:
        if any(map(asks, list_checks(sample))):
            raise UsageError(
                f"{found.path}: checks of {quote(sample.name)} need a judge, and there is none",
                hint="set judge in the suite or in [eval] to the prompt that judges",
            )


def list_checks(sample: Sample) -> tuple[Check, ...]:
    """Return all checks of a sample, those of its turns included."""
    return (*sample.checks, *(one for turn in sample.turns for one in turn.checks))


def _select_reaching(
    repository: Repository, part: SuitePart, warnings: list[str]
) -> list[SuitePart]:
    """Restrict a suite of `--using` to the samples for which its model may be asked."""
    if "routes" not in part.change.data:
        return [part]
    model = part.baseline_model or ""

    def reaches(sample: Sample) -> bool:
        inputs = side_inputs(part.change, sample, is_baseline=False)
        try:
            reached = follow_routes(part.change, inputs, _find_in(repository))
        except PromptopsError:
            # The run reports the error.
            return True
        return model in reached.list_models()

    kept = [one for one in part.samples if reaches(one)]
    name = part.suite.prompt
    if not kept:
        warnings.append(f"{name} is left out: the routes of its samples never lead to {model}")
        return []
    left = len(part.samples) - len(kept)
    if left:
        warnings.append(
            f"{left} of {len(part.samples)} samples of {name} are left out:"
            f" their routes do not lead to {model}"
        )
    return [replace(part, samples=pack_samples(iter(kept)))]


def _find_in(repository: Repository) -> Callable[[str], ResolvedPrompt]:
    return lambda ref: resolve_selected(repository, parse_ref(ref))


def _resolve(
    repository: Repository, name: str, at: str, version: str | None = None
) -> tuple[ResolvedPrompt, TrialState]:
    resolved = resolve_selected(repository, PromptRef(name, parse_selector(at)), version)
    return resolved, TrialState(describe_state(resolved), resolved.version, resolved.digest)


def _with_model(state: TrialState, model: str) -> TrialState:
    return replace(state, label=f"{state.label} with {model}")


def _find_baseline(
    repository: Repository, name: str, choice: SuiteChoice
) -> tuple[ResolvedPrompt | None, TrialState | None, str]:
    """Return the baseline, or why there is none."""
    if choice.against == NONE:
        return None, None, "no baseline was requested"
    tried: Sequence[str] = (
        (choice.against,) if choice.against else (repository.config.default_environment, "latest")
    )
    for at in tried:
        try:
            baseline, state = _resolve(repository, name, at)
        except PromptopsError as error:
            # It may be missing only if the user did not name it.
            if choice.against or not isinstance(error, NotFoundError):
                raise
            continue
        return baseline, state, ""
    return None, None, "nothing is live or released"


def find_touched(
    repository: Repository, suites: Suites, found_suites: Sequence[FoundSuite], base: str
) -> list[FoundSuite]:
    """Return the suites that changes since `base` touch: themselves, or their prompts.

    A change of a partial or schema touches the prompt. A change of a file of samples, a function,
    the judge prompt or a prompt that a route leads to touches the suite.
    """
    commit = _common_commit(repository, base)
    before = repository.at(commit)
    working = repository.working
    tops = [one.beside("") if isinstance(one, PlacedFiles) else None for one in (before, working)]

    def is_touched(name: str) -> bool:
        old, new = collect_closure(name, before.read), collect_closure(name, working.read)
        if old is None or new is None:
            return old is not new
        return old.compute_digest() != new.compute_digest()

    def is_other(path: str) -> bool:
        old, new = (None if top is None else top.read(path) for top in tops)
        return old != new

    touched = []
    for one in found_suites:
        names = {one.prompt, *_list_routed(repository, one.prompt)}
        files = suites.list_files(one)
        judge = one.judge or repository.config.eval.judge
        if judge is not None and one.uses_judge:
            names.add(judge.partition("@")[0])
        if any(map(is_other, files)) or any(map(is_touched, names)):
            touched.append(one)
    return touched


def _common_commit(repository: Repository, base: str) -> str:
    """Return the merge base of the work tree's commit."""
    from promptops.git.changes import require_merge_base

    git = repository.git
    return require_merge_base(git, git.resolve_commit(base), "HEAD")


def _list_routed(repository: Repository, name: str) -> list[str]:
    """Return the work tree's prompts to which a prompt's routes lead."""
    try:
        reached = list_reached(_resolve(repository, name, "working")[0], _find_in(repository))
        return [one.name for one in reached if one.commit is None]
    except PromptopsError:
        # The run says what is wrong with it.
        return []


def _find_using(
    repository: Repository, found: Sequence[FoundSuite], choice: SuiteChoice
) -> tuple[list[FoundSuite], list[str]]:
    """Return the suites of all live prompts that use the model, and those prompts without one."""
    from promptops.delivery.environments import live_names

    model = choice.using or ""
    environment = choice.environment or repository.config.default_environment
    wanted = {one.prompt for one in found}
    live = live_names(repository, environment)
    names = [name for name in live if _list_asking(repository, name, choice)]
    if not names:
        raise NotFoundError(
            f"no live prompt in {environment} uses the model {quote(model)}",
            hint="run promptops list --live to see what is live",
        )
    without = [] if choice.names else [name for name in names if name not in wanted]
    warnings = [f"{name} uses {model} and has no eval suite" for name in without]
    chosen = [one for one in found if one.prompt in names]
    if not chosen:
        raise NotFoundError(
            f"no prompt that uses {quote(model)} has an eval suite", hint="; ".join(warnings)
        )
    return chosen, warnings


def _list_asking(repository: Repository, name: str, choice: SuiteChoice) -> list[str]:
    """Return the live versions of a prompt that may ask the model of `--using`."""
    from promptops.delivery.environments import require_head

    environment = choice.environment or repository.config.default_environment
    live = map(str, require_head(repository, environment).state.entries[name].versions)
    find = _find_in(repository)
    return [
        one
        for one in live
        if may_ask(_resolve(repository, name, environment, one)[0], choice.using or "", find)
    ]
