"""The results of an eval run: plain data for verdicts and reports.

`records` writes them as JSON and reads them, so that shards can be merged.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.prompt.suite.suite import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# Tolerance, so that 2 of 3 reaches 0.6666... despite rounding.
_ROUNDING = 1e-9


class SampleOutcome(StrEnum):
    """The outcome of a trial or a sample.

    ERROR: unknown, because a model or a scorer failed. MISSING: it was not run.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One check of one trial.

    Attributes:
        label: the check's name in the suite, such as `not_contains`.
        score: from 0 to 1; None if it was skipped after a cheaper check failed.
        is_met: whether the check passes.
        reason: why, in a sentence.
    """

    label: str
    score: float | None
    is_met: bool
    reason: str


class Trial(NamedTuple):
    """One execution of a sample.

    Attributes:
        number: from 1.
        outcome: the outcome.
        score: the weighted mean of its checks; None without an answer.
        answer: the last answer's text.
        checks: the outcome of each check.
        error: the error message, for ERROR.
        stage: where it failed: `render`, `call`, `score`.
        cost_micros: the cost of its calls, in micro-dollars; None if unknown.
        latency_seconds: the duration of its calls; None if unknown.
        is_replayed: whether every answer came from a cassette.
        response_id: the provider's id of the last answer, or None.
        served_model: the model name in the last answer.
        answered_by: the model that gave the last answer, if it is not the result's model but a
            fallback or the choice of a route or of candidates.
        is_degraded: whether it answered because the first choice failed.
        fingerprint: the provider's name of the configuration that answered, or None.
        earlier: the answers to the turns before the last one.
    """

    number: int
    outcome: SampleOutcome
    score: float | None = None
    answer: str = ""
    checks: tuple[CheckOutcome, ...] = ()
    error: str | None = None
    stage: str | None = None
    cost_micros: int | None = None
    latency_seconds: float | None = None
    is_replayed: bool = False
    response_id: str | None = None
    served_model: str | None = None
    answered_by: str | None = None
    is_degraded: bool = False
    fingerprint: str | None = None
    earlier: tuple[str, ...] = ()

    @property
    def answers(self) -> str:
        """All answers, for people: one, or those of a conversation."""
        return "\n\n".join((*self.earlier, self.answer))


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample with one model, for the change and for the baseline.

    Attributes:
        name: the sample's name.
        model: the model that was asked.
        tags: the sample's tags.
        needed: the number of trials that must pass.
        trials: the trials of the change.
        baseline: the trials of the baseline; may be empty.
        inputs: the values of the prompt's inputs.
    """

    name: str
    model: str
    tags: tuple[str, ...]
    needed: int
    trials: tuple[Trial, ...]
    baseline: tuple[Trial, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The inputs as texts: texts unchanged, other values as JSON."""
        return [
            (name, one if isinstance(one, str) else json.dumps(one, ensure_ascii=False))
            for name, one in self.inputs.items()
        ]

    @property
    def outcome(self) -> SampleOutcome:
        """The outcome of the sample with the change."""
        return decide(self.trials, self.needed)

    @property
    def baseline_outcome(self) -> SampleOutcome | None:
        """The outcome with the baseline; None without one."""
        return decide(self.baseline, self.needed) if self.baseline else None

    @property
    def share(self) -> float | None:
        """The share of passed trials among the judged ones."""
        return _share(self.trials)

    @property
    def baseline_share(self) -> float | None:
        """The share of passed trials with the baseline."""
        return _share(self.baseline)

    @property
    def score(self) -> float | None:
        """The mean score of its trials."""
        return _score(self.trials)


def decide(trials: Sequence[Trial], needed: int) -> SampleOutcome:
    """Return PASSED or FAILED if the judged trials decide it; else ERROR if a trial had an error,
    else MISSING.
    """
    passed = sum(trial.outcome is SampleOutcome.PASSED for trial in trials)
    failed = sum(trial.outcome is SampleOutcome.FAILED for trial in trials)
    if passed >= needed:
        return SampleOutcome.PASSED
    if trials and len(trials) - failed < needed:
        return SampleOutcome.FAILED
    return (
        SampleOutcome.ERROR
        if any(one.outcome is SampleOutcome.ERROR for one in trials)
        else SampleOutcome.MISSING
    )


def _share(trials: Sequence[Trial]) -> float | None:
    judged = [one for one in trials if one.outcome in {SampleOutcome.PASSED, SampleOutcome.FAILED}]
    if not judged:
        return None
    return sum(one.outcome is SampleOutcome.PASSED for one in judged) / len(judged)


def _score(trials: Sequence[Trial]) -> float | None:
    scores = [one.score for one in trials if one.score is not None]
    return sum(scores) / len(scores) if scores else None


@dataclass(frozen=True, slots=True)
class TrialState:
    """A state of a prompt that was run.

    Attributes:
        label: its description: `work tree`, `1.2.0 (production, deployment 4)`.
        version: the version in its frontmatter.
        digest: the digest of its closure.
    """

    label: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class SuiteRunResult:
    """The result of one suite.

    Attributes:
        path: the suite's file.
        digest: the digest of the suite and its files of samples.
        prompt: the prompt's name.
        change: the judged state.
        baseline: the baseline, or None.
        no_baseline: why there is no baseline; "" if there is one.
        thresholds: the suite's required shares.
        samples: every sample with every model.
    """

    path: str
    digest: str
    prompt: str
    change: TrialState
    samples: Sequence[SampleResult]
    baseline: TrialState | None = None
    no_baseline: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that were asked, in order."""
        known: tuple[str, ...] | None = getattr(self.samples, "models", None)
        return known or tuple(dict.fromkeys(one.model for one in self.samples))

    def of_model(self, model: str) -> Iterable[SampleResult]:
        """Return the results of one model. There may be many, so iterate over them."""
        if self.models == (model,):
            return self.samples
        return _OfModel(self.samples, model)


class _OfModel:
    """The results of one model, filtered from those of all; can be iterated repeatedly."""

    def __init__(self, samples: Sequence[SampleResult], model: str) -> None:
        self._samples = samples
        self._model = model

    def __iter__(self) -> Iterator[SampleResult]:
        return (one for one in self._samples if one.model == self._model)


@dataclass(frozen=True, slots=True)
class EvalResult:
    """The result of an eval run.

    Attributes:
        suites: the result of each suite.
        cost_micros: the cost, in micro-dollars; replayed answers cost nothing.
        unpriced: the number of calls with unknown cost.
        calls: the number of calls.
        replayed: the number of answers from cassettes.
        seconds: its duration.
        stopped: why it stopped early; "" if it did not.
        shard: the part of all samples, as (number, count).
    """

    suites: tuple[SuiteRunResult, ...]
    cost_micros: int = 0
    unpriced: int = 0
    calls: int = 0
    replayed: int = 0
    seconds: float = 0.0
    stopped: str = ""
    shard: tuple[int, int] = (1, 1)


class ReasonKind(StrEnum):
    """The effect of a reason on the exit code."""

    BLOCKS = "blocks"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class VerdictReason:
    """A reason why a suite is blocked or could not be judged, or a remark."""

    gravity: ReasonKind
    text: str


def count_samples(suite: SuiteRunResult, model: str) -> SampleTally:
    """Count the samples and trials of one model for verdicts and reports."""
    tally = SampleTally(suite.thresholds)
    outlines: Callable[[str], Iterable[SampleResult]] | None
    outlines = getattr(suite.samples, "outlines", None)
    for sample in suite.of_model(model) if outlines is None else outlines(model):
        tally.add(sample)
    return tally


def find_reasons(
    suite: SuiteRunResult, model: str, tally: SampleTally | None = None
) -> list[VerdictReason]:
    """Check the thresholds and `must` samples of one model; return reasons, errors first."""
    tally = tally or count_samples(suite, model)
    if not tally.all.total:
        return [VerdictReason(ReasonKind.UNKNOWN, "no sample was run")]
    reasons = list(_find_unjudged(suite, model, tally))
    overall = suite.thresholds.overall
    is_compared = tally.without_baseline < tally.all.total
    if overall is None and not is_compared and not suite.thresholds.tags:
        # Without threshold and baseline, all samples must pass.
        overall = 1.0
    for tag, least in [(None, overall), *suite.thresholds.tags.items()]:
        ground = None if least is None else _threshold(tally.shares[tag], tag, least)
        if ground is not None:
            reasons.append(ground)
    if tally.lost:
        names = ", ".join(f"'{name}'" for name in tally.lost[:_MAX_NAMES])
        more = " and more" if tally.lost[_MAX_NAMES:] else ""
        text = f"samples that must pass fail: {names}{more}"
        reasons.append(VerdictReason(ReasonKind.BLOCKS, text))
    return reasons


_MAX_NAMES = 3


@dataclass(slots=True)
class _TrialSide:
    """Counts of one side's trials: all, unjudged, and those that another model answered."""

    trials: int = 0
    errors: int = 0
    missing: int = 0
    others: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def add(self, trials: Sequence[Trial]) -> None:
        self.trials += len(trials)
        for trial in trials:
            if trial.answered_by is not None:
                self.others[trial.answered_by, trial.is_degraded] += 1
            self.errors += trial.outcome is SampleOutcome.ERROR
            self.missing += trial.outcome is SampleOutcome.MISSING


@dataclass(slots=True)
class _SampleShare:
    """Counts of the samples to which a threshold applies."""

    total: int = 0
    passed: int = 0
    failed: int = 0

    def add(self, outcome: SampleOutcome) -> None:
        self.total += 1
        self.passed += outcome is SampleOutcome.PASSED
        self.failed += outcome is SampleOutcome.FAILED


class SampleTally:
    """The counts for verdicts, collected sample by sample.

    Attributes:
        shares: the counts of all samples (key None), and of each tag with a threshold.
        change: the counts of the change's trials.
        baseline: the counts of the baseline's trials.
        without_baseline: the number of samples without baseline trials.
        lost: the names of samples that must pass and fail.
        has_repeats: whether several trials of a sample share one answer of the provider.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self.all = _SampleShare()
        self.shares: dict[str | None, _SampleShare] = {None: self.all}
        self.shares.update((tag, _SampleShare()) for tag in thresholds.tags)
        self.change, self.baseline = _TrialSide(), _TrialSide()
        self.without_baseline = 0
        self.lost: list[str] = []
        self.has_repeats = False

    def add(self, sample: SampleResult) -> None:
        """Count a sample."""
        outcome = sample.outcome
        self.all.add(outcome)
        for tag in sample.tags:
            if tag in self.shares:
                self.shares[tag].add(outcome)
        self.change.add(sample.trials)
        self.baseline.add(sample.baseline)
        self.without_baseline += not sample.baseline
        is_lost = outcome is SampleOutcome.FAILED and "must" in sample.tags
        if is_lost and sample.baseline_outcome in {None, SampleOutcome.PASSED}:
            self.lost.append(sample.name)
        if len(sample.trials) > 1 and not self.has_repeats:
            self.has_repeats = bool(_find_repeated(sample))


def _find_unjudged(
    suite: SuiteRunResult, model: str, tally: SampleTally
) -> Iterator[VerdictReason]:
    """Yield reasons why trials were not judged, or are not independent."""
    for side, label in ((tally.change, ""), (tally.baseline, " of the baseline")):
        if side.errors:
            is_much = side.errors / side.trials > suite.thresholds.errors + _ROUNDING
            text = f"{side.errors} of {side.trials} trials{label} ended in an error"
            yield VerdictReason(ReasonKind.UNKNOWN if is_much else ReasonKind.NOTE, text)
        if side.missing:
            were = "was" if side.missing == 1 else "were"
            text = f"{side.missing} of {side.trials} trials{label} {were} not run"
            yield VerdictReason(ReasonKind.UNKNOWN, text)
        for (other, is_degraded), count in sorted(side.others.items()):
            why = "since a model before it failed" if is_degraded else "which the prompt chose"
            were = "was" if count == 1 else "were"
            text = f"{count} of {side.trials} trials{label} {were} answered by {other}, {why}"
            yield VerdictReason(ReasonKind.NOTE, text)
    copied = _count_copied(suite.of_model(model)) if tally.has_repeats else 0
    if copied:
        text = f"the trials of {copied} samples are identical copies: a cache answers them"
        yield VerdictReason(ReasonKind.UNKNOWN, text)
    if suite.baseline is not None and tally.without_baseline:
        of = f"{tally.without_baseline} of {tally.all.total} samples"
        yield VerdictReason(
            ReasonKind.NOTE, f"{of} cannot be compared: the baseline has other inputs"
        )


def _find_repeated(sample: SampleResult) -> set[str]:
    """Return the ids of provider answers that several trials of a sample share."""
    named = [one.response_id for one in sample.trials if one.response_id is not None]
    return {name for name in named if named.count(name) > 1}


def _count_copied(samples: Iterable[SampleResult]) -> int:
    """Count the samples of which several trials share one provider answer (by its id).

    Such trials are not independent. An id that different samples share is ignored.
    """
    repeated = {name for one in samples for name in _find_repeated(one)}
    owners = Counter(
        name
        for one in samples
        for name in {trial.response_id for trial in one.trials} & repeated
        if name is not None
    )
    return sum(any(owners[name] == 1 for name in _find_repeated(one)) for one in samples)


def _threshold(share: _SampleShare, tag: str | None, least: float) -> VerdictReason | None:
    """Check a threshold; return why it is missed, or open because of undecided samples."""
    of = "samples" if tag is None else f"samples tagged '{tag}'"
    total = share.total
    if not total:
        return VerdictReason(ReasonKind.UNKNOWN, f"there are no {of}")
    if share.passed / total >= least - _ROUNDING:
        return None
    text = f"{share.passed} of {total} {of} pass, which is below the threshold of {least:.0%}"
    if (total - share.failed) / total < least - _ROUNDING:
        return VerdictReason(ReasonKind.BLOCKS, text)
    open_ones = total - share.passed - share.failed
    are = "is" if open_ones == 1 else "are"
    return VerdictReason(ReasonKind.UNKNOWN, f"{text}; {open_ones} {are} undecided")
