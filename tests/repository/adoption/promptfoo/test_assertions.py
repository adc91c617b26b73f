"""Assertions of promptfoo become checks with the same verdict, or are left out with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.repository.adoption.pieces import adopt, notes
from tests.repository.adoption.promptfoo.pieces import suite

if TYPE_CHECKING:
    from tests.repositories import Repo


SET = "{type: assert-set, threshold: 0.5, weight: 3, assert: [A, B]}"


PARTS = ("{type: contains, value: a}", "{type: contains, value: b}")


def test_in_a_case_with_a_threshold_only_the_mean_of_a_set_counts(repo: Repo) -> None:
    checks = f"[{SET.replace('A', PARTS[0]).replace('B', PARTS[1])}, {PARTS[0]}]"
    text = (
        f"prompts: ['{{{{x}}}}']\ntests:\n- {{vars: {{x: a}}, threshold: 0.6, assert: {checks}}}\n"
    )
    plan = adopt(repo, "promptfooconfig.yaml", text)
    (prompt,) = plan["prompts"]
    (found,) = suite(repo, prompt["name"])["samples"]
    assert found["expect"] == [
        {"contains": "a", "weight": 1.5},
        {"contains": "b", "weight": 1.5},
        {"contains": "a"},
    ]
    assert not [one for one in notes(plan) if "differ" in one]
