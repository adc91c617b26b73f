"""The file format of one night of one suite: small, without answers.

    {"schema": "promptops.night/v1", "environment": "production", "night": "2026-11-29",
     "at": 1795917600, "suite": "evals/support/triage.yaml", "suite_digest": "sha256:...",
     "prompt": "support/triage", "version": "1.2.0", "digest": "sha256:...", "judge": null,
     "accepted": false, "cost_micros": 5200, "models": [
       {"model": "openai/gpt-4o", "state": "passed", "samples": 40, "passed": 38, "trials": 120,
        "errors": 0, "p50_ms": 812, "served": ["gpt-4o-2024-08-06"], "fingerprints": ["fp_1"],
        "alarms": [], "shares": {"charged twice": [3, 3]}}]}

`shares` has the numbers of passed and judged trials of each sample; null if they would make the
file larger than 1 MiB.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError
from promptops.evals.result import SampleOutcome
from promptops.prompt.digest import is_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.evals.result import SampleResult, SuiteRunResult

SCHEMA = "promptops.night/v1"
MAX_BYTES = 1024 * 1024
PASSED, ALARM, UNKNOWN = "passed", "alarm", "could not judge"
SERVED, FINGERPRINT, WORSE, BLOCKED = "served", "fingerprint", "worse", "blocked"
ALARMS = (SERVED, FINGERPRINT, WORSE, BLOCKED)
_NIGHT = re.compile(r"\d{4}-\d\d-\d\d")
_MAX_NUMBER = 10**15
_MAX_NAMES = 20


@dataclass(frozen=True, slots=True)
class NightModel:
    """One night's result of a suite with one model.

    Attributes:
        model: the model that was asked.
        state: PASSED, ALARM or UNKNOWN.
        samples: the number of samples.
        passed: the number of samples that passed.
        trials: the number of trials.
        errors: the number of trials without a result.
        p50_ms: the median duration of a trial's calls, in milliseconds; None if unknown.
        served: the names of the models that answered, sorted.
        fingerprints: the provider's names of the configurations that answered, sorted.
        alarms: the kinds of its alarms.
        shares: sample name -> number of passed trials, number of judged trials; None if there were
            too many samples to store.
    """

    model: str
    state: str
    samples: int
    passed: int
    trials: int
    errors: int
    p50_ms: int | None = None
    served: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    shares: Mapping[str, tuple[int, int]] | None = None

    @property
    def share(self) -> float | None:
        """The share of passed trials, as the mean over samples; None if none was judged."""
        if self.shares is None:
            return self.passed / self.samples if self.samples else None
        judged = [passed / of for passed, of in self.shares.values() if of]
        return sum(judged) / len(judged) if judged else None

    @property
    def is_reference(self) -> bool:
        """Whether later nights may be compared with it."""
        is_good = self.state != UNKNOWN and WORSE not in self.alarms and BLOCKED not in self.alarms
        return is_good and bool(self.shares)


@dataclass(frozen=True, slots=True)
class NightRecord:
    """The result of one suite in one night.

    Attributes:
        environment: the environment whose live version was run.
        night: the date in UTC, as YYYY-MM-DD.
        at: the time of its end, in seconds since 1970.
        suite: the suite's path.
        suite_digest: the digest of the suite and its files of samples.
        prompt: the prompt's name.
        version: its live version.
        digest: the digest of that version.
        judge: the digest of the judge prompt; None without one.
        models: the result with each model.
        is_accepted: whether earlier nights no longer count as references.
        cost_micros: its cost, in micro-dollars.
    """

    environment: str
    night: str
    at: int
    suite: str
    suite_digest: str
    prompt: str
    version: str
    digest: str
    judge: str | None
    models: tuple[NightModel, ...]
    is_accepted: bool = False
    cost_micros: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether the results with every model could be judged."""
        return all(one.state != UNKNOWN for one in self.models)

    @property
    def has_alarm(self) -> bool:
        """Whether there was an alarm with any model."""
        return any(one.alarms for one in self.models)

    def find_model(self, model: str) -> NightModel | None:
        """Return the result with a model, or None."""
        return next((one for one in self.models if one.model == model), None)


def summarize(suite: SuiteRunResult, model: str) -> NightModel:
    """Summarize a suite's results with one model for the history; its state is not judged yet."""
    samples = list(suite.of_model(model))
    trials = [trial for one in samples for trial in one.trials]
    errors = sum(one.outcome in {SampleOutcome.ERROR, SampleOutcome.MISSING} for one in trials)
    # Ignore the names that a fallback returned.
    own = [trial for trial in trials if trial.answered_by is None]
    spans = [one.latency_seconds for one in trials if one.latency_seconds is not None]
    return NightModel(
        model,
        PASSED,
        len(samples),
        sum(one.outcome is SampleOutcome.PASSED for one in samples),
        len(trials),
        errors,
        round(1000 * median(spans)) if spans else None,
        _names(one.served_model for one in own),
        _names(one.fingerprint for one in own),
        (),
        {one.name: _count(one) for one in samples},
    )


