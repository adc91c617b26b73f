"""Store the trials of a run: a few in memory, many in a temporary file."""

from __future__ import annotations

import marshal
import os
import tempfile
import weakref
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

from promptops.evals.result import CheckOutcome, SampleOutcome, SampleResult, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from promptops.prompt.suite import Sample

MAX_LOOSE = 4_000
"""The maximum number of trials in memory."""
_OUTCOMES = tuple(SampleOutcome)
_NUMBERS = {one: number for number, one in enumerate(_OUTCOMES)}
_OUTLINES = tuple((Trial(1, one),) for one in _OUTCOMES)
# The maximum that a byte can number.
_MAX_OUTLINES = 256
_NOWHERE = -1


class TrialSpool:
    """Stores trials by index. The file is unnamed and vanishes with the process."""

    def __init__(self, places: int) -> None:
        self._loose: dict[int, Trial] | None = {} if places <= MAX_LOOSE else None
        self._file: IO[bytes] | None = None
        self._starts = array("q")
        self._ends = array("q")
        self._size = 0
        self._is_flushed = True
        self._outcomes = bytearray()
        self._outlines = list(_OUTLINES)
        if self._loose is None:
            self._file = tempfile.TemporaryFile(buffering=1 << 17, prefix="promptops-")  # noqa: SIM115 - it lives as long as this
            weakref.finalize(self, self._file.close)
            self._starts = array("q", [_NOWHERE]) * places
            self._ends = array("q", [0]) * places
            self._outcomes = bytearray([_NUMBERS[SampleOutcome.MISSING]]) * places

    @property
    def is_loose(self) -> bool:
        """Whether the trials are few and in memory."""
        return self._loose is not None

    def put(self, place: int, trial: Trial) -> None:
        """Store a trial."""
        if self._loose is not None:
            self._loose[place] = trial
            return
        assert self._file is not None  # noqa: S101 - one of the two is there
        data = marshal.dumps(_to_row(trial))
        self._file.write(data)
        self._starts[place] = self._size
        self._size += len(data)
        self._ends[place] = self._size
        number = _NUMBERS[trial.outcome]
        if trial.answered_by is not None:
            number = self._number_other(trial)
        self._outcomes[place] = number
        self._is_flushed = False

    def _number_other(self, trial: Trial) -> int:
        """Return the number of an outline with another model."""
        outline = Trial(
            1, trial.outcome, answered_by=trial.answered_by, is_degraded=trial.is_degraded
        )
        if (outline,) in self._outlines:
            return self._outlines.index((outline,))
        if len(self._outlines) >= _MAX_OUTLINES:
            return _NUMBERS[trial.outcome]
        self._outlines.append((outline,))
        return len(self._outlines) - 1

    def get(self, place: int) -> Trial | None:
        """Return the trial at an index, or None."""
        if self._loose is not None:
            return self._loose.get(place)
        start = self._starts[place]
        if start == _NOWHERE:
            return None
        return _from_row(marshal.loads(self._read(start, self._ends[place])))  # noqa: S302 - its own bytes

    def outline(self, place: int) -> tuple[Trial]:
        """Return a trial's outcome and the answering model, without reading the file."""
        return self._outlines[self._outcomes[place]]

    def _read(self, start: int, end: int) -> bytes:
        assert self._file is not None  # noqa: S101 - only asked with a file
        if not self._is_flushed:
            self._file.flush()
            self._is_flushed = True
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), end - start, start)
        self._file.seek(start)
        found = self._file.read(end - start)
        self._file.seek(0, os.SEEK_END)
        return found


def _to_row(trial: Trial) -> tuple[Any, ...]:
    return (
        trial.number,
        _NUMBERS[trial.outcome],
        trial.score,
        trial.answer,
        tuple((one.label, one.score, one.is_met, one.reason) for one in trial.checks),
        trial.error,
        trial.stage,
        trial.cost_micros,
        trial.latency_seconds,
        trial.is_replayed,
        trial.response_id,
        trial.served_model,
        trial.answered_by,
        trial.is_degraded,
        trial.fingerprint,
        trial.earlier,
    )


def _from_row(row: tuple[Any, ...]) -> Trial:
    number, outcome, score, answer, checks, *rest = row
    made = tuple(_make_check(*one) for one in checks)
    return Trial(number, _OUTCOMES[outcome], score, answer, made, *rest)


@lru_cache(maxsize=1024)
def _make_check(label: str, score: float | None, is_met: bool, reason: str) -> CheckOutcome:  # noqa: FBT001 - as the record has it
    return CheckOutcome(label, score, is_met, reason)


class SpooledSamples(Sequence[SampleResult]):
    """The results of a suite, built on access.

    Args:
        samples: the suite's samples.
        models: the models, in the order of their results.
        spool: the trials.
        width: the maximum number of trials of a sample.
        has_baseline: whether samples have baseline trials.
        without_baseline: a byte for each model and sample: whether it cannot run with the baseline.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        models: tuple[str, ...],
        spool: TrialSpool,
        width: int,
        without_baseline: bytearray,
        *,
        has_baseline: bool,
    ) -> None:
        self.models = models
        self._samples = samples
        self._spool = spool
        self._width = width
        self._without_baseline = without_baseline
        self._has_baseline = has_baseline

    def __len__(self) -> int:
        """Return the number of results: one for each sample and model."""
        return len(self._samples) * len(self.models)

    def __iter__(self) -> Iterator[SampleResult]:
        """Yield all results, model by model."""
        for index in range(len(self.models)):
            yield from self.of_model(index)

    def of_model(self, index: int) -> Iterator[SampleResult]:
        """Yield the results of one model."""
        for at, sample in enumerate(self._samples, index * len(self._samples)):
            yield self._make(sample, at)

    def outlines(self, model: str) -> Iterator[SampleResult]:
        """Yield the results of one model, with only outcome and answering model of each trial."""
        if self._width > 1:
            # Shared answers can only be found in the file.
            yield from self.of_model(self.models.index(model))
            return
        count = len(self._samples)
        outline = self._spool.outline
        for at, sample in enumerate(self._samples, self.models.index(model) * count):
            baseline = (
                outline(at + len(self))
                if self._has_baseline and not self._without_baseline[at]
                else ()
            )
            trials = outline(at)
            yield SampleResult(sample.name, model, sample.tags, sample.passes, trials, baseline)

    @overload
    def __getitem__(self, index: int) -> SampleResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SampleResult]: ...
    def __getitem__(self, index: int | slice) -> SampleResult | Sequence[SampleResult]:
        """Return one item, or a slice."""
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._make(self._samples[index % len(self._samples)], index)

    def _make(self, sample: Sample, at: int) -> SampleResult:
        baseline: tuple[Trial, ...] = ()
        if self._has_baseline and not self._without_baseline[at]:
            baseline = self._trials(sample, at + len(self))
        model = self.models[at // len(self._samples)]
        trials = self._trials(sample, at)
        return SampleResult(
            sample.name, model, sample.tags, sample.passes, trials, baseline, sample.inputs
        )

    def _trials(self, sample: Sample, at: int) -> tuple[Trial, ...]:
        place = at * self._width
        return tuple(
            self._spool.get(place + number) or Trial(number + 1, SampleOutcome.MISSING)
            for number in range(sample.trials)
        )
