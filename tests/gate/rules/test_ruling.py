"""What the rules make findings of, and how they add up to a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from promptops.forge.codeowners import Dialect
from promptops.gate.rules import (
    ApprovalReason,
    Approvals,
    EvalEvidence,
    PathKind,
    Requirement,
    Rules,
    describe_owners,
    judge,
)
from promptops.gate.rules.people import Groups
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.version import Version
from promptops.repository.config import EvalRule
from tests.gate.pieces import (
    AUTHOR,
    PATH,
    approve,
    decide,
    edit,
    entry,
    errors,
    prompt,
    propose,
    rules,
    touched,
    warnings,
)
from tests.prompts import prompt_text
from tests.screens import masked

ONE = propose(paths=[touched()])
PLAIN = prompt_text("1.0.0")
NEXT = prompt_text("1.1.0", body="Answer {{ question }} well")
CAREFUL = prompt_text("1.1.0", body="Answer {{ question }} well", requires_review="true")


# Paths.


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("100644", None),
        ("100755", None),
        ("120000", "prompts/triage.md is a symbolic link, and links are never followed"),
        ("160000", "prompts/triage.md is a submodule, and links are never followed"),
    ],
)
def test_a_governed_file_is_a_file(mode: str, words: str | None) -> None:
    change = propose(paths=[touched(mode=mode)])
    found = decide(change, None, approve(change)).findings
    assert [(one.check, one.message) for one in found] == (
        [("irregular-file", words)] if words else []
    )
    gone = propose(paths=[touched(after=None, mode=mode)])
    assert decide(gone, None, approve(gone)).findings == ()


def test_what_is_a_link_after_merging_counts() -> None:
    path = replace(touched(), merged=entry("x", "120000"))
    change = propose(paths=[path])
    assert errors(decide(change, None, approve(change))) == ["irregular-file"]


def test_nobody_has_seen_what_only_merging_changes() -> None:
    change = propose(paths=[touched(is_proposed=False), touched("prompts/other.md")])
    (found,) = decide(change, None, approve(change)).findings
    assert (found.check, found.path) == ("moved-by-merge", PATH)


# Owners.


def test_without_owners_a_change_of_prompts_is_warned_about() -> None:
    verdict = decide(ONE, rules(None))
    assert warnings(verdict) == ["no-owners"]
    assert (verdict.is_allowed, verdict.owners_path) == (True, None)
    assert masked(verdict.findings[0].message) == snapshot(
        "main has no CODEOWNERS file, so no approval is required"
    )
    assert decide(propose(), rules(None)).findings == ()


@pytest.mark.parametrize(
    ("owners", "dialect", "is_warned"),
    [
        ("* @owner\n", Dialect.GITHUB, False),
        ("/prompts/\n", Dialect.GITHUB, True),
        ("/src/ @owner\n", Dialect.GITHUB, True),
        ("[A]\n* @owner\n", Dialect.GITLAB, False),
        # One required section without owners stays open, no matter who owns the others.
        ("[A]\n* @owner\n[B]\n/prompts/\n", Dialect.GITLAB, True),
        ("[A]\n* @owner\n^[B]\n/prompts/\n", Dialect.GITLAB, False),
        ("^[A]\n* @owner\n", Dialect.GITLAB, False),
        ("[A]\n* @owner\n!/prompts/\n", Dialect.GITLAB, True),
    ],
)
def test_a_governed_path_that_nobody_owns_is_warned_about(
    owners: str, dialect: Dialect, is_warned: bool
) -> None:
    change = propose(paths=[touched(), touched("evals/a.yaml", kind=PathKind.EVALS)])
    verdict = decide(change, rules(owners + "/evals/ @evals\n", dialect=dialect))
    found = [one for one in verdict.findings if one.check == "unowned-path"]
    assert [one.path for one in found] == [PATH] * is_warned
    for one in found:
        assert one.message == snapshot("prompts/triage.md is part of the prompts and has no owner")
        assert one.severity is Severity.WARNING
        assert one.hint == snapshot("give it an owner in CODEOWNERS")


# Consent.


def test_where_nobody_was_asked_approval_is_not_checked() -> None:
    change = propose(paths=[touched(), touched("prompts/other.md")])
    verdict = decide(change, sources=())
    assert verdict.is_allowed
    (found,) = verdict.findings
    assert (found.check, found.path) == ("unchecked-approval", "CODEOWNERS")
    # With every approval there, somebody must have been asked.
    assert decide(change, None, approve(change), sources=()).findings == ()
    assert errors(decide(change)) == ["missing-approval"] * 2


def test_a_demanded_review_is_missing_even_where_nobody_was_asked() -> None:
    change = propose(edit(PLAIN, CAREFUL))
    verdict = decide(change, sources=())
    assert errors(verdict) == ["missing-review"]
    assert warnings(verdict) == ["unchecked-approval"]
    assert errors(decide(change)) == ["missing-approval", "missing-review"]


@pytest.mark.parametrize(("owners", "path"), [("* @owner\n", "CODEOWNERS"), (None, "CODEOWNERS")])
def test_who_asks_for_changes_is_heard(owners: str | None, path: str) -> None:
    by = rules(owners)
    verdict = decide(ONE, by, approve(ONE), objections=("@bob", "@kim"))
    found = [one for one in verdict.findings if one.check == "requested-change"]
    assert [one.message for one in found] == ["@bob requested changes", "@kim requested changes"]
    assert {(one.path, one.severity) for one in found} == {(path, Severity.WARNING)}
    assert verdict.is_allowed


def test_findings_about_owners_stand_at_their_file() -> None:
    by = replace(rules(), owners_path=".github/CODEOWNERS")
    verdict = decide(ONE, by, sources=(), objections=("@bob",))
    assert {one.path for one in verdict.findings} == {".github/CODEOWNERS"}


def test_a_missing_approval_says_whose_and_why_others_do_not_count() -> None:
    (found,) = decide(ONE).findings
    assert (found.check, found.path, found.position) == ("missing-approval", PATH, None)
    assert found.message == snapshot("prompts/triage.md needs the approval of @owner")
    assert found.hint == snapshot("ask them to review it, or to run promptops approve")
    by = rules("[Prompts][2]\n* @owner @two\n", dialect=Dialect.GITLAB)
    others = [approve(ONE), approve(ONE, AUTHOR), approve(ONE, "@lead")]
    (found,) = decide(ONE, by, *others).findings
    assert found.message == snapshot(
        "prompts/triage.md needs 2 approvals of @owner or @two; so far @owner"
    )
    assert found.hint == snapshot(
        "ask them to review it, or to run promptops approve; not counted: "
        "@lead: not an owner of it; author@example.com: the author of the change"
    )


def test_a_missing_review_and_a_suppression_say_what_they_are_about() -> None:
    text = prompt_text("1.1.0", requires_review="true", ignore="{unused-input: it comes later}")
    found = {one.check: one for one in decide(propose(edit(PLAIN, text))).findings}
    assert found["missing-review"].message == snapshot(
        "triage requires a review: prompts/triage.md needs the approval of @owner"
    )
    assert found["missing-review"].position is None
    assert found["unapproved-suppression"].message == snapshot(
        "prompts/triage.md now ignores unused-input, which needs the approval of @owner"
    )
    assert found["unapproved-suppression"].position == Position(1, 1, 1, 2)


@pytest.mark.parametrize(
    ("owners", "count", "words"),
    [
        (("@a",), 1, "the approval of @a"),
        (("@a", "@b"), 1, "the approval of @a or @b"),
        (("@a", "@b"), 2, "2 approvals of @a or @b"),
        ((), 1, "the approval of anyone with write access, since it has no owner"),
        ((), 2, "2 approvals of anyone with write access, since it has no owner"),
    ],
)
def test_whose_approval_it_takes_in_words(owners: tuple[str, ...], count: int, words: str) -> None:
    assert describe_owners(Requirement(PATH, ApprovalReason.OWNERSHIP, "", owners, count)) == words


# Evidence.

GOOD = EvalEvidence("triage", prompt(NEXT).digest, "evals/triage.yaml", passed=True, samples=3)
BAD = replace(GOOD, passed=False, suite="evals/hard.yaml")
EMPTY = replace(GOOD, samples=0)
OTHER = replace(GOOD, digest=prompt(PLAIN).digest)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ((GOOD,), None),
        ((GOOD, GOOD), None),
        ((GOOD, OTHER, replace(OTHER, passed=False)), None),
        ((), "triage 1.1.0: no evidence that its evals passed"),
        ((OTHER,), "triage 1.1.0: no evidence that its evals passed"),
        ((BAD,), "triage 1.1.0: evals/hard.yaml did not pass"),
        ((GOOD, BAD), "triage 1.1.0: evals/hard.yaml did not pass"),
        ((EMPTY,), "triage 1.1.0: evals/triage.yaml did not pass"),
        ((BAD, EMPTY), "triage 1.1.0: evals/hard.yaml, evals/triage.yaml did not pass"),
    ],
)
@pytest.mark.parametrize("policy", ["off", "warn", "block"])
def test_evidence_is_of_exactly_this_content(
    evidence: tuple[EvalEvidence, ...], words: str | None, policy: str
) -> None:
    change = propose(edit(PLAIN, NEXT))
    approvals = Approvals(("file",), (approve(change),))
    verdict = judge(change, rules(evals=policy), approvals, evidence=evidence)
    wanted = words if policy != "off" else None
    severity = Severity.ERROR if policy == "block" else Severity.WARNING
    assert [(one.check, one.severity, one.message, one.path) for one in verdict.findings] == (
        [("missing-evidence", severity, wanted, PATH)] if wanted else []
    )
    assert verdict.evidence == tuple(one for one in evidence if one.digest == GOOD.digest)


@pytest.mark.parametrize(
    ("evidence", "hint"),
    [
        ((), "run its evals on this content (promptops eval run --evidence FILE) and pass"),
        ((BAD,), "see what fails: promptops eval run triage"),
        ((GOOD, BAD), "see what fails: promptops eval run triage"),
    ],
)
def test_a_failed_eval_has_another_remedy_than_a_missing_one(
    evidence: tuple[EvalEvidence, ...], hint: str
) -> None:
    change = propose(edit(PLAIN, NEXT))
    approvals = Approvals(("file",), (approve(change),))
    verdict = judge(change, rules(evals="block"), approvals, evidence=evidence)
    (found,) = verdict.findings
    assert (found.hint or "").startswith(hint)


RECORDED = replace(GOOD, suite="evals/taped.yaml", record={"answers": "cassette"})
LIVE = replace(GOOD, record={"answers": "live"})
MIXED = replace(RECORDED, record={"answers": "mixed"})


@pytest.mark.parametrize(
    ("eval_rules", "expected"),
    [
        ([], ("warn", False)),
        ([EvalRule("triage", "block")], ("block", False)),
        ([EvalRule("tri*", "off")], ("off", False)),
        ([EvalRule("Triage", "block"), EvalRule("tri", "block")], ("warn", False)),
        ([EvalRule("*", None, live=True)], ("warn", True)),
        ([EvalRule("*", "block", live=True), EvalRule("triage", "off")], ("off", True)),
        ([EvalRule("*", "block", live=True), EvalRule("triage", live=False)], ("block", False)),
        ([EvalRule("triage", "off"), EvalRule("*", "block")], ("block", False)),
    ],
)
def test_the_last_rule_that_matches_holds(
    eval_rules: list[EvalRule], expected: tuple[str, bool]
) -> None:
    chosen = replace(rules(evals="warn"), eval_rules=eval_rules)
    assert chosen.evals_of("triage") == expected


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ((LIVE,), None),
        ((RECORDED,), "evals/taped.yaml passed with recorded or scripted answers only"),
        ((MIXED,), "evals/taped.yaml passed with recorded or scripted answers only"),
        ((LIVE, RECORDED), "evals/taped.yaml passed with recorded or scripted answers only"),
        # Version 1 does not say where answers came from.
        ((GOOD,), "evals/triage.yaml passed with recorded or scripted answers only"),
        ((BAD, RECORDED), "evals/hard.yaml did not pass"),
        ((), "no evidence that its evals passed"),
    ],
)
@pytest.mark.parametrize("live", [True, False])
def test_where_answers_have_to_be_live(
    evidence: tuple[EvalEvidence, ...], words: str | None, live: bool
) -> None:
    change = propose(edit(PLAIN, NEXT))
    approvals = Approvals(("file",), (approve(change),))
    chosen = replace(rules(evals="block"), eval_rules=[EvalRule("*", live=live)])
    found = judge(change, chosen, approvals, evidence=evidence).findings
    wanted = words if live or "recorded" not in (words or "") else None
    assert [one.message for one in found] == ([f"triage 1.1.0: {wanted}"] if wanted else [])


def test_each_prompt_that_stays_valid_needs_evidence() -> None:
    change = propose(
        edit(PLAIN, None, name="a"),
        edit(PLAIN, "---\n", name="b"),
        edit(PLAIN, NEXT, name="c"),
        edit(None, NEXT, name="d"),
    )
    verdict = decide(change, rules(evals="block"), approve(change))
    assert [one.path for one in verdict.findings] == ["prompts/c.md", "prompts/d.md"]


# The sum.


def test_findings_from_elsewhere_count_once_and_in_order() -> None:
    late = Finding("b", Severity.ERROR, "x", "prompts/z.md")
    early = Finding("a", Severity.NOTE, "x", "prompts/a.md")
    approvals = Approvals(("file",), notes=("a note",))
    verdict = judge(ONE, rules(), approvals, findings=[late, early, late])
    assert [one.check for one in verdict.findings] == ["a", "missing-approval", "b"]
    assert (verdict.notes, verdict.sources) == (("a note",), ("file",))
    assert not verdict.is_allowed


def test_committers_may_not_unless_the_rules_say_so() -> None:
    change = propose(paths=[touched()], committers=["@owner"])
    assert not Rules(None, None, Groups()).committers_may
    assert Rules(None, None, Groups()).evals == "off"
    assert not decide(change, rules(), approve(change)).is_allowed
    assert decide(change, rules(committers_may=True), approve(change)).is_allowed


def test_versions_are_judged_too() -> None:
    change = propose(edit(PLAIN, prompt_text("1.0.0", body="Answer {{ question }} well")))
    assert errors(decide(change, None, approve(change))) == ["unchanged-version"]


def test_evidence_counts_for_the_prompt_that_it_is_about_among_several() -> None:
    broken = edit(None, "---\nversion: one\n---\n", name="broken")
    change = propose(broken, edit(PLAIN, NEXT, name="other"), edit(PLAIN, NEXT))

    verdict = judge(change, rules(evals="warn"), Approvals(("file",)), evidence=[GOOD])

    assert verdict.evidence == (GOOD,)


def test_evidence_is_about_a_content_whatever_its_version_number() -> None:
    now = prompt(NEXT)
    earlier = Version.parse("1.0.5")
    good = replace(GOOD, digest=now.digest_as(earlier), record={"version": "1.0.5"})

    assert good.is_about(now)
    assert not replace(good, record={"version": "1.0.6"}).is_about(now)
    assert not replace(good, record={"version": "no version"}).is_about(now)
    assert not replace(good, record=None).is_about(now)
    assert replace(good, digest=now.digest, record=None).is_about(now)
    assert not EvalEvidence("triage", now.digest, "s", passed=True, samples=1).is_stale
