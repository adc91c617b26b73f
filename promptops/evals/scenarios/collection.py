"""Collect scenarios that a model wrote: valid, without duplicates, spread over categories. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import InputError, quote
from promptops.evals.scenarios.drafting import TAG, DraftSample, expect_of_any
from promptops.evals.scenarios.likeness import InputsPrint, are_alike, take_print
from promptops.evals.scenarios.values import ValueKind
from promptops.evals.scorers.similar import cosine
from promptops.prompt.diff.values import canonical_json
from promptops.prompt.inputs import InputValidator
from promptops.prompt.schema import compile_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.prompt.prompt import Prompt

ORDINARY = "ordinary"
SEVERAL = "several"
OTHER = "other"
CATEGORIES = (
    ORDINARY,
    *(kind.value for kind in ValueKind if kind is not ValueKind.PLAIN),
    SEVERAL,
)
"""The categories that a draft should cover."""
MODEL_TAG = "by-model"

ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["scenarios"],
    "properties": {"scenarios": {"type": "array", "maxItems": 200}},
}
"""The schema of a model's answer. Each scenario is checked separately."""
_SCENARIO: dict[str, Any] = {
    "type": "object",
    "required": ["name", "inputs", "criteria"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"\S"},
        "category": {"type": "string", "maxLength": 40},
        "inputs": {"type": "object"},
        "criteria": {
            "type": "array",
            "minItems": 1,
            "maxItems": 12,
            "items": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": r"\S"},
        },
    },
}
_MAX_SIZE = 200_000
# The minimum cosine at which two texts of one category count as equal in meaning.
_SAME_MEANING = 0.95
_MAX_REASON = 200


class RefusedScenario(NamedTuple):
    """A rejected scenario.

    Attributes:
        name: the name that the model gave it, or "".
        reason: why it was rejected.
    """

    name: str
    reason: str


class _Candidate(NamedTuple):
    sample: DraftSample
    category: str
    mark: InputsPrint
    vector: Sequence[float] | None


