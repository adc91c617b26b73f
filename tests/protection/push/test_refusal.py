"""What a person reads of a refused push: each reason with its hint, and never too many."""

from __future__ import annotations

import pytest

from promptops.errors import GitError, IntegrityError, RefusedError, UntrustedError
from promptops.prompt.finding import Finding, Severity
from promptops.protection.push.refusal import (
    PushRefusal,
    RefusedChangeError,
    describe_refusals,
)

REF = "refs/heads/main"
GATE = "run promptops gate before you push to see what is missing"


@pytest.mark.parametrize(
    ("kind", "is_unclear"),
    [(RefusedError, False), (IntegrityError, False), (UntrustedError, False), (GitError, True)],
)
def test_only_a_rule_is_a_clear_answer(
    kind: type[RefusedError | IntegrityError | UntrustedError | GitError], is_unclear: bool
) -> None:
    error = kind("it is wrong", hint="make it right")
    refusal = PushRefusal(REF, "it is wrong", "make it right", is_unclear)
    assert describe_refusals(REF, error) == [refusal]


def test_a_refusal_without_a_hint_names_the_page_of_rules() -> None:
    (refusal,) = describe_refusals(REF, RefusedError("it is wrong"))
    assert "docs/server.md" in refusal.hint


def list_reasons(count: int) -> RefusedChangeError:
    return RefusedChangeError(
        [
            Finding("approval", Severity.ERROR, f"reason {number}", "prompts/a.md")
            for number in range(count)
        ]
    )


def test_every_reason_of_the_gate_is_told_with_its_place() -> None:
    finding = Finding(
        "approval", Severity.ERROR, "nobody approved", "prompts/a.md", hint="ask jane"
    )
    told = describe_refusals(REF, RefusedChangeError([finding, *list_reasons(1).findings]))
    assert [(one.message, one.hint) for one in told] == [
        ("prompts/a.md: nobody approved", "ask jane"),
        ("prompts/a.md: reason 0", GATE),
    ]


def test_twenty_reasons_are_enough_for_a_terminal() -> None:
    assert len(describe_refusals(REF, list_reasons(20))) == 20
    *told, last = describe_refusals(REF, list_reasons(23))
    assert len(told) == 20
    assert last.message == "the change may not merge for 3 more reasons"
