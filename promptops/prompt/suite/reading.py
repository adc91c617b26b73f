"""Read a suite from its file and the files of samples that it names.

Faults become findings with positions. A suite is returned only if there are none.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptops.errors import InvalidSuiteError, quote
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.suite.document import SuiteDocument, read_suite_document
from promptops.prompt.suite.grammar import (
    COMPOSED,
    check_grammar,
    default_minimums,
    name_scorer,
)
from promptops.prompt.suite.merging import as_text, has_placeholders, is_whole, merge_row
from promptops.prompt.suite.packing import has_repeated, pack_samples
from promptops.prompt.suite.rows import ENDINGS, RowFault, read_rows
from promptops.prompt.suite.suite import (
    Check,
    Outcome,
    Sample,
    Suite,
    Thresholds,
    ToolAnswer,
    Turn,
)
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promptops.prompt.inputs import InputValidator
    from promptops.prompt.suite.rows import Row

CASSETTE = ".cassette.jsonl"
"""The file name ending of recorded answers. They are stored next to suites and contain no samples.
"""
_SUITE_ENDINGS = (".yaml", ".yml")
_MAX_FAULTS = 100
_FILE_KEYS = frozenset({"from", "columns", "only"})


@dataclass(frozen=True, slots=True)
class SuiteFiles:
    """The files from which a suite may take samples, by path from the repository's top."""

    read: Callable[[str], bytes | None]
    list_paths: Callable[[], Sequence[str]]


