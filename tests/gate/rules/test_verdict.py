"""What a verdict says to programs, and by which digest it is named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from promptops.forge.codeowners import Dialect
from promptops.gate.rules import Approvals, EvalEvidence, Verdict, judge
from promptops.prompt.finding import Finding, Position, Severity
from tests.gate.pieces import (
    AUTHOR,
    PATH,
    approve,
    decide,
    edit,
    prompt,
    propose,
    rules,
    touched,
)
from tests.prompts import prompt_text

PLAIN = prompt_text("1.0.0")
NEXT = prompt_text("1.1.0", body="Answer {{ question }} well")
BROKEN = "---\nversion: one\n---\n"


def verdict_of(*severities: Severity) -> Verdict:
    findings = tuple(Finding("check", one, "x", "a") for one in severities)
    return Verdict(propose(), findings, (), (), None)


@pytest.mark.parametrize(
    ("severities", "is_allowed"),
    [
        ([], True),
        ([Severity.NOTE], True),
        ([Severity.WARNING, Severity.NOTE], True),
        ([Severity.ERROR], False),
        ([Severity.WARNING, Severity.ERROR], False),
    ],
)
def test_only_errors_say_no(severities: list[Severity], is_allowed: bool) -> None:
    assert verdict_of(*severities).is_allowed is is_allowed


def test_everybody_whose_approval_counts_is_named_once() -> None:
    change = propose(paths=[touched(), touched("prompts/other.md"), touched("CODEOWNERS")])
    by = rules("* @b @A @c")
    found = [approve(change, name) for name in ("@b", "@A", "@stranger", AUTHOR)]
    assert decide(change, by, *found).approvers == ("@A", "@b")


def test_a_prompts_requirements_are_those_of_its_files() -> None:
    one = replace(edit(PLAIN, NEXT), changed=("prompts/_tone.md",))
    change = propose(one, edit(PLAIN, NEXT, name="other"), paths=[touched("prompts/_tone.md")])
    found = decide(change).requirements_of(one)
    assert [need.path for need in found] == ["prompts/_tone.md", PATH]


# The document.


@pytest.mark.parametrize(
    ("before", "after", "document"),
    [
        (
            PLAIN,
            NEXT,
            {
                "change": "changed",
                "class": "behaviour",
                "bump": "minor",
                "from": "1.0.0",
                "to": "1.1.0",
            },
        ),
        (
            None,
            NEXT,
            {"change": "added", "class": "behaviour", "bump": "none", "from": None, "to": "1.1.0"},
        ),
        (
            PLAIN,
            BROKEN,
            {"change": "changed", "class": None, "bump": None, "from": "1.0.0", "to": None},
        ),
        (
            BROKEN,
            None,
            {"change": "removed", "class": None, "bump": None, "from": None, "to": None},
        ),
        (
            PLAIN,
            None,
            {"change": "removed", "from": "1.0.0", "to": None},
        ),
        (
            PLAIN,
            prompt_text('"1.0.0"'),
            {"change": "changed", "class": None, "bump": "none", "from": "1.0.0", "to": "1.0.0"},
        ),
    ],
)
def test_what_becomes_of_a_prompt(
    before: str | None, after: str | None, document: dict[str, object]
) -> None:
    change = propose(edit(before, after))
    (found,) = decide(change).as_json()["prompts"]
    assert document.items() <= found.items()
    new = change.prompts[0].after
    expected = new.prompt.digest if new and new.prompt else None
    assert (found["digest"], found["name"], found["path"]) == (expected, "triage", PATH)
    assert (found["requires_review"], found["new_suppressions"]) == (False, [])


def test_a_prompts_demands_are_in_the_document() -> None:
    text = prompt_text("1.1.0", requires_review="true", ignore="{unused-input: later}")
    (found,) = decide(propose(edit(PLAIN, text))).as_json()["prompts"]
    assert (found["requires_review"], found["new_suppressions"]) == (True, ["unused-input"])


def test_who_approved_and_who_has_to_is_in_the_document() -> None:
    change = propose(edit(PLAIN, prompt_text("1.0.1", ignore="{unused-input: later}")))
    by = rules("[Prompts][2]\n* @owner @two\n", dialect=Dialect.GITLAB)
    verdict = decide(change, by, approve(change), approve(change, AUTHOR))
    document = verdict.as_json()["approval"]
    assert document == {
        "checked": True,
        "sources": ["file"],
        "owners_file": "CODEOWNERS",
        "approvers": ["@owner"],
        "requirements": [
            {
                "path": PATH,
                "ground": ground,
                "about": about,
                "owners": ["@owner", "@two"],
                "line": 2,
                "section": "Prompts",
                "count": count,
                "met": met,
                "approved_by": ["@owner"],
                "left_out": [
                    {"approver": AUTHOR, "source": "file", "reason": "the author of the change"}
                ],
            }
            for ground, about, count, met in [
                ("ownership", None, 2, False),
                ("suppression", "unused-input", 1, True),
            ]
        ],
    }
    assert decide(change, by, sources=()).as_json()["approval"]["checked"] is False


def test_findings_evidence_and_notes_are_in_the_document() -> None:
    change = propose(edit(PLAIN, NEXT))
    result = EvalEvidence("triage", prompt(NEXT).digest, "evals/a.yaml", passed=True, samples=1)
    findings = [
        Finding("a", Severity.WARNING, "m", PATH, Position(3, 5, 3, 6), "h"),
        Finding("b", Severity.NOTE, "m", PATH),
    ]
    approvals = Approvals(("file",), (approve(change),), notes=("a note",))
    verdict = judge(change, rules(), approvals, findings=findings, evidence=[result])
    document = verdict.as_json()
    assert document["evals"] == [{"prompt": "triage", "suite": "evals/a.yaml", "passed": True}]
    assert document["notes"] == ["a note"]
    assert [list(one.values()) for one in document["findings"]] == [
        ["b", "note", "m", None, PATH, None, None],
        ["a", "warning", "m", "h", PATH, 3, 5],
    ]
    assert document["allowed"] is True
    assert [document[key] for key in ("target", "base", "head", "merge_base", "tree")] == [
        change.target,
        change.base,
        change.head,
        change.merge_base,
        change.tree,
    ]


# The digest.


def test_the_digest_is_of_the_document_without_white_space() -> None:
    document = decide(propose(edit(PLAIN, NEXT))).as_json()
    assert document.pop("schema") == "promptops.gate/v1"
    digest = document.pop("digest")
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    assert digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_another_verdict_has_another_digest() -> None:
    change = propose(edit(PLAIN, NEXT))
    verdicts = [
        decide(change),
        decide(change, None, approve(change)),
        decide(change, None, approve(change), sources=("github",)),
        decide(change, rules("* @owner\n"), approve(change)),
        decide(replace(change, head="f" * 40), None, approve(change)),
        decide(propose(edit(PLAIN, NEXT + "\nMore")), None, approve(change)),
    ]
    assert len({one.digest for one in verdicts}) == len(verdicts)
    assert decide(change).digest == decide(propose(edit(PLAIN, NEXT))).digest