def _names(found: Any) -> tuple[str, ...]:  # noqa: ANN401 - names or None
    return tuple(sorted({one for one in found if one})[:_MAX_NAMES])


def _count(sample: SampleResult) -> tuple[int, int]:
    outcomes = [one.outcome for one in sample.trials]
    passed = outcomes.count(SampleOutcome.PASSED)
    return passed, passed + outcomes.count(SampleOutcome.FAILED)


def write_night(record: NightRecord) -> bytes:
    """Return the content of a night's file, at most MAX_BYTES long."""
    data = _to_bytes(record)
    if len(data) <= MAX_BYTES:
        return data
    return _to_bytes(replace(record, models=tuple(replace(m, shares=None) for m in record.models)))


def _to_bytes(record: NightRecord) -> bytes:
    document = night_to_json(record)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:  # a name with a lone surrogate
        return f"{json.dumps(document, separators=(',', ':'))}\n".encode()


def night_to_json(record: NightRecord) -> dict[str, Any]:
    """Return a night as JSON values."""
    return {
        "schema": SCHEMA,
        "environment": record.environment,
        "night": record.night,
        "at": record.at,
        "suite": record.suite,
        "suite_digest": record.suite_digest,
        "prompt": record.prompt,
        "version": record.version,
        "digest": record.digest,
        "judge": record.judge,
        "accepted": record.is_accepted,
        "cost_micros": record.cost_micros,
        "models": [_model_to_json(one) for one in record.models],
    }


def _model_to_json(one: NightModel) -> dict[str, Any]:
    return {
        "model": one.model,
        "state": one.state,
        "samples": one.samples,
        "passed": one.passed,
        "trials": one.trials,
        "errors": one.errors,
        "p50_ms": one.p50_ms,
        "served": list(one.served),
        "fingerprints": list(one.fingerprints),
        "alarms": list(one.alarms),
        "shares": None
        if one.shares is None
        else {name: list(both) for name, both in one.shares.items()},
    }


def read_night(data: bytes, path: str) -> NightRecord:
    """Parse a night's file. Raises UsageError for anything that `write_night` does not write."""
    try:
        found = _load(data)
        return NightRecord(
            _text(found["environment"]),
            _date(found["night"]),
            _whole(found["at"]),
            _text(found["suite"]),
            _digest(found["suite_digest"]),
            _text(found["prompt"]),
            _text(found["version"]),
            _digest(found["digest"]),
            None if found["judge"] is None else _digest(found["judge"]),
            tuple(_read_model(one) for one in _list(found["models"])),
            found["accepted"] is True,
            _whole(found["cost_micros"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path} is damaged ({type(error).__name__}: {error})",
            hint="it counts as missing; the next run of the same night replaces it",
        ) from None


def _load(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    found: dict[str, Any] = json.loads(data)
    if found["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    return found


def _read_model(found: dict[str, Any]) -> NightModel:
    shares = found["shares"]
    return NightModel(
        _text(found["model"]),
        _one_of(found["state"], (PASSED, ALARM, UNKNOWN)),
        _whole(found["samples"]),
        _whole(found["passed"]),
        _whole(found["trials"]),
        _whole(found["errors"]),
        None if found["p50_ms"] is None else _whole(found["p50_ms"]),
        tuple(_text(one) for one in _list(found["served"])),
        tuple(_text(one) for one in _list(found["fingerprints"])),
        tuple(_one_of(one, ALARMS) for one in _list(found["alarms"])),
        None if shares is None else {name: _share(both) for name, both in shares.items()},
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a text")
    return value


def _date(value: object) -> str:
    text = _text(value)
    if not _NIGHT.fullmatch(text):
        raise ValueError(f"{text!r:.40} is not a date")
    date.fromisoformat(text)
    return text


def _digest(value: object) -> str:
    text = _text(value)
    if not is_digest(text):
        raise ValueError(f"{text!r:.40} is not a digest")
    return text


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_NUMBER:
        raise TypeError(f"{value!r:.40} is not a whole number")
    return value


def _list(value: object) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is not a list")
    return value


def _one_of(value: object, words: tuple[str, ...]) -> str:
    if value not in words:
        raise ValueError(f"{value!r:.40} is not one of {', '.join(words)}")
    return str(value)


def _share(value: object) -> tuple[int, int]:
    passed, of = (_whole(one) for one in _list(value))
    if passed > of:
        raise ValueError(f"{passed} of {of} is not a share")
    return passed, of
