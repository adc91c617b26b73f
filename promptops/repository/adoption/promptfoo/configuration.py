"""Convert a promptfoo configuration to drafts: one for each prompt, with the suite of its cases."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.draft import Draft, UnreadableError
from promptops.repository.adoption.promptfoo.assertions import (
    Converter,
    LostCheckError,
    carry_sample,
)
from promptops.repository.adoption.promptfoo.cases import CaseReader
from promptops.repository.adoption.promptfoo.notebook import Notebook
from promptops.repository.adoption.promptfoo.prompts import adopt_prompt, list_prompts
from promptops.repository.adoption.promptfoo.providers import read_models
from promptops.repository.adoption.promptfoo.source import load_json, load_yaml
from promptops.repository.adoption.promptfoo.values import to_json, to_text
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.repository.adoption.promptfoo.assertions import CarriedCheck
    from promptops.repository.adoption.promptfoo.cases import TestCase
    from promptops.repository.adoption.promptfoo.prompts import AdoptedPrompt, PromptSource
    from promptops.repository.adoption.promptfoo.providers import AdoptedModels
    from promptops.repository.adoption.promptfoo.source import SourceFolder

_NAME = re.compile(r"promptfooconfig[\w.-]*\.(?:ya?ml|json)", re.IGNORECASE)
_OTHER = re.compile(r".*\.(?:ya?ml|json)", re.IGNORECASE)
_CARRIED = ("prompts", "providers", "targets", "tests", "defaultTest", "scenarios")
# Keys that affect neither what is sent nor how it is scored.
_SILENT = (
    *("description", "tags", "outputPath", "sharing", "writeLatestResults", "commandLineOptions"),
    *("$schema", "metadata", "assertionTemplates", "evaluateOptions"),
)
_LOST = ("derivedMetrics", "env", "extensions", "nunjucksFilters", "redteam", "tracing")
_INPUT = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array"}


def is_configuration(path: str, text: str, *, is_named: bool) -> bool:
    """Return whether a file is a configuration: by its name, or because the user named it."""
    name = PurePosixPath(path).name
    if _NAME.fullmatch(name):
        return True
    is_other = is_named and _OTHER.fullmatch(name) is not None
    return is_other and all(re.search(rf'^\s*"?{one}"?\s*:', text, re.MULTILINE) for one in _PARTS)


_PARTS = ("prompts", "tests")


def read_drafts(path: str, text: str, folder: SourceFolder) -> list[Draft]:
    """Return the prompts of a configuration, each with its samples.

    Raises:
        UnreadableError: it is not a configuration, or has no prompt that can be converted.
    """
    name = PurePosixPath(path).name
    data = load_json(text, name) if name.endswith(".json") else load_yaml(text, name)
    if not isinstance(data, dict) or "prompts" not in data:
        raise UnreadableError("it has no prompts")
    notes = Notebook()
    _note_keys(data, notes)
    sources = list_prompts(data["prompts"], folder, notes)
    models = read_models(data.get("providers", data.get("targets")), notes)
    cases = CaseReader(folder, notes, name).read(data)
    if not cases and not data.get("tests"):
        notes.add("it has no tests")
    templates = data.get("assertionTemplates")
    converter = Converter(folder, templates if isinstance(templates, dict) else {})
    reader = _DraftReader(path, data, models, cases, converter)
    drafts = []
    for number, source in enumerate(sources, 1):
        own = Notebook()
        try:
            prompt = adopt_prompt(source, own)
        except UnreadableError as error:
            notes.add(f"a prompt is not carried over: {error}", is_lost=True)
            continue
        folder_name = PurePosixPath(path).parent.name
        title = source.title or f"{folder_name or 'prompt'}-{number}"
        drafts.append(reader.read(title, source, prompt, own))
    if not drafts:
        why = "; ".join(note.message for note in notes.notes())
        raise UnreadableError(f"it has no prompt that can be carried over: {why}")
    return [replace(drafts[0], notes=(*notes.notes(), *drafts[0].notes)), *drafts[1:]]


def _note_keys(data: Mapping[str, Any], notes: Notebook) -> None:
    known = (*_CARRIED, *_SILENT, *_LOST)
    for key in data:
        if key in _LOST:
            notes.add(f"'{key}' is not carried over", is_lost=key != "redteam")
        elif key not in known and not key.startswith("x-"):
            near = nearest(key, known)
            hint = f": did you mean '{near}'?" if near else ""
            notes.add(f"promptfoo ignores the unknown key '{key}'{hint}")


@dataclass(frozen=True, slots=True)
class _DraftReader:
    """The shared parts of all drafts of one configuration."""

    path: str
    data: Mapping[str, Any]
    models: AdoptedModels
    cases: Sequence[TestCase]
    converter: Converter

    def read(
        self, title: str, source: PromptSource, prompt: AdoptedPrompt, notes: Notebook
    ) -> Draft:
        """Return one prompt with its samples."""
        for tag in prompt.tags:
            notes.add(f"{tag} is kept as Jinja, which is not nunjucks in everything", is_lost=True)
        for name in {**prompt.names, **prompt.inner}:
            if not _INPUT.fullmatch(name):
                notes.add(f"the variable '{name}' cannot be the name of an input", is_lost=True)
        samples = self._read_samples(source, prompt, notes)
        settings, suite = self._read_settings()
        return Draft(
            "promptfoo",
            self.path,
            title,
            prompt.messages,
            _inputs(prompt, samples),
            settings,
            tuple(notes.notes()),
            tuple(samples),
            suite=suite,
        )

    def _read_samples(
        self, source: PromptSource, prompt: AdoptedPrompt, notes: Notebook
    ) -> list[dict[str, Any]]:
        samples: list[dict[str, Any]] = []
        seen: dict[str, str] = {}
        for case in self.cases:
            if case.prompts and not set(case.prompts) & set(source.labels):
                continue
            sample = _sample(case, prompt, self.converter, notes)
            if sample is None:
                continue
            key = json.dumps({**sample, "name": ""}, sort_keys=True, default=str)
            if key in seen:
                notes.add(f"is the same case as '{seen[key]}' and is left out", case.place)
                continue
            seen[key] = case.name
            samples.append(sample)
        return samples

    def _read_settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the prompt's settings, and further keys of its suite."""
        settings = dict(self.models.settings)
        suite: dict[str, Any] = {}
        if self.models.names:
            settings["model"] = self.models.names[0]
        if self.models.names[1:]:
            suite["models"] = list(self.models.names)
        about = self.data.get("description")
        if isinstance(about, str) and about.strip():
            settings["description"] = " ".join(about.split())
        options = self.data.get("evaluateOptions")
        repeat = options.get("repeat") if isinstance(options, dict) else None
        if isinstance(repeat, int) and repeat > 1:
            suite["defaults"] = {"trials": repeat, "pass": repeat}
        return settings, suite