NO_FILES = SuiteFiles(lambda _path: None, tuple)


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading a suite.

    Attributes:
        suite: the suite; None if there are faults.
        faults: what is wrong, as errors.
        read: the paths of the files of samples that were read.
    """

    suite: Suite | None
    faults: tuple[Finding, ...]
    read: tuple[str, ...] = ()


def read_suite(
    path: str,
    data: bytes,
    files: SuiteFiles = NO_FILES,
    inputs: InputValidator | None = None,
) -> Reading:
    """Read the suite at `path`, from the repository's top.

    With `inputs`, the prompt's declarations, the samples' inputs are validated too. Never raises
    for a file's content.
    """
    document = read_suite_document(path, data)
    faults = [*document.faults, *check_grammar(document)]
    if faults:
        return Reading(None, tuple(faults))
    building = _Building(document, files, inputs)
    suite = building.build()
    found = tuple(building.faults)
    return Reading(None if found else suite, found, tuple(building.read))


def load_suite(
    path: str, data: bytes, files: SuiteFiles = NO_FILES, inputs: InputValidator | None = None
) -> Suite:
    """Read a suite. Raises InvalidSuiteError, which quotes the first fault."""
    reading = read_suite(path, data, files, inputs)
    if reading.suite is not None:
        return reading.suite
    first = min(reading.faults, key=lambda fault: fault.position or Position(0, 0, 0, 0))
    more = f" (and {len(reading.faults) - 1} more)" if len(reading.faults) > 1 else ""
    raise InvalidSuiteError(
        f"{first.place}: {first.message}{more}",
        findings=reading.faults,
        hint=first.hint or "correct the suite; promptops validate finds the same",
    )


@dataclass(slots=True)
class _Building:
    """Builds a suite from a document with valid grammar."""

    document: SuiteDocument
    files: SuiteFiles
    inputs: InputValidator | None
    is_nested: bool = False
    faults: list[Finding] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    def build(self) -> Suite:
        data = self.document.data
        defaults: Mapping[str, Any] = data.get("defaults", {})
        # Hashes instead of names, because there may be many.
        names = array("q")

        def note(sample: Sample) -> Sample:
            names.append(hash(sample.name))
            return sample

        samples = pack_samples(note(one) for one, _ in self._list_all(defaults))
        if has_repeated(names):
            self._find_duplicates(defaults)
        thresholds = _thresholds(data.get("thresholds", {}))
        self._check_tags(thresholds, samples)
        return Suite(
            self.document.path,
            data["prompt"],
            samples,
            data.get("description", ""),
            tuple(data.get("models", ())),
            data.get("judge"),
            thresholds,
        )

    def _list_all(self, defaults: Mapping[str, Any]) -> Iterator[tuple[Sample, Finding]]:
        for index, written in enumerate(self.document.data["samples"]):
            yield from self._samples(written, defaults, index)

    def _find_duplicates(self, defaults: Mapping[str, Any]) -> None:
        """Report samples that have the name of another one. Reads all samples again, with
        positions.
        """
        again = _Building(self.document, self.files, None, self.is_nested)
        names: dict[str, str] = {}
        for sample, place in again._list_all(defaults):
            if sample.name in names:
                message = f"{quote(sample.name)} is the name of two samples"
                hint = f"the other is {names[sample.name]}: rename one"
                self._fault(place._replace(check="duplicate-sample", message=message, hint=hint))
            names.setdefault(sample.name, place.place)

    def _fault(self, finding: Finding) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(finding)

    def _check_tags(self, thresholds: Thresholds, samples: Sequence[Sample]) -> None:
        known = {tag for sample in samples for tag in sample.tags}
        for tag in thresholds.tags:
            if tag not in known and not self.faults:
                near = nearest(tag, known)
                self._fault(
                    self.document.finding(
                        "invalid-check",
                        f"no sample has the tag {quote(tag)}",
                        ["thresholds", "tags", tag],
                        f"did you mean '{near}'?"
                        if near
                        else "a threshold without samples is never met",
                        key=True,
                    )
                )

    def _samples(
        self, written: Mapping[str, Any], defaults: Mapping[str, Any], index: int
    ) -> Iterator[tuple[Sample, Finding]]:
        """Yield the samples of one entry, each with an empty finding at its position."""
        path: list[str | int] = ["samples", index]
        if "from" in written:
            yield from self._from_files(written, defaults, path)
            return
        sample = _sample(written, defaults, written["name"])
        self._check_inputs(sample, path, written.get("inputs", {}))
        yield sample, self.document.finding("", "", [*path, "name"])

    def _check_inputs(
        self, sample: Sample, path: list[str | int], written: Mapping[str, Any]
    ) -> None:
        """Validate inputs by the prompt's declarations, unless the run is expected to fail on
        them.
        """
        if self.inputs is None or sample.outcome is Outcome.ERROR:
            return
        defaults = self.document.data.get("defaults", {}).get("inputs", {})
        for fault in self.inputs.find_faults(sample.inputs):
            place, is_key = [*path, "inputs", fault.name], fault.is_unknown
            if fault.name not in written and fault.name in defaults:
                place = ["defaults", "inputs", fault.name]
            elif fault.name not in written:
                place, is_key = ([*path, "inputs"], True) if written else ([*path, "name"], False)
            finding = self.document.finding(
                "invalid-sample", fault.message, place, fault.hint, key=is_key
            )
            if finding not in self.faults:
                self._fault(finding)

    # --- samples from other files --------------------------------------------------------------

    def _from_files(
        self, written: Mapping[str, Any], defaults: Mapping[str, Any], path: list[str | int]
    ) -> Iterator[tuple[Sample, Finding]]:
        place: list[str | int] = [*path, "from"]
        pattern = _resolve(self.document.path, written["from"])
        if pattern is None:
            message = f"{quote(written['from'])} is outside the repository"
            self._fault(self.document.finding("missing-file", message, place))
            return
        found = [pattern]
        if "*" in pattern:
            paths = self.files.list_paths()
            found = sorted(
                one for one in paths if _matches(pattern, one) and not one.endswith(CASSETTE)
            )
            if not found:
                message = f"no file matches {quote(written['from'])}"
                hint = "the path begins at the suite's folder"
                self._fault(self.document.finding("missing-file", message, place, hint))
        for file in found:
            yield from self._from_file(file, written, defaults, place, is_one=len(found) == 1)

    def _from_file(
        self,
        file: str,
        written: Mapping[str, Any],
        defaults: Mapping[str, Any],
        place: list[str | int],
        *,
        is_one: bool,
    ) -> Iterator[tuple[Sample, Finding]]:
        is_suite = file.endswith(_SUITE_ENDINGS)
        if not is_suite and not file.endswith(ENDINGS):
            message = f"{quote(file)} is none of {', '.join((*ENDINGS, *_SUITE_ENDINGS))}"
            self._fault(self.document.finding("missing-file", message, place))
            return
        data = self.files.read(file)
        self.read.append(file)
        if data is None:
            near = nearest(file, [one for one in self.files.list_paths() if one != file])
            hint = f"did you mean '{near}'?" if near else "the path begins at the suite's folder"
            message = f"there is no file {quote(file)} below the evals folder"
            self._fault(self.document.finding("missing-file", message, place, hint))
            return
        if is_suite:
            yield from self._from_suite(file, data, written, place)
            return
        name = written.get("name") if is_one else None
        prefix = name or file.rpartition("/")[2].rpartition(".")[0]
        maker = _RowSamples(written, defaults, None if self.inputs is None else self.inputs.names)
        try:
            for number, row in enumerate(read_rows(file, data), 1):
                yield from self._from_row(row, file, f"{prefix} {number}", maker)
                if len(self.faults) >= _MAX_FAULTS:
                    return
        except RowFault as fault:
            self._fault(_row_finding("broken-samples", file, fault.line, fault.message, fault.hint))

    def _from_suite(
        self, file: str, data: bytes, written: Mapping[str, Any], place: list[str | int]
    ) -> Iterator[tuple[Sample, Finding]]:
        other = read_suite_document(file, data)
        faults = [*other.faults, *check_grammar(other)]
        if self.is_nested:
            message = "samples cannot come from a suite that takes them from another one"
            faults = [self.document.finding("missing-file", message, place, "name that one here")]
        for fault in faults[:_MAX_FAULTS]:
            self._fault(fault)
        if faults:
            return
        building = _Building(other, self.files, self.inputs, is_nested=True)
        suite = building.build()
        for fault in building.faults:
            self._fault(fault)
        self.read += building.read
        only = frozenset(written.get("only", ()))
        taken = [one for one in suite.samples if not only or only.intersection(one.tags)]
        if not taken and not building.faults:
            message = f"no sample of {file} has one of these tags"
            self._fault(self.document.finding("invalid-check", message, [*place[:2], "only"]))
        checks = _checks(written.get("expect", ()))
        for sample in taken:
            tags = tuple(dict.fromkeys((*sample.tags, *written.get("tags", ()))))
            yield (
                replace(sample, tags=tags, checks=(*sample.checks, *checks)),
                self.document.finding("", "", place),
            )

    def _from_row(
        self,
        row: Row,
        file: str,
        name: str,
        maker: _RowSamples,
    ) -> Iterator[tuple[Sample, Finding]]:
        place = _row_finding("invalid-sample", file, row.line, "", None)
        try:
            merged = maker.merge(row.values)
        except RowFault as fault:
            self._fault(place._replace(message=fault.message, hint=fault.hint))
            return
        merged = {**merged, "name": str(merged.get("name", name))}
        if merged.get("expect") != maker.written.get("expect") or "inputs" in row.values:
            found = _sample_fault(merged, maker.defaults)
            if found is not None:
                self._fault(place._replace(message=found.message, hint=found.hint))
                return
        sample = maker.make(row.values, merged)
        if self.inputs is not None and sample.outcome is not Outcome.ERROR:
            for wrong in self.inputs.find_faults(sample.inputs):
                self._fault(place._replace(message=wrong.message, hint=wrong.hint))
        yield sample, place


class _RowSamples:
    """Makes the samples of one entry from the rows of its file."""

    def __init__(
        self,
        written: Mapping[str, Any],
        defaults: Mapping[str, Any],
        declared: frozenset[str] | None,
    ) -> None:
        self.written = written
        self.defaults = defaults
        self._declared = declared
        filled = [written.get("expect", []), written.get("inputs", {})]
        self._is_fixed = not has_placeholders(filled)
        self._pattern: Sample | None = None

    def merge(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sample that a row describes. Raises RowFault."""
        return merge_row(values, self.written, self._declared, is_fixed=self._is_fixed)

    def make(self, values: Mapping[str, Any], merged: Mapping[str, Any]) -> Sample:
        """Return the sample of a row that was merged."""
        if not self._is_fixed or is_whole(values, self._declared):
            return _sample(merged, self.defaults, merged["name"])
        # Such rows differ in name, inputs and tags alone. This takes a quarter of the time.
        pattern = self._pattern
        if pattern is None:
            pattern = self._pattern = _sample(self.written, self.defaults, "")
        return Sample(
            merged["name"],
            {**self.defaults.get("inputs", {}), **merged["inputs"]},
            pattern.checks,
            tuple(dict.fromkeys([*self.defaults.get("tags", ()), *merged.get("tags", ())])),
            pattern.trials,
            pattern.passes,
            pattern.threshold,
            pattern.outcome,
            pattern.history,
            pattern.turns,
            pattern.tools,
        )