class ScenarioCollection:
    """The scenarios of one draft so far.

    Args:
        prompt: the prompt under test.
        limit: the maximum number of scenarios.
        known: existing inputs that must not be repeated, by sample name.
    """

    def __init__(
        self, prompt: Prompt, limit: int, known_inputs: Iterable[tuple[str, dict[str, Any]]] = ()
    ) -> None:
        self.prompt = prompt
        self._limit = limit
        self._validator = InputValidator(prompt.inputs)
        self._form = compile_schema(_SCENARIO)
        self._kept: list[_Candidate] = []
        found = list(known_inputs)
        self._known_names = [name for name, _ in found]
        self._known = [take_print(inputs) for _, inputs in found]
        self.refused: list[RefusedScenario] = []
        self.repeated: list[str] = []

    @property
    def missing(self) -> list[str]:
        """The categories without a scenario."""
        have = {one.category for one in self._kept}
        return [one for one in CATEGORIES if one not in have]

    @property
    def counts(self) -> dict[str, int]:
        """Category -> number of its scenarios, without empty categories."""
        found = [one.category for one in self._kept]
        return {name: found.count(name) for name in (*CATEGORIES, OTHER) if name in found}

    @property
    def wanted(self) -> int:
        """The number of missing scenarios: up to the limit, and one in each category."""
        categories = min(len(self.missing), self._limit)
        return max(self._limit - len(self._kept), categories)

    @property
    def names(self) -> list[str]:
        """The names of all scenarios that must not be repeated, newest first."""
        return [one.sample.name for one in reversed(self._kept)] + self._known_names

    def check(self, scenarios: Sequence[object]) -> list[dict[str, Any]]:
        """Return the well-formed scenarios that fit the prompt's inputs; record the others."""
        good: list[dict[str, Any]] = []
        for one in scenarios:
            reason = self._find_fault(one)
            if reason is None and isinstance(one, dict):
                good.append(one)
                continue
            name = one.get("name", "") if isinstance(one, dict) else ""
            self.refused.append(
                RefusedScenario(name[:_MAX_REASON] if isinstance(name, str) else "", reason or "")
            )
        return good

    def add(
        self,
        scenarios: Sequence[dict[str, Any]],
        vectors: Sequence[Sequence[float]] | None = None,
    ) -> int:
        """Add the scenarios that are not duplicates; return their number.

        Args:
            scenarios: scenarios from `check`.
            vectors: the embeddings of their `describe_inputs`; None without an embedding model.
        """
        count = 0
        for number, one in enumerate(scenarios):
            found = self._read(one, None if vectors is None else vectors[number])
            if self._repeats(found):
                self.repeated.append(found.sample.name)
                continue
            self._kept.append(found)
            count += 1
        return count

    def choose(self) -> list[DraftSample]:
        """Return the draft: up to the limit, taken from each category in turn."""
        lanes: dict[str, list[_Candidate]] = {name: [] for name in (*CATEGORIES, OTHER)}
        for one in self._kept:
            lanes[one.category].append(one)
        chosen: list[_Candidate] = []
        for turn in range(len(self._kept)):
            chosen += [lane[turn] for lane in lanes.values() if turn < len(lane)]
        order = {id(one): number for number, one in enumerate(self._kept)}
        kept = sorted(chosen[: self._limit], key=lambda one: order[id(one)])
        return list(_with_unique_names(one.sample for one in kept))

    def _find_fault(self, one: object) -> str | None:
        """Return why a scenario cannot be used; None if it can."""
        for fault in self._form.iter_errors(one):
            place = ".".join(map(str, fault.instance_path)) or "the scenario"
            return f"{place}: {fault.message}"[:_MAX_REASON]
        assert isinstance(one, dict)  # noqa: S101 - the schema says so
        if len(canonical_json(one)) > _MAX_SIZE:
            return f"it has more than {_MAX_SIZE:,} characters"
        try:
            faults = list(self._validator.find_faults(one["inputs"]))
        except InputError as error:
            return error.message[:_MAX_REASON]
        return None if not faults else f"{faults[0].name}: {faults[0].message}"[:_MAX_REASON]

    def _read(self, one: dict[str, Any], vector: Sequence[float] | None) -> _Candidate:
        said = str(one.get("category", "")).strip().lower()
        category = said if said in CATEGORIES else OTHER
        criteria = [" ".join(text.split()) for text in one["criteria"]]
        sample = DraftSample(
            " ".join(one["name"].split()),
            (TAG, MODEL_TAG, category),
            one["inputs"],
            [*expect_of_any(self.prompt), {"rubric": criteria}],
        )
        return _Candidate(sample, category, take_print(one["inputs"]), vector)

    def _repeats(self, one: _Candidate) -> bool:
        if any(are_alike(one.mark, mark) for mark in self._known):
            return True
        return any(
            are_alike(one.mark, kept.mark) or _have_equal_meaning(one, kept) for kept in self._kept
        )


def describe_inputs(scenario: dict[str, Any]) -> str:
    """Return a scenario's inputs as text for embedding."""
    return canonical_json(scenario["inputs"])[:8_000]


def describe_refused(refused: Sequence[RefusedScenario]) -> list[str]:
    """Return a line for each rejected scenario."""
    return [
        f"{quote(one.name) if one.name else 'one without a name'}: {one.reason}" for one in refused
    ]


def _have_equal_meaning(one: _Candidate, other: _Candidate) -> bool:
    """Return whether two scenarios have the same meaning, by their embeddings.

    Scenarios of different categories or with different values other than text never do: a
    translation is wanted, although its embedding is near.
    """
    if one.vector is None or other.vector is None or one.category != other.category:
        return False
    same_values = one.mark.values == other.mark.values
    return same_values and cosine(one.vector, other.vector) >= _SAME_MEANING


def _with_unique_names(samples: Iterable[DraftSample]) -> Iterator[DraftSample]:
    taken: set[str] = set()
    for one in samples:
        name, number = one.name, 1
        while name in taken:
            number += 1
            name = f"{one.name} ({number})"
        taken.add(name)
        yield one._replace(name=name)
