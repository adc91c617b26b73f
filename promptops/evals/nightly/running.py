"""Run the suites of live prompts, and compare each with its earlier nights.

A suite that looks worse or blocked is run a second time; it is an alarm only if it fails both
times. A trial that ends in an error never counts as passed. With more errors than the suite's
threshold allows, the night cannot be judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promptops.delivery.environments import require_head
from promptops.errors import NotFoundError, PromptopsError, quote
from promptops.evals.nightly.branch import name_night
from promptops.evals.nightly.comparing import (
    NightAlarm,
    choose_references,
    find_changes,
    with_reference,
)
from promptops.evals.nightly.record import (
    ALARM,
    BLOCKED,
    PASSED,
    UNKNOWN,
    WORSE,
    NightRecord,
    summarize,
)
from promptops.evals.opening import find_judge, run
from promptops.evals.outcome import Exit, SuiteRules, judge_suite
from promptops.evals.preparation import NONE, Preparation, SuiteChoice, prepare
from promptops.evals.question import Mode
from promptops.evals.requirements import check_requirements
from promptops.evals.result import ReasonKind, SampleOutcome
from promptops.evals.suites import Suites
from promptops.evals.verdict import Conclusion, describe
from promptops.git.message import one_line
from promptops.runtime.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.evals.nightly.branch import NightHistory
    from promptops.evals.nightly.comparing import Reference
    from promptops.evals.nightly.record import NightModel
    from promptops.evals.opening import EvalOptions
    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.preparation import SuitePart
    from promptops.evals.result import EvalResult, SampleResult, SuiteRunResult
    from promptops.evals.runner import EvalProgress
    from promptops.repository.repository import Repository

_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class NightOutcome:
    """The outcome of one suite with one model in a night.

    Attributes:
        outcome: the comparison with the latest good night.
        result: its summary for the history.
        alarms: the reasons for an alert.
        faults: why it could not be judged.
        notes: further information.
        reference: the night it was compared with; None for a first night.
        example: the first sample that is worse or fails, and why; None without an alarm about one.
    """

    outcome: SuiteOutcome
    result: NightModel
    alarms: tuple[NightAlarm, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reference: str | None = None
    example: tuple[str, str] | None = None

    @property
    def suite(self) -> SuiteRunResult:
        """The suite's result."""
        return self.outcome.suite


@dataclass(frozen=True, slots=True)
class NightReport:
    """The results of a night.

    Attributes:
        environment: the environment.
        night: its date.
        outcomes: every suite with every model.
        records: the records for the history.
        left_out: suites of live prompts that could not be run, each with the reason.
        result: the run, for reports.
        unwatched: live prompts without a suite.
    """

    environment: str
    night: str
    outcomes: tuple[NightOutcome, ...]
    records: tuple[NightRecord, ...]
    left_out: tuple[tuple[str, str], ...]
    result: EvalResult
    unwatched: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """The exit code: 2 if something could not be judged, else 1 for an alarm, else 0."""
        if self.left_out or self.result.stopped or any(one.faults for one in self.outcomes):
            return Exit.UNKNOWN
        return Exit.BLOCKED if any(one.alarms for one in self.outcomes) else Exit.PASSED


class NightPlan:
    """The suites of the prompts that are live in an environment.

    Args:
        repository: a repository with a work tree.
        names: prompts or suite files; empty: all live prompts.
        environment: the environment.

    Raises:
        NotFoundError: nothing is live, or no live prompt has a suite.
    """

    def __init__(self, repository: Repository, names: Sequence[str], environment: str) -> None:
        self.environment = environment
        self.left_out: list[tuple[str, str]] = []
        live = require_head(repository, environment).state.entries
        found = Suites(repository).find(names)
        chosen = [one for one in found if one.prompt in live]
        missing = sorted({one.prompt for one in found} - set(live)) if names else []
        if missing or not chosen:
            what = quote(missing[0]) if missing else "no prompt with an eval suite"
            raise NotFoundError(
                f"{what} is {'not ' if missing else ''}live in {environment}",
                hint="run promptops list --live to see what is live; create suites with "
                "promptops new",
            )
        suites = {one.prompt for one in found}
        self.unwatched = () if names else tuple(name for name in sorted(live) if name not in suites)
        parts: list[SuitePart] = []
        for one in chosen:
            try:
                shown = _prepare(repository, one.path, environment)
                check_requirements(repository, shown, allows_python=True)
                parts += shown
                # If traffic is split, each version has separate nights.
                for version in map(str, live[one.prompt].versions):
                    if version not in {part.change.version for part in shown}:
                        parts += _prepare(repository, one.path, version)
            except PromptopsError as error:
                # The suite is from the work tree; the live version may have other inputs.
                self.left_out.append((one.path, error.message))
        self.preparation = Preparation(tuple(parts), has_cassettes=False)
        judges = {part.suite.path: find_judge(repository, part) for part in parts}
        self.judges = {path: None if one is None else one.digest for path, one in judges.items()}


