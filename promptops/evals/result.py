"""What came of an eval run: plain records, from which every verdict and report is made.

They go to JSON and come back (`records`), so that shards can be merged into one verdict.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.prompt.suite.suite import Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A share such as 2 of 3 reaches 0.6666..., whatever the last bit says.
_ROUNDING = 1e-9


class SampleOutcome(StrEnum):
    """How a trial, or a sample, came out.

    ERROR: nobody can say, because a model or a scorer failed. MISSING: it was not run.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One check of one trial.

    Attributes:
        label: the check as the suite has it, such as `not_contains`.
        score: from 0 to 1; None where it was not asked, since a cheaper check had failed.
        is_met: whether the check passes.
        reason: why, in a sentence.
    """

    label: str
    score: float | None
    is_met: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One of the k executions of a sample.

    Attributes:
        number: from 1.
        outcome: how it came out.
        score: the weighted mean of its checks; None without an answer.
        answer: the last answer's words.
        checks: what each check said.
        error: what went wrong, for ERROR.
        stage: where: `render`, `call`, `score`.
        cost_micros: what its calls cost; None where that is unknown.
        latency_seconds: how long its calls took; None where that is unknown.
        is_replayed: whether every answer came from a cassette.
        response_id: what the provider calls the last answer; None where it has no name.
        served_model: the name that the provider gave with the last answer.
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


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample under one model, with the change and with the baseline.

    Attributes:
        name: the sample's.
        model: the model that was asked.
        tags: what the sample is about.
        needed: how many trials must pass.
        trials: with the change.
        baseline: with the baseline; empty where there is none.
    """

    name: str
    model: str
    tags: tuple[str, ...]
    needed: int
    trials: tuple[Trial, ...]
    baseline: tuple[Trial, ...] = ()

    @property
    def outcome(self) -> SampleOutcome:
        """How the sample came out with the change."""
        return decide(self.trials, self.needed)

    @property
    def baseline_outcome(self) -> SampleOutcome | None:
        """How it came out with the baseline; None where there is none."""
        return decide(self.baseline, self.needed) if self.baseline else None

    @property
    def share(self) -> float | None:
        """The share of trials that passed, of those that were judged."""
        return _share(self.trials)

    @property
    def baseline_share(self) -> float | None:
        """The same with the baseline."""
        return _share(self.baseline)

    @property
    def score(self) -> float | None:
        """The mean score of its trials."""
        return _score(self.trials)

    @property
    def baseline_score(self) -> float | None:
        """The same with the baseline."""
        return _score(self.baseline)


def decide(trials: Sequence[Trial], needed: int) -> SampleOutcome:
    """Return whether enough trials passed. Undecided while errors could still tip it either way."""
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
        label: what it is, in words: `work tree`, `1.2.0 (production, deployment 4)`.
        version: the version in its frontmatter.
        digest: the digest of its closure.
    """

    label: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class SuiteRunResult:
    """One suite, run.

    Attributes:
        path: the suite's file.
        digest: of the suite and all files that it takes samples from.
        prompt: the prompt's name.
        change: the state that was judged.
        baseline: what it was compared with; None: nothing.
        no_baseline: why it was compared with nothing; "" where it was compared.
        thresholds: the shares that the suite demands.
        samples: every sample under every model.
    """

    path: str
    digest: str
    prompt: str
    change: TrialState
    samples: tuple[SampleResult, ...]
    baseline: TrialState | None = None
    no_baseline: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that were asked, in order."""
        return tuple(dict.fromkeys(one.model for one in self.samples))


@dataclass(frozen=True, slots=True)
class EvalResult:
    """A whole eval run.

    Attributes:
        suites: what came of each suite.
        cost_micros: what the run cost; replayed answers cost nothing.
        unpriced: how many calls of unknown cost there were.
        calls: how many calls were made.
        replayed: how many answers came from cassettes.
        seconds: how long it took.
        stopped: why it ended before its end: "" when it did not.
        shard: which part of all samples it is, as (number, of how many).
    """

    suites: tuple[SuiteRunResult, ...]
    cost_micros: int = 0
    unpriced: int = 0
    calls: int = 0
    replayed: int = 0
    seconds: float = 0.0
    stopped: str = ""
    shard: tuple[int, int] = (1, 1)


