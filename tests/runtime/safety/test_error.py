"""A run that was stopped for safety reasons says which rules stopped it."""

from __future__ import annotations

import pickle

from promptops.runtime.safety.error import SafetyError


def test_the_rules_that_stopped_a_run_reach_another_process() -> None:
    error = SafetyError("the answer leaks the prompt", rules=["canary", "role"], hint="see the log")
    error.run_id = "run-1"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is SafetyError
    assert (again.rules, again.run_id, again.hint) == (("canary", "role"), "run-1", "see the log")