def _prepare(repository: Repository, path: str, at: str) -> tuple[SuitePart, ...]:
    return prepare(repository, SuiteChoice((path,), at=at, against=NONE)).parts


def run_night(
    repository: Repository,
    plan: NightPlan,
    options: EvalOptions,
    history: NightHistory,
    on_progress: Callable[[EvalProgress], None],
    *,
    clock: Callable[[], float],
    night: str | None = None,
    accepts: bool = False,
) -> NightReport:
    """Run all suites of a plan and judge them.

    Args:
        repository: the repository.
        plan: the suites to run.
        options: the run's options; answers always come from models.
        history: the earlier nights.
        on_progress: called after every trial.
        clock: returns seconds since 1970.
        night: the date of the results; None: today in UTC.
        accepts: whether tonight becomes the new reference, whatever its results.
    """
    night = night or name_night(clock())
    if not plan.preparation.parts:
        return _report_nothing(plan, night)
    options = replace(options, mode=Mode.LIVE)

    def ask(parts: Sequence[SuitePart], spent: int) -> EvalResult:
        cap = options.max_cost
        left = options if cap is None else replace(options, max_cost=max(0, cap - spent))
        preparation = replace(plan.preparation, parts=tuple(parts))
        choice = SuiteChoice(tuple(one.suite.path for one in parts), at=plan.environment)
        return run(repository, preparation, choice, left, on_progress)

    result = ask(plan.preparation.parts, 0)
    records = [
        NightRecord(
            plan.environment,
            night,
            int(clock()),
            suite.path,
            suite.digest,
            suite.prompt,
            suite.change.version,
            suite.change.digest,
            plan.judges[suite.path],
            (),
            accepts,
            _count_cost(suite),
        )
        for suite in result.suites
    ]
    looks = [
        _look(suite, model, record, history)
        for suite, record in zip(result.suites, records, strict=True)
        for model in suite.models
    ]
    doubted = {_key(one.suite) for one in looks if one.is_doubted}
    again = None
    if doubted and not result.stopped and not accepts:
        parts = [
            one
            for one in plan.preparation.parts
            if (one.suite.path, one.change_state.digest) in doubted
        ]
        again = ask(parts, result.cost_micros)
        result = replace(
            result,
            cost_micros=result.cost_micros + again.cost_micros,
            calls=result.calls + again.calls,
            unpriced=result.unpriced + again.unpriced,
            seconds=result.seconds + again.seconds,
        )
    outcomes = [_conclude(one, again, accepts=accepts) for one in looks]
    kept = [
        replace(
            record,
            models=tuple(
                one.result for one in outcomes if _key(one.suite) == (record.suite, record.digest)
            ),
        )
        for record in records
    ]
    return NightReport(
        plan.environment,
        night,
        tuple(outcomes),
        tuple(kept),
        tuple(plan.left_out),
        replace(result, suites=tuple(one.suite for one in outcomes)),
        plan.unwatched,
    )


def _report_nothing(plan: NightPlan, night: str) -> NightReport:
    from promptops.evals.result import EvalResult

    return NightReport(plan.environment, night, (), (), tuple(plan.left_out), EvalResult(()))


def _count_cost(suite: SuiteRunResult) -> int:
    return sum(trial.cost_micros or 0 for one in suite.samples for trial in one.trials)


@dataclass(frozen=True, slots=True)
class _FirstLook:
    """A suite with one model after the night's first run.

    Attributes:
        outcomes: the comparison with each reference; one without a baseline if there is none.
        references: the earlier nights to compare with; may be empty.
        record: tonight's record, still without results.
        result: its summary for the history.
        changes: alarms for new names of served models and configurations.
    """

    outcomes: tuple[SuiteOutcome, ...]
    references: tuple[Reference, ...]
    record: NightRecord
    result: NightModel
    changes: tuple[NightAlarm, ...]

    @property
    def suite(self) -> SuiteRunResult:
        return self.outcomes[0].suite

    @property
    def is_doubted(self) -> bool:
        return any(_blocks(one) for one in self.outcomes)


