"""What a change lacks, in a line and by whom it is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptops.gate.missing import list_faults, list_idle, list_waiting, summarize
from promptops.gate.rules.version_lines import list_version_lines
from promptops.prompt.finding import Finding, Severity
from tests.gate.pieces import NEXT, PLAIN, approve, decide, edit, many_unbumped, propose, touched


def finding(check: str, path: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(check, severity, "x", path)


def test_nobody_waits_where_approvals_were_not_asked_for() -> None:
    change = propose(edit(PLAIN, NEXT), paths=[touched("CODEOWNERS")])
    asked, not_asked = decide(change), decide(change, sources=())
    waiting = {who: [one.path for one in needs] for who, needs in list_waiting(asked)}
    assert waiting == {"@nobody": ["CODEOWNERS"], "@owner": ["prompts/triage.md"]}
    assert list_idle(asked) == []
    assert list_waiting(not_asked) == []
    assert [who for who, _ in list_idle(not_asked)] == ["@nobody", "@owner"]


def test_what_a_line_or_an_approval_answers_is_no_fault() -> None:
    verdict = many_unbumped(1)
    lines = list_version_lines(verdict.change.prompts, verdict.findings)
    assert len(lines) == 1
    assert list_faults(verdict.findings, lines) == []
    # The same check elsewhere, and another check there, are faults.
    others = [finding(lines[0].check, "prompts/x.md"), finding("long-line", lines[0].path)]
    consent = [finding("missing-approval", "a"), finding("unapproved-suppression", "a")]
    assert list_faults([*verdict.findings, *others, *consent], lines) == others


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ([], "the approval of <@owner>"),
        ([finding("long-line", "a")], "a fix of 1 error and the approval of <@owner>"),
        (
            [finding("long-line", path) for path in "ab"],
            "fixes of 2 errors and the approval of <@owner>",
        ),
        ([finding("long-line", "a", Severity.WARNING)], "the approval of <@owner>"),
        (
            [finding("missing-evidence", "a")],
            "the approval of <@owner> and passed evals of 1 prompt",
        ),
        (
            [finding("long-line", "a"), *(finding("missing-evidence", path) for path in "abc")],
            "a fix of 1 error, the approval of <@owner> and passed evals of 3 prompts",
        ),
    ],
)
def test_all_that_is_missing_in_one_line(findings: list[Finding], words: str) -> None:
    verdict = decide(propose(edit(PLAIN, NEXT)))
    verdict = replace(verdict, findings=(*verdict.findings, *findings))
    assert summarize(verdict, "<{}>".format) == f"may not merge: {words} missing"


def test_a_change_that_lacks_nothing_may_merge() -> None:
    change = propose(edit(PLAIN, NEXT))
    assert summarize(decide(change, None, approve(change)), str) == "may merge"
    lines = summarize(many_unbumped(2), str)
    assert lines == "may not merge: 2 version numbers and the approval of @owner missing"
