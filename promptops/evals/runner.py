"""Run an eval: all trials of all samples, concurrently, within the cost limit."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from promptops.evals.asking import Asker
from promptops.evals.cap import CapError
from promptops.evals.cluster import ClusterError
from promptops.evals.result import EvalResult, SampleOutcome, SuiteRunResult, Trial
from promptops.evals.spool import SpooledSamples, TrialSpool
from promptops.evals.tape import MissingError, TapePlace
from promptops.evals.trial import (
    BASELINE,
    CHANGE,
    Case,
    IncomparableError,
    Scoring,
    describe_error,
    render_ahead,
    run_trial,
)
from promptops.prompt.suite.packing import count_trials
from promptops.runtime.guards.refusal import GuardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promptops.evals.preparation import Preparation, SuitePart
    from promptops.evals.question import AskingTools
    from promptops.evals.result import SampleResult
    from promptops.prompt.suite import Sample

INTERRUPTED = "it was interrupted"
_TELL_SECONDS = 0.05


class _Job(NamedTuple):
    """One trial of one sample with one model, for both states.

    Attributes:
        part: the suite.
        model: the model to ask.
        sample: the sample.
        number: the trial's number, from 1.
        at: the index of its result in the suite.
    """

    part: SuitePart
    model: str
    sample: Sample
    number: int
    at: int


class EvalProgress(NamedTuple):
    """The progress of a run.

    Attributes:
        done: the number of finished trials, those of the baseline included.
        total: the number of all trials, those of the baseline included.
        failed: the number of finished trials of the change that did not pass.
        errors: the number of finished trials of the change with an error.
        spent_micros: the cost so far, in micro-dollars.
        seconds: the duration so far.
        limit: the current limit of concurrent trials.
        is_over: whether the run has ended.
    """

    done: int
    total: int
    failed: int
    errors: int
    spent_micros: int
    seconds: float
    limit: int
    is_over: bool = False


class _PartState:
    """The state of one suite: its trials by index, and the samples without a baseline."""

    def __init__(self, part: SuitePart) -> None:
        trials, self.width = count_trials(part.samples)
        self.total = trials * len(part.models)
        self.results_count = len(part.models) * len(part.samples)
        self.sides = 1 if part.baseline is None else 2
        self.spool = TrialSpool(self.results_count * self.width * self.sides)
        self.apart = bytearray(self.results_count)

    def put(self, job: _Job, trial: Trial, side: str) -> None:
        """Store a trial. Baseline trials have indexes after all others."""
        at = job.at + (self.results_count if side == BASELINE else 0)
        self.spool.put(at * self.width + job.number - 1, trial)

    def results(self, part: SuitePart) -> Sequence[SampleResult]:
        """Return the suite's results: built at once if few, else on access."""
        found = SpooledSamples(
            part.samples,
            part.models,
            self.spool,
            self.width,
            self.apart,
            has_baseline=part.baseline is not None,
        )
        return tuple(found) if self.spool.is_loose else found


@dataclass(slots=True)
class _RunnerState:
    """The state of a run."""

    total: int
    started: float
    parts: dict[int, _PartState]
    done: int = 0
    failed: int = 0
    errors: int = 0
    told: float = 0.0
    stopped: str = ""

    def describe(self, tools: AskingTools) -> EvalProgress:
        """Return the progress so far."""
        return EvalProgress(
            self.done,
            self.total,
            self.failed,
            self.errors,
            tools.cost_cap.spent,
            time.monotonic() - self.started,
            tools.pace.limit,
        )