def _row_finding(check: str, file: str, line: int, message: str, hint: str | None) -> Finding:
    return Finding(check, Severity.ERROR, message, file, Position(line, 1, line, 1), hint)


def _sample_fault(sample: Mapping[str, Any], defaults: Mapping[str, Any]) -> Finding | None:
    """Return the fault of a sample that was made from a row. It is validated like one in a
    suite.
    """
    kept = {key: value for key, value in sample.items() if key not in _FILE_KEYS}
    data = {
        "schema": "promptops.suite/v1",
        "prompt": "any",
        "defaults": dict(defaults),
        "samples": [kept],
    }
    return next(check_grammar(SuiteDocument("", "", data, ())), None)


# --- mappings to samples and checks -------------------------------------------------------------


def _sample(written: Mapping[str, Any], defaults: Mapping[str, Any], name: str) -> Sample:
    def setting(key: str, default: Any) -> Any:  # noqa: ANN401 - as the schema says
        return written.get(key, defaults.get(key, default))

    trials = int(setting("trials", 1))
    return Sample(
        name,
        {**defaults.get("inputs", {}), **written.get("inputs", {})},
        _share([*defaults.get("expect", ()), *written.get("expect", ())]),
        tuple(dict.fromkeys([*defaults.get("tags", ()), *written.get("tags", ())])),
        trials,
        int(setting("pass", trials)),
        setting("threshold", None),
        Outcome(setting("outcome", Outcome.SUCCESS.value)),
        tuple(written.get("history", ())),
        tuple(
            Turn(one["user"], _checks(one.get("expect", ()))) for one in written.get("turns", ())
        ),
        tuple(
            ToolAnswer(one["name"], one.get("arguments", {}), as_text(one["result"]))
            for one in written.get("tools", ())
        ),
    )