def _inputs(prompt: AdoptedPrompt, samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the inputs of a prompt; one that a sample leaves out is empty by default."""
    found: dict[str, Any] = {}
    for name in (*prompt.names, *(one for one in prompt.inner if one not in prompt.names)):
        values = [one["inputs"][name] for one in samples if name in one["inputs"]]
        if name not in prompt.inner:
            is_given = len(values) == len(samples)
            found[name] = "string" if is_given else {"type": "string", "default": ""}
            continue
        types = {_TYPES.get(type(one), "object") for one in values}
        kind = (
            types.pop()
            if len(types) == 1
            else ["string", "number", "boolean", "array", "object", "null"]
        )
        found[name] = (
            kind if isinstance(kind, str) and len(values) == len(samples) else {"type": kind}
        )
        if len(values) < len(samples):
            default: Any = {"array": [], "object": {}, "boolean": False, "number": 0}
            found[name]["default"] = default.get(kind, "") if isinstance(kind, str) else ""
    return found


def _sample(
    case: TestCase, prompt: AdoptedPrompt, converter: Converter, notes: Notebook
) -> dict[str, Any] | None:
    """Convert a case to a sample; None if nothing of it can be converted."""
    for why in case.lost:
        notes.add(f"is left out: the case {why}", case.place, is_lost=True)
    if case.lost:
        return None
    if not case.assertions:
        notes.add("has no assertion and passes whatever the answer is: left out", case.place)
        return None
    checks, is_whole = _carry_checks(case, converter, notes)
    if not checks:
        notes.add("is left out: no assertion of it is carried over", case.place, is_lost=True)
        return None
    threshold = _threshold(case, notes, is_whole=is_whole)
    if threshold is not None and (not is_whole or not 0 < threshold <= 1):
        return None
    expect, threshold, differs = carry_sample(checks, threshold)
    if differs:
        notes.add(differs, case.place, is_lost=True)
    sample: dict[str, Any] = {"name": case.name, "inputs": _sample_inputs(case, prompt, notes)}
    if threshold is not None:
        sample["threshold"] = threshold
    sample["expect"] = expect
    return sample


def _carry_checks(
    case: TestCase, converter: Converter, notes: Notebook
) -> tuple[list[CarriedCheck], bool]:
    """Return the checks of a case, and whether all assertions were converted."""
    checks: list[CarriedCheck] = []
    is_whole = True
    for one in case.assertions:
        kind = one.get("type", one.get("$ref")) if isinstance(one, dict) else one
        try:
            carried = converter.convert(one, case.values)
        except LostCheckError as error:
            notes.add(f"the assertion '{kind}' is left out: it {error}", case.place, is_lost=True)
            is_whole = False
            continue
        for check in carried:
            if check.differs:
                notes.add(f"'{kind}' may differ: {check.differs}", case.place, is_lost=True)
        checks += carried
    return checks, is_whole


def _threshold(case: TestCase, notes: Notebook, *, is_whole: bool) -> float | None:
    value = case.threshold
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        notes.add("has a threshold that is not a number", case.place, is_lost=True)
        return None
    if not is_whole:
        notes.add(
            "is left out: its threshold counts an assertion that is", case.place, is_lost=True
        )
    elif value <= 0:
        notes.add("is left out: with the threshold 0 it always passes", case.place, is_lost=True)
    elif value > 1:
        notes.add("is left out: its threshold is above 1", case.place, is_lost=True)
    return float(value)


def _sample_inputs(case: TestCase, prompt: AdoptedPrompt, notes: Notebook) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name in (*prompt.names, *prompt.inner):
        if name not in case.values:
            continue
        value = case.values[name]
        if name in prompt.inner:
            inputs[name] = value
            continue
        text = to_text(value)
        if text is None:
            notes.add(
                f"the variable '{name}' is a list or a mapping, and is sent as JSON here",
                case.place,
                is_lost=True,
            )
            text = to_json(value)
        inputs[name] = text
    return inputs