class Gravity(StrEnum):
    """What a sentence of a verdict means for the exit code."""

    BLOCKS = "blocks"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class VerdictGround:
    """A reason why a suite is blocked, could not be judged, or deserves a look."""

    gravity: Gravity
    text: str


def find_grounds(suite: SuiteRunResult, model: str) -> list[VerdictGround]:
    """Return what the suite's thresholds and `must` samples say of one model, errors first."""
    samples = [one for one in suite.samples if one.model == model]
    if not samples:
        return [VerdictGround(Gravity.UNKNOWN, "no sample was run")]
    grounds = list(_find_unjudged(suite, samples))
    overall = suite.thresholds.overall
    if overall is None and not is_compared(suite, model) and not suite.thresholds.tags:
        # Without a threshold and a baseline a suite is a list of tests: all have to pass.
        overall = 1.0
    for tag, least in [(None, overall), *suite.thresholds.tags.items()]:
        ground = None if least is None else _threshold(samples, tag, least)
        if ground is not None:
            grounds.append(ground)
    lost = [
        one.name
        for one in samples
        if "must" in one.tags
        and one.outcome is SampleOutcome.FAILED
        and one.baseline_outcome in {None, SampleOutcome.PASSED}
    ]
    if lost:
        names = ", ".join(f"'{name}'" for name in lost[:3]) + (" and more" if lost[3:] else "")
        grounds.append(VerdictGround(Gravity.BLOCKS, f"samples that must pass fail: {names}"))
    return grounds


def _find_unjudged(
    suite: SuiteRunResult, samples: Sequence[SampleResult]
) -> Iterator[VerdictGround]:
    """Yield what kept trials from being judged, or from saying what trials say."""
    for side, label in (("trials", ""), ("baseline", " of the baseline")):
        trials = [trial for one in samples for trial in getattr(one, side)]
        errors = sum(trial.outcome is SampleOutcome.ERROR for trial in trials)
        missing = sum(trial.outcome is SampleOutcome.MISSING for trial in trials)
        if errors:
            is_much = errors / len(trials) > suite.thresholds.errors + _ROUNDING
            text = f"{errors} of {len(trials)} trials{label} ended in an error"
            yield VerdictGround(Gravity.UNKNOWN if is_much else Gravity.NOTE, text)
        if missing:
            text = f"{missing} of {len(trials)} trials{label} were not run"
            yield VerdictGround(Gravity.UNKNOWN, text)
    copied = _count_copied(samples)
    if copied:
        text = f"the trials of {copied} samples are copies of one answer: something caches them"
        yield VerdictGround(Gravity.UNKNOWN, text)
    apart = sum(not one.baseline for one in samples)
    if suite.baseline is not None and apart:
        of = f"{apart} of {len(samples)} samples"
        yield VerdictGround(
            Gravity.NOTE, f"{of} cannot be compared: the baseline takes other inputs"
        )


def is_compared(suite: SuiteRunResult, model: str) -> bool:
    """Return whether anything can be compared with the baseline."""
    return any(one.baseline for one in suite.samples if one.model == model)


def _count_copied(samples: Sequence[SampleResult]) -> int:
    """Count the samples of which several trials have one answer of the provider.

    Such trials say no more than one. A name that answers to different samples share is no name.
    """
    named = [
        [trial.response_id for trial in one.trials if trial.response_id is not None]
        for one in samples
    ]
    owners = Counter(name for names in named for name in set(names))
    return sum(any(names.count(one) > 1 and owners[one] == 1 for one in names) for names in named)


def _threshold(
    samples: Sequence[SampleResult], tag: str | None, least: float
) -> VerdictGround | None:
    """Return what a threshold says; with undecided samples it may still be open."""
    chosen = [one for one in samples if tag is None or tag in one.tags]
    of = "samples" if tag is None else f"samples tagged '{tag}'"
    if not chosen:
        return VerdictGround(Gravity.UNKNOWN, f"there are no {of}")
    passed = sum(one.outcome is SampleOutcome.PASSED for one in chosen)
    failed = sum(one.outcome is SampleOutcome.FAILED for one in chosen)
    total = len(chosen)
    if passed / total >= least - _ROUNDING:
        return None
    text = f"{passed} of {total} {of} pass, which is below the threshold of {least:.0%}"
    if (total - failed) / total < least - _ROUNDING:
        return VerdictGround(Gravity.BLOCKS, text)
    return VerdictGround(Gravity.UNKNOWN, f"{text} while {total - passed - failed} are undecided")
