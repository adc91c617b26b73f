"""Read the cases of a configuration: with files, defaults, and a case for each value in a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.promptfoo.notebook import CasePlace
from promptops.repository.adoption.promptfoo.rows import read_rows
from promptops.repository.adoption.promptfoo.source import (
    LocatedMapping,
    load_json,
    load_yaml,
)
from promptops.repository.adoption.promptfoo.values import UnsupportedTemplateError, fill, to_json
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promptops.repository.adoption.promptfoo.notebook import Notebook
    from promptops.repository.adoption.promptfoo.source import SourceFolder

_KNOWN = (
    *("description", "vars", "assert", "threshold", "options", "metadata", "provider", "providers"),
    *("prompts", "providerOutput", "assertScoringFunction", "path", "config", "env"),
)
# Options that change what is sent or how the answer is scored.
_LOST = {
    "provider": "has a model of its own",
    "providers": "is for some of the models only",
    "providerOutput": "has an answer of its own",
    "assertScoringFunction": "is scored by a program",
}
_LOST_OPTIONS = {
    "transform": "transforms the answer before its checks",
    "postprocess": "transforms the answer before its checks",
    "transformVars": "transforms its variables",
    "prefix": "sends a text before the prompt",
    "suffix": "sends a text after the prompt",
    "storeOutputAs": "hands its answer on to other cases",
}
_PROGRAMS = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb")
_OTHER_FILES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".mp3", ".wav", ".mp4")
_INLINED = (".txt", ".md")
_MAX_CASES = 100_000


@dataclass(frozen=True, slots=True)
class TestCase:
    """One case.

    Attributes:
        name: unique in the configuration.
        values: the values of its variables.
        assertions: the assertions of the default case, then its own.
        threshold: the minimum mean of its scores.
        prompts: the labels of the prompts that it is for; empty: all.
        place: its position.
        lost: why it cannot be converted exactly; empty if it can.
    """

    name: str
    values: Mapping[str, Any]
    assertions: Sequence[Any]
    threshold: Any
    prompts: tuple[str, ...]
    place: CasePlace
    lost: tuple[str, ...] = field(default=())


class CaseReader:
    """Reads the cases of one configuration.

    Args:
        folder: the folder of its files.
        notebook: collects notes on what is not converted.
        file: the configuration's name in notes.
    """

    def __init__(self, folder: SourceFolder, notebook: Notebook, file: str) -> None:
        self._folder = folder
        self._notes = notebook
        self._file = file
        self._names: set[str] = set()
        self._count = 0

    def read(self, data: Mapping[str, Any]) -> list[TestCase]:
        """Return the cases of a configuration. Raises UnreadableError if a file is unreadable."""
        default = self._read_default(data.get("defaultTest"))
        cases: list[TestCase] = []
        for one, place in self._list_all(data):
            cases += self._expand(one, default, place)
            if len(cases) > _MAX_CASES:
                raise UnreadableError(f"it has more than {_MAX_CASES} cases")
        return cases

    def _read_default(self, value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any YAML
        if isinstance(value, str):
            loaded = self._load(value.removeprefix("file://"))
            value = loaded[0][0] if loaded else None
        if not isinstance(value, dict):
            return {}
        self._note_unknown(value, self._place(value, "defaultTest"))
        return value

    def _list_all(self, data: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], CasePlace]]:
        tests = data.get("tests")
        if tests == []:
            self._notes.add("'tests' is empty, and promptfoo runs one empty case that passes")
        yield from self._list_tests(tests)
        scenarios = data.get("scenarios")
        for scenario in scenarios if isinstance(scenarios, list) else ():
            if not isinstance(scenario, dict):
                self._notes.add("a scenario in a file is not carried over", is_lost=True)
                continue
            for one in scenario.get("config") or [{}]:
                for test, place in self._list_tests(scenario.get("tests") or [{}]):
                    yield _merge(one, test), place

    def _list_tests(self, tests: Any) -> Iterator[tuple[Mapping[str, Any], CasePlace]]:  # noqa: ANN401 - any YAML
        for one in tests if isinstance(tests, list) else [tests]:
            if isinstance(one, str):
                yield from self._load(one.removeprefix("file://"))
            elif isinstance(one, dict) and isinstance(one.get("path"), str):
                yield from self._load(one["path"].removeprefix("file://"))
            elif isinstance(one, dict):
                yield one, self._place(one)
            elif one is not None:
                self._notes.add("a test that is not a mapping is not carried over", is_lost=True)

    def _load(self, name: str) -> list[tuple[Mapping[str, Any], CasePlace]]:
        """Return the cases in the files that match a name or pattern."""
        scheme, separator, _ = name.partition("://")
        if separator:
            self._notes.add(f"cases from {scheme}:// are not carried over", is_lost=True)
            return []
        try:
            files = self._folder.find(name)
        except UnreadableError as error:
            self._notes.add(f"cases are not carried over: {error}", is_lost=True)
            return []
        if not files:
            self._notes.add(
                f"no file matches {name}, and promptfoo runs one empty case that passes",
                is_lost=True,
            )
        found = []
        for file in files:
            try:
                found += self._load_file(file)
            except UnreadableError as error:
                self._notes.add(f"cases are not carried over: {error}", is_lost=True)
        return found

    def _load_file(self, file: str) -> list[tuple[Mapping[str, Any], CasePlace]]:
        ending = f".{file.rpartition('.')[2].lower()}"
        if ending == ".csv":
            rows, odd = read_rows(self._folder.read(file), file)
            for one in odd:
                self._notes.add(f"{file} {one}", is_lost=True)
            return [(case, CasePlace(line, file)) for line, case in rows]
        if ending == ".jsonl":
            lines = self._folder.read(file).split("\n")
            loaded = [(load_json(one, file), at) for at, one in enumerate(lines, 1) if one.strip()]
        elif ending == ".json":
            value = load_json(self._folder.read(file), file)
            loaded = [(one, 0) for one in (value if isinstance(value, list) else [value])]
        elif ending in {".yaml", ".yml"}:
            value = load_yaml(self._folder.read(file), file)
            items = value if isinstance(value, list) else [value]
            loaded = [(one, getattr(one, "line", 0)) for one in items]
        else:
            raise UnreadableError(f"{file} is not a table, YAML or JSON")
        cases: list[tuple[Mapping[str, Any], CasePlace]] = []
        for one, line in loaded:
            if isinstance(one, str):
                cases += self._load(one.removeprefix("file://"))
            elif isinstance(one, dict):
                if ending != ".jsonl":
                    self._inline(one.get("assert"))
                cases.append((one, CasePlace(line, file)))
            else:
                raise UnreadableError(f"{file} contains a case that is not a mapping")
        return cases

    def _inline(self, assertions: Any) -> None:  # noqa: ANN401 - any YAML
        """Replace references to text files by their text, untrimmed: promptfoo trims only texts
        that are in its configuration.
        """
        for one in assertions if isinstance(assertions, list) else ():
            if isinstance(one, dict):
                self._inline(one.get("assert"))
                value = one.get("value")
                if isinstance(value, str) and value.startswith("file://"):
                    name = value.removeprefix("file://")
                    if name.endswith(_INLINED):
                        one["value"] = self._folder.read(name)

    def _place(self, one: Mapping[str, Any], case: str = "") -> CasePlace:
        return CasePlace(one.line if isinstance(one, LocatedMapping) else 0, "", case)

    def _note_unknown(self, one: Mapping[str, Any], place: CasePlace) -> None:
        for key in one:
            if key not in _KNOWN:
                near = nearest(key, _KNOWN)
                hint = f": did you mean '{near}'?" if near else ""
                self._notes.add(f"promptfoo ignores the unknown key '{key}'{hint}", place)

    def _expand(
        self, one: Mapping[str, Any], default: Mapping[str, Any], place: CasePlace
    ) -> Iterator[TestCase]:
        self._count += 1
        about = one.get("description")
        about = about.strip() if isinstance(about, str) and about.strip() else ""
        label = about or f"case {self._count}"
        place = CasePlace(place.line, place.file, label)
        self._note_unknown(one, place)
        options = {**_mapping(default.get("options")), **_mapping(one.get("options"))}
        inherited = [] if options.get("disableDefaultAsserts") else default.get("assert") or []
        own = one.get("assert") or []
        assertions = [*_sequence(inherited), *_sequence(own)]
        threshold = one.get("threshold", default.get("threshold"))
        lost = [why for key, why in _LOST.items() if one.get(key, default.get(key)) is not None]
        lost += [why for key, why in _LOST_OPTIONS.items() if options.get(key) not in {None, ""}]
        prompts = one.get("prompts", default.get("prompts")) or ()
        values = {}
        try:
            values = self._read_values(default.get("vars")) | self._read_values(one.get("vars"))
        except UnreadableError as error:
            lost.append(f"cannot be read: {error}")
        expands = not options.get("disableVarExpansion")
        choices = [_choices(value) if expands else [value] for value in values.values()]
        combinations = list(product(*choices))
        for chosen in combinations:
            given = dict(zip(values, chosen, strict=True))
            why = list(lost)
            try:
                given = _resolve(given)
            except UnsupportedTemplateError as error:
                why.append(f"has the template {error} in a variable")
            yield TestCase(
                self._name(label),
                given,
                assertions,
                threshold,
                tuple(str(name) for name in _sequence(prompts)),
                place,
                tuple(dict.fromkeys(why)),
            )

    def _name(self, label: str) -> str:
        label = " ".join(label.split())[:120]
        number, name = 1, label
        while name in self._names:
            number += 1
            name = f"{label} ({number})"
        self._names.add(name)
        return name

    def _read_values(self, given: Any) -> dict[str, Any]:  # noqa: ANN401 - any YAML
        if given is None:
            return {}
        if isinstance(given, (str, list)):
            found: dict[str, Any] = {}
            for name in map(str, _sequence(given)):
                if name.startswith("file://"):
                    raise UnreadableError(
                        f"promptfoo reads no variables from {name}, only from the bare path"
                    )
                files = self._folder.find(name)
                if not files:
                    raise UnreadableError(f"no file matches {name}")
                for file in files:
                    loaded = load_yaml(self._folder.read(file), file)
                    if not isinstance(loaded, dict):
                        raise UnreadableError(f"{file} is not a mapping of variables")
                    found |= loaded
            return found
        if not isinstance(given, dict):
            raise UnreadableError("its variables are not a mapping")
        return {name: self._read_value(value) for name, value in given.items()}

    def _read_value(self, value: Any) -> Any:  # noqa: ANN401 - any YAML
        if not isinstance(value, str) or not value.startswith("file://"):
            return value
        name = value.removeprefix("file://")
        ending = f".{name.rpartition('.')[2].lower()}"
        if ending in _PROGRAMS or ending in _OTHER_FILES:
            raise UnreadableError(f"{name} is a program or not a text")
        found = []
        for file in self._folder.find(name):
            text = self._folder.read(file)
            if ending in {".yaml", ".yml"}:
                found.append(to_json(load_yaml(text, file)))
            elif ending == ".json":
                found.append(to_json(load_json(text, file)))
            else:
                found.append(text.strip())
        if not found:
            raise UnreadableError(f"no file matches {name}")
        return found if found[1:] else found[0]


def _choices(value: Any) -> list[Any]:  # noqa: ANN401 - any YAML
    """Return the values of a variable: the items of a list whose first item is a text, else the
    value itself.
    """
    if isinstance(value, list) and value and isinstance(value[0], str):
        return value
    return [value]


def _resolve(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with names replaced by other values; unknown names are kept."""
    found = dict(values)
    for _round in range(3):
        last = dict(found)
        for name, value in last.items():
            if isinstance(value, str):
                others = {key: one for key, one in last.items() if key != name}
                found[name] = fill(value, others, keeps_unknown=True).removesuffix("\n")
        if found == last:
            break
    return found


def _merge(one: Any, other: Any) -> dict[str, Any]:  # noqa: ANN401 - any YAML
    merged = {**_mapping(one), **_mapping(other)}
    for key in ("vars", "options"):
        both = {**_mapping(_mapping(one).get(key)), **_mapping(_mapping(other).get(key))}
        if both:
            merged[key] = both
    first, second = _mapping(one).get("assert"), _mapping(other).get("assert")
    if first or second:
        merged["assert"] = [*_sequence(first or []), *_sequence(second or [])]
    return merged


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any YAML
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:  # noqa: ANN401 - any YAML
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value]