def _share(written: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    """Return the checks of a sample; equal checks share one tuple, since many rows expect the
    same.
    """
    return _parse_checks(json.dumps(written))


@lru_cache(maxsize=256)
def _parse_checks(written: str) -> tuple[Check, ...]:
    return _checks(json.loads(written))


def _checks(written: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    return tuple(_check(one) for one in written)


def _check(written: Mapping[str, Any]) -> Check:
    named = name_scorer(written)
    assert named is not None  # noqa: S101 - the grammar is right
    argument = written[named.key]
    parts = _checks(argument) if named.scorer in COMPOSED else ()
    return Check(
        named.scorer,
        parts or argument,
        float(written.get("min", default_minimums()[named.scorer])),
        float(written.get("weight", 1)),
        named.is_negated,
        parts,
    )


def _thresholds(written: Mapping[str, Any]) -> Thresholds:
    return Thresholds(
        written.get("overall"), dict(written.get("tags", {})), float(written.get("errors", 0))
    )


def _resolve(path: str, relative: str) -> str | None:
    """Resolve a path that is relative to a file's folder, from the repository's top; None
    outside.
    """
    steps = path.split("/")[:-1]
    for step in relative.split("/"):
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in {"", "."}:
            steps.append(step)
    return "/".join(steps)


def _matches(pattern: str, path: str) -> bool:
    """Return whether a path matches a glob: `*` within a folder, `**` across folders."""
    if "**" in pattern:
        return fnmatchcase(path, pattern)
    wanted, given = pattern.split("/"), path.split("/")
    pairs = zip(wanted, given, strict=False)
    return len(wanted) == len(given) and all(fnmatchcase(b, a) for a, b in pairs)