def _blocks(outcome: SuiteOutcome) -> list[str]:
    return [one.text for one in outcome.reasons if one.gravity is ReasonKind.BLOCKS]


def _look(
    suite: SuiteRunResult, model: str, record: NightRecord, history: NightHistory
) -> _FirstLook:
    earlier = history.of_suite(record.environment, record.suite)
    result = summarize(suite, model)
    references = choose_references(earlier, record, model)
    known: list[Reference | None] = [*references] or [None]
    judged = [with_reference(suite, model, one) for one in known]
    return _FirstLook(
        tuple(judge_suite(one, model, SuiteRules()) for one in judged),
        tuple(references),
        record,
        result,
        tuple(find_changes(earlier, record, result)),
    )


def _conclude(look: _FirstLook, again: EvalResult | None, *, accepts: bool) -> NightOutcome:
    """Judge a suite with one model by its first run and, if it was repeated, by the second."""
    first, model = look.outcomes[0], look.result.model
    alarms = list(look.changes)
    notes: list[str] = []
    faults = list(
        dict.fromkeys(
            one.text
            for outcome in look.outcomes
            for one in outcome.reasons
            if one.gravity is ReasonKind.UNKNOWN
        )
    )
    example = None
    second = None if again is None else _find_suite(again, look.suite)
    for index, outcome in enumerate(look.outcomes):
        blocked = _blocks(outcome)
        if not blocked:
            continue
        reference = look.references[index] if look.references else None
        if second is not None:
            twice = judge_suite(with_reference(second, model, reference), model, SuiteRules())
            # If it could not be repeated, it stays an alarm.
            if not _blocks(twice) and twice.exit is not Exit.UNKNOWN:
                notes.append(f"{blocked[0]}; it passed when run again")
                continue
        found = _to_alarms(outcome, None if reference is None else reference.night)
        alarms += [one for one in found if one not in alarms]
        example = example or _find_example(outcome)
    if accepts:
        notes += [f"accepted: {one.text}" for one in alarms]
        alarms = []
    state = UNKNOWN if faults else ALARM if alarms else PASSED
    kinds = tuple(dict.fromkeys(one.kind for one in alarms))
    if example is None and alarms:
        example = _find_example(first)
    return NightOutcome(
        first,
        replace(look.result, state=state, alarms=kinds),
        tuple(alarms),
        tuple(faults),
        tuple(notes),
        look.references[0].night if look.references else None,
        example,
    )


def _find_suite(result: EvalResult, suite: SuiteRunResult) -> SuiteRunResult | None:
    """Return the same suite, with the same version, in another run."""
    return next((one for one in result.suites if _key(one) == _key(suite)), None)


def _key(suite: SuiteRunResult) -> tuple[str, str]:
    return suite.path, suite.change.digest


def _to_alarms(outcome: SuiteOutcome, night: str | None) -> list[NightAlarm]:
    verdict = outcome.verdict
    said = None if verdict is None else describe(verdict)
    alarms = []
    if verdict is not None and verdict.finding is Conclusion.WORSE:
        alarms.append(NightAlarm(WORSE, f"compared with the night of {night}: {said}"))
    alarms += [NightAlarm(BLOCKED, text) for text in _blocks(outcome) if text != said]
    return alarms


def _find_example(outcome: SuiteOutcome) -> tuple[str, str] | None:
    """Return the first sample that is worse than before, else the first failing one, with the
    reason.
    """
    samples = {one.name: one for one in outcome.suite.samples}
    verdict = outcome.verdict
    names = [] if verdict is None else [one.name for one in verdict.regressions]
    names += [name for name, one in samples.items() if one.outcome is SampleOutcome.FAILED]
    return (one_line(names[0]), _explain(samples[names[0]])) if names else None


def _explain(sample: SampleResult) -> str:
    for trial in sample.trials:
        for check in trial.checks:
            if not check.is_met:
                # A reason may quote the answer; keep it on one line.
                return redact(one_line(f"{check.label}: {check.reason}"))[:_MAX_REASON]
    return "it fails"
