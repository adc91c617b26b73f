"""Evidence that evals passed: a file written by the job that ran them, and a blob in Git.

    {"schema": "promptops.evals/v2", "results": [
      {"prompt": "support/triage", "version": "1.3.0", "digest": "sha256:…",
       "suite": "evals/support/triage.yaml", "suite_digest": "sha256:…", "passed": true,
       "samples": 40, "trials": 240, "errors": 0, "answers": "live", "cost_micros": 5200,
       "baseline": {"label": "1.2.0 (production)", "version": "1.2.0", "digest": "sha256:…"},
       "models": [{"model": "openai/gpt-4o-mini", "served": [], "samples": 40, "passed": 38,
                   "verdict": "no difference found", "difference": -0.025, "low": -0.1,
                   "high": 0.04}]}]}

A result is about one digest, and does not apply to other content. It still applies if only the
version number was changed afterwards. Version 1 has only `prompt`, `digest`, `suite`, `passed` and
`samples`.

A release's tag names each result by the id of a blob with only that result, in canonical form. Refs
keep the blobs, below `refs/promptops/evals/`:

    Prompt-Evals: evals/support/triage.yaml 4b825dc642cb6eb9a060e54bf8d69288fbee4904 passed
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.errors import ConfigurationError, IntegrityError, UsageError, quote
from promptops.prompt.digest import is_digest, is_object_id
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.prompt.prompt import Prompt

    Form = Mapping[str, Callable[[object], bool]]

SCHEMA = "promptops.evals/v1"
SCHEMA_V2 = "promptops.evals/v2"
REFS = "refs/promptops/evals/"
TRAILER = "Prompt-Evals"
MAX_BYTES = 1024 * 1024
_PASSED = "passed"
_WORSE = "worse"


@dataclass(frozen=True, slots=True)
class EvalEvidence:
    """The result of running one suite against one prompt.

    Attributes:
        prompt: the prompt's name.
        digest: the digest of the prompt that was run.
        suite: the suite's path, from the repository's top.
        passed: whether the suite passed.
        samples: how many samples it ran.
        record: the whole record of version 2; None for version 1.
        is_stale: whether the gate found that the suite has changed since.
    """

    prompt: str
    digest: str
    suite: str
    passed: bool
    samples: int
    record: Mapping[str, Any] | None = None
    is_stale: bool = False

    def is_about(self, prompt: Prompt) -> bool:
        """Return whether the result is about a prompt's content; the version number is ignored."""
        if self.digest == prompt.digest or self.record is None:
            return self.digest == prompt.digest
        try:
            version = Version.parse(str(self.record["version"]))
        except UsageError:
            return False
        return self.digest == prompt.digest_as(version)

    @property
    def is_good(self) -> bool:
        """Whether the suite passed with at least one sample."""
        return self.passed and self.samples > 0

    @property
    def is_live(self) -> bool:
        """Whether all answers came from models, none from a cassette or a script."""
        return self.record is not None and self.record["answers"] == "live"

    @property
    def summary(self) -> str:
        """The result in words."""
        word = _PASSED if self.passed else "did not pass"
        if self.record is None:
            return f"{self.suite} {word}, {self.samples} samples"
        record = self.record
        models = "; ".join(_describe_model(one) for one in record["models"])
        cost = record["cost_micros"] / 1_000_000
        return (
            f"{self.suite} {word}, {self.samples} samples, {record['trials']} trials,"
            f" answers {record['answers']}, {cost:.4f} USD: {models}"
        )


def _describe_model(one: Mapping[str, Any]) -> str:
    said = f"{one['model']} {one['passed']} of {one['samples']}"
    if one["verdict"] is None:
        return said
    if one["difference"] is None:
        return f"{said}, {one['verdict']}"
    return f"{said}, {one['verdict']} ({100 * one['difference']:+.1f} points)"


def parse_evidence(data: bytes, name: str) -> tuple[EvalEvidence, ...]:
    """Parse the results in a file; `name` is its name in errors.

    Raises ConfigurationError for anything that is not exactly in one of the forms above.
    """
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _fault(name, f"is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") not in (SCHEMA, SCHEMA_V2):
        raise _fault(name, f"is not of the form {SCHEMA_V2} or {SCHEMA}")
    results = document.get("results")
    if not isinstance(results, list) or set(document) != {"schema", "results"}:
        raise _fault(name, "has no list of results")
    is_first = document["schema"] == SCHEMA
    return tuple(_parse_result(name, result, _V1 if is_first else _V2) for result in results)


