"""What a verification of some refs looks into."""

from __future__ import annotations

import pytest

from promptops.errors import NotFoundError, UsageError
from tests.provenance.verify.pieces import told, verify
from tests.showcase import TRIAGE, Showcase


@pytest.mark.parametrize(
    ("refs", "summary"),
    [
        ([TRIAGE], "checked 3 releases and 2 environments (5 deployments)"),
        ([f"{TRIAGE}@1.0.0"], "checked 1 release and 2 environments (5 deployments)"),
        ([f"{TRIAGE}@^1"], "checked 1 release and 2 environments (5 deployments)"),
        ([f"{TRIAGE}@production"], "checked 1 release and 1 environment (1 deployment)"),
        (["staging"], "checked 1 release and 1 environment (4 deployments)"),
        (["staging", "support/reply"], "checked 2 releases and 2 environments (5 deployments)"),
    ],
)
def test_refs_choose_what_is_checked(untouched: Showcase, refs: list[str], summary: str) -> None:
    assert verify(untouched, *refs).summary == f"{summary}: all consistent"


@pytest.mark.slow
def test_what_was_not_asked_about_is_not_reported(showcase: Showcase) -> None:
    showcase.rewrite(files={f"releases/{TRIAGE}@1.1.0": None})
    showcase.repo.tag("prompts/support/reply@1.1.0", "handmade\n")

    assert told(verify(showcase, f"{TRIAGE}@production")) == []
    assert len(told(verify(showcase, "support/reply"))) == 1


@pytest.mark.parametrize(
    ("ref", "error", "message"),
    [
        ("support/triag", NotFoundError, "there is no prompt support/triag"),
        (f"{TRIAGE}@9.9.9", NotFoundError, "support/triage 9.9.9 is not released"),
        (f"{TRIAGE}@preview", UsageError, "there is no environment 'preview'"),
        ("support/reply@staging", NotFoundError, "support/reply is not live in staging"),
        (f"{TRIAGE}@working", UsageError, "the work tree is not a release"),
        ("--help", UsageError, "'--help' is not a prompt name"),
    ],
)
def test_refs_that_mean_nothing_are_refused(
    untouched: Showcase, ref: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        verify(untouched, ref)
