"""Decide what an eval run consists of, before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.errors import NotFoundError, PromptopsError, UsageError, quote
from promptops.evals.result import State
from promptops.evals.suites import Suites
from promptops.evals.tape import Tape, read_cassette
from promptops.prompt.reference import PromptRef, parse_selector
from promptops.prompt.suite.reading import CASSETTE
from promptops.runtime.lookup import resolve_selected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.suite import Sample, Suite
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import ResolvedPrompt

NONE = "none"
"""What `--against` says for no baseline."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for.

    Attributes:
        names: the prompts, or the files of suites; empty: all.
        at: the state that is judged; None: the work tree.
        against: the baseline; None: what is live, else the latest release; NONE: nothing.
        models: the models to ask; empty: the suite's, else the prompt's own.
        shard: which part of the samples, as (number, of how many).
        only: the names of the only samples to run; empty: all.
    """

    names: tuple[str, ...] = ()
    at: str | None = None
    against: str | None = None
    models: tuple[str, ...] = ()
    shard: tuple[int, int] = (1, 1)
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One suite of a run.

    Attributes:
        suite: the suite.
        digest: of its file and all that it takes samples from.
        change: the state that is judged.
        change_state: the same in words.
        baseline: what it is compared with; None: nothing.
        baseline_state: the same in words.
        no_baseline: why it is compared with nothing.
        models: the models to ask.
        samples: the samples to run; of a shard, its own.
        tape: recorded answers.
        cassette: the path of the suite's cassette, from the repository's top.
    """

    suite: Suite
    digest: str
    change: ResolvedPrompt
    change_state: State
    models: tuple[str, ...]
    samples: tuple[Sample, ...]
    tape: Tape
    cassette: str
    baseline: ResolvedPrompt | None = None
    baseline_state: State | None = None
    no_baseline: str = ""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything that an eval run consists of.

    Attributes:
        parts: one for each suite.
        has_cassettes: whether every suite has a cassette.
        shard: which part of all samples it is.
    """

    parts: tuple[Part, ...]
    has_cassettes: bool
    shard: tuple[int, int] = (1, 1)
    judges: tuple[ResolvedPrompt, ...] = field(default=())


def prepare(repository: Repository, choice: Choice) -> Preparation:
    """Find and read everything that a run needs.

    Raises:
        NotFoundError: a prompt, a suite or the named baseline does not exist.
        InvalidPromptError, InvalidSuiteError: one of them cannot be used.
        UsageError: there is nothing to run.
        TapeError: a cassette cannot be read.
    """
    suites = Suites(repository)
    top = repository.require_work_tree()
    number, count = choice.shard
    parts: list[Part] = []
    found_names: set[str] = set()
    position = 0
    has_cassettes = True
    for found in suites.find(choice.names):
        change, change_state = _resolve(repository, found.prompt, choice.at or "working")
        suite, digest = suites.load(found, change.prompt)
        baseline, baseline_state, why = _find_baseline(repository, found.prompt, choice, change)
        samples = [one for one in suite.samples if not choice.only or one.name in choice.only]
        found_names.update(one.name for one in samples)
        mine = []
        for sample in samples:
            if position % count == number - 1:
                mine.append(sample)
            position += 1
        path = f"{found.path.rpartition('.')[0]}{CASSETTE}"
        data = (top / path).read_bytes() if (top / path).is_file() else None
        has_cassettes = has_cassettes and data is not None
        tape = Tape(path) if data is None else read_cassette(path, data, found.prompt)
        models = choice.models or suite.models or (change.model,)
        parts.append(
            Part(
                suite,
                digest,
                change,
                change_state,
                models,
                tuple(mine),
                tape,
                path,
                baseline,
                baseline_state,
                why,
            )
        )
    unknown = [name for name in choice.only if name not in found_names]
    if unknown:
        raise NotFoundError(
            f"no suite has a sample {quote(unknown[0])}",
            hint="names of samples are unique in a suite; --sample takes the whole name",
        )
    if not any(part.samples for part in parts):
        raise UsageError(
            "there are no samples to run",
            hint=f"there are only {position}: use fewer shards" if count > 1 else None,
        )
    return Preparation(tuple(parts), has_cassettes, choice.shard)


def _resolve(repository: Repository, name: str, at: str) -> tuple[ResolvedPrompt, State]:
    resolved = resolve_selected(repository, PromptRef(name, parse_selector(at)))
    placement = resolved.placement
    if placement is not None:
        label = f"{resolved.version} ({placement.environment}, deployment {placement.deployment})"
    elif resolved.commit is None:
        label = "work tree"
    else:
        label = resolved.version
    return resolved, State(label, resolved.version, resolved.digest)


def _find_baseline(
    repository: Repository, name: str, choice: Choice, change: ResolvedPrompt
) -> tuple[ResolvedPrompt | None, State | None, str]:
    """Return what a change is compared with, or why with nothing."""
    if choice.against == NONE:
        return None, None, "no baseline was asked for"
    tried: Sequence[str] = (
        (choice.against,) if choice.against else (repository.config.default_environment, "latest")
    )
    for at in tried:
        try:
            baseline, state = _resolve(repository, name, at)
        except PromptopsError as error:
            # Only where nobody named it may it be missing.
            if choice.against or not isinstance(error, NotFoundError):
                raise
            continue
        if baseline.digest == change.digest:
            return None, None, f"it is the same as the baseline, {state.label}"
        return baseline, state, ""
    return None, None, "nothing is live or released"