async def run_evals(
    preparation: Preparation,
    tools: AskingTools,
    scoring: Callable[[Asker, asyncio.AbstractEventLoop], Callable[[SuitePart], Scoring]],
    *,
    workers: int,
    on_progress: Callable[[EvalProgress], None] = lambda _progress: None,
) -> EvalResult:
    """Execute a prepared run. After an interruption (Ctrl-C), return the finished trials.

    Args:
        preparation: the prepared run.
        tools: everything that asking needs.
        scoring: makes the context of a suite's checks.
        workers: the number of concurrent trials.
        on_progress: called after trials, at most twenty times a second, and at the end.
    """
    asker = Asker(tools)
    scoring_of = scoring(asker, asyncio.get_running_loop())
    parts = {id(part): _PartState(part) for part in preparation.parts}
    total = sum(one.total * one.sides for one in parts.values())
    state = _RunnerState(total, time.monotonic(), parts)
    jobs = _list_jobs(preparation, parts)
    scorings = {part.suite.path: scoring_of(part) for part in preparation.parts}

    async def work() -> None:
        for job in jobs:
            if state.stopped:
                return
            async with tools.pace:
                await _run_job(job, asker, scorings[job.part.suite.path], state)
            taken = time.monotonic() - state.started
            if taken - state.told >= _TELL_SECONDS:
                state.told = taken
                on_progress(state.describe(tools))

    tasks = [asyncio.create_task(work()) for _ in range(min(workers, max(total, 1)))]
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        state.stopped = INTERRUPTED
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await tools.models.aclose()
        if tools.log is not None:
            await tools.log.aclose()
        on_progress(state.describe(tools)._replace(is_over=True))
    return EvalResult(
        tuple(_collect(part, parts[id(part)]) for part in preparation.parts),
        tools.cost_cap.spent,
        tools.cost_cap.unpriced,
        asker.calls,
        asker.replayed,
        time.monotonic() - state.started,
        state.stopped,
        preparation.shard,
    )


def _list_jobs(preparation: Preparation, parts: Mapping[int, _PartState]) -> Iterator[_Job]:
    """Yield all trials: first those numbered 1, so that a partial run has all samples."""
    for part in preparation.parts:
        states = [one for one in (part.change, part.baseline) if one is not None]
        for number in range(1, parts[id(part)].width + 1):
            for index, model in enumerate(part.models):
                numbered = enumerate(part.samples, index * len(part.samples))
                wanted = (one for one in numbered if number <= one[1].trials)
                for at, sample in render_ahead(wanted, states, itemgetter(1)):
                    yield _Job(part, model, sample, number, at)


async def _run_job(job: _Job, asker: Asker, scoring: Scoring, state: _RunnerState) -> None:
    part, model, sample, number, at = job
    own = state.parts[id(part)]
    baseline: Trial | None = None
    trial = Trial(number, SampleOutcome.MISSING)
    for side, resolved in ((BASELINE, part.baseline), (CHANGE, part.change)):
        if resolved is None:
            continue
        asked = part.baseline_model if side == BASELINE and part.baseline_model else model
        place = TapePlace(sample.name, asked, side)
        answers = (
            None if baseline is None or baseline.error else (*baseline.earlier, baseline.answer)
        )
        try:
            asked_as = number + (part.baseline_offset if side == BASELINE else 0)
            case = Case(
                resolved,
                sample,
                part.tape,
                place,
                asked_as,
                answers,
                part.follows,
                part.is_baseline,
            )
            trial = await run_trial(asker, scoring, case)
            if asked_as != number:
                trial = trial._replace(number=number)
        except IncomparableError:
            own.apart[at] = 1
            continue
        except MissingError as error:
            what = describe_error(error)
            trial = Trial(number, SampleOutcome.MISSING, error=what, stage="cassette")
        except (CapError, ClusterError, GuardError) as error:
            state.stopped = state.stopped or error.message
            return
        own.put(job, trial, side)
        if side == BASELINE:
            baseline = trial
    state.done += own.sides
    state.failed += trial.outcome is SampleOutcome.FAILED
    state.errors += trial.outcome in {SampleOutcome.ERROR, SampleOutcome.MISSING}


def _collect(part: SuitePart, state: _PartState) -> SuiteRunResult:
    return SuiteRunResult(
        part.suite.path,
        part.digest,
        part.suite.prompt,
        part.change_state,
        state.results(part),
        part.baseline_state,
        part.no_baseline,
        part.suite.thresholds,
    )