def write_evidence(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the canonical form of results of version 2: one line of ASCII, keys sorted."""
    document = {"schema": SCHEMA_V2, "results": list(records)}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{text}\n".encode()


def parse_blob(data: bytes, oid: str) -> EvalEvidence:
    """Parse the result in a blob.

    Raises IntegrityError unless it is one result of version 2 in canonical form.
    """
    hint = "it was not written by promptops; do not trust the release that names it"
    if len(data) > MAX_BYTES:
        raise IntegrityError(f"evidence {oid[:12]} has more than {MAX_BYTES:,} bytes", hint=hint)
    try:
        results = parse_evidence(data, oid[:12])
    except ConfigurationError as error:
        raise IntegrityError(error.message, hint=hint) from error
    if len(results) != 1 or results[0].record is None:
        raise IntegrityError(f"evidence {oid[:12]} is not one result", hint=hint)
    if write_evidence([results[0].record]) != data:
        raise IntegrityError(f"evidence {oid[:12]} is not in canonical form", hint=hint)
    return results[0]


def evidence_ref(oid: str) -> str:
    """Return the ref that keeps a blob of evidence. Its name contains the blob's id."""
    return f"{REFS}{oid}"


@dataclass(frozen=True, slots=True)
class RecordedEvidence:
    """A release's trailer about evals.

    Attributes:
        suite: the suite's path.
        oid: the id of the blob with the result; None for evidence of version 1.
        passed: whether it passed, according to the trailer.
    """

    suite: str
    oid: str | None
    passed: bool


def write_trailer(suite: str, oid: str) -> tuple[str, str]:
    """Return the trailer of a result that passed."""
    return TRAILER, f"{suite} {oid} {_PASSED}"


def list_recorded(trailers: Sequence[tuple[str, str]]) -> list[RecordedEvidence]:
    """Return a release's trailers about evals."""
    found = []
    for key, value in trailers:
        if key != TRAILER:
            continue
        said, _, word = value.rpartition(" ")
        suite, _, oid = said.rpartition(" ")
        if suite and is_object_id(oid):
            found.append(RecordedEvidence(suite, oid, word == _PASSED))
        else:
            found.append(RecordedEvidence(said, None, word == _PASSED))
    return found


def _parse_result(name: str, result: object, form: Form) -> EvalEvidence:
    values = _check_form(name, "a result", result, form)
    record = None if form is _V1 else values
    if record is not None:
        for model in record["models"]:
            _check_form(name, "a model", model, _MODEL)
        if record["baseline"] is not None:
            _check_form(name, "a baseline", record["baseline"], _BASELINE)
        if record["passed"] and any(one["verdict"] == _WORSE for one in record["models"]):
            raise _fault(name, "has a result that passed and is worse")
    return EvalEvidence(**{key: values[key] for key in _V1}, record=record)


def _check_form(name: str, what: str, value: object, form: Form) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(form):
        raise _fault(name, f"has {what} without exactly {', '.join(form)}")
    for key, is_valid in form.items():
        if not is_valid(value[key]):
            raise _fault(name, f"has {what} whose {key} is {quote(str(value[key]))}")
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_whole(value: object) -> bool:
    # In Python, True is an int.
    return type(value) is int


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_number_or_none(value: object) -> bool:
    return value is None or (type(value) in {int, float} and math.isfinite(value))  # type: ignore[arg-type]


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


_V1: Form = {
    "prompt": _is_text,
    "digest": lambda value: isinstance(value, str) and is_digest(value),
    "suite": _is_text,
    "passed": _is_flag,
    "samples": _is_whole,
}
_V2: Form = {
    **_V1,
    "samples": _is_count,
    "version": _is_text,
    "suite_digest": _V1["digest"],
    "trials": _is_count,
    "errors": _is_count,
    "answers": lambda value: value in ("live", "cassette", "scripted", "mixed"),
    "cost_micros": _is_count,
    "baseline": lambda value: value is None or isinstance(value, dict),
    "models": lambda value: isinstance(value, list) and bool(value),
}
_MODEL: Form = {
    "model": _is_text,
    "served": lambda value: isinstance(value, list) and all(isinstance(s, str) for s in value),
    "samples": _is_count,
    "passed": _is_count,
    "verdict": _is_text_or_none,
    "difference": _is_number_or_none,
    "low": _is_number_or_none,
    "high": _is_number_or_none,
}
_BASELINE: Form = {"label": _is_text, "version": _is_text, "digest": _V1["digest"]}


def _fault(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"the evidence in {name} {what}", hint="see docs/gate.md")
