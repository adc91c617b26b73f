"""Verdicts that are kept for releases, and verdicts in a file."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.delivery.evidence import EvalEvidence, write_evidence
from promptops.errors import ConfigurationError
from promptops.gate.rules import Approvals, Verdict, judge
from promptops.gate.verdicts import (
    GateRecord,
    attested_from,
    find_attested,
    keep_verdict,
    read_verdict,
)
from promptops.repository.config import Config, Gate
from tests.delivery.test_evidence import RECORD
from tests.gate.pieces import NEXT, PLAIN, approve, decide, edit, propose, rules

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.prompt.prompt import Prompt
    from promptops.repository.repository import Repository


def clone(folder: Path, versions: str = "change") -> Repository:
    """All that is asked of a repository: where it is, and who writes numbers."""
    config = Config(gate=Gate(versions=versions))
    git = SimpleNamespace(common_dir=folder)
    return SimpleNamespace(git=git, config=config)  # type: ignore[return-value]


def proposed(text: str = NEXT) -> Prompt:
    after = edit(PLAIN, text).after
    assert after is not None
    assert after.prompt is not None
    return after.prompt


def verdict(*, is_approved: bool = True) -> Verdict:
    """A change of one prompt with two suites that passed, one of them with its record."""
    change = propose(edit(PLAIN, NEXT))
    digest = proposed().digest
    record = {**RECORD, "digest": digest}
    evidence = [
        EvalEvidence("triage", digest, "evals/a.yaml", passed=True, samples=3),
        EvalEvidence("triage", digest, RECORD["suite"], True, 3, record),
    ]
    approvals = Approvals(("file",), (approve(change),) if is_approved else ())
    return judge(change, rules(), approvals, evidence=evidence)


def expected() -> GateRecord:
    found = verdict()
    return GateRecord(
        (
            ("Prompt-Gate", f"{'b' * 40} {'c' * 40} {found.digest}"),
            ("Prompt-Approved-By", "@owner"),
            ("Prompt-Evals", "evals/a.yaml passed"),
        ),
        ((RECORD["suite"], write_evidence([{**RECORD, "digest": proposed().digest}])),),
    )


def test_what_passed_is_found_again_by_its_content(tmp_path: Path) -> None:
    assert find_attested(clone(tmp_path), proposed()) == GateRecord()
    keep_verdict(clone(tmp_path), verdict())
    assert find_attested(clone(tmp_path), proposed()) == expected()
    # The same content under another number counts where releases write the numbers.
    renumbered = proposed(NEXT.replace("1.1.0", "1.2.0"))
    assert find_attested(clone(tmp_path), renumbered) == GateRecord()
    assert find_attested(clone(tmp_path, "release"), renumbered) == expected()
    assert find_attested(clone(tmp_path, "release"), proposed(PLAIN)) == GateRecord()


def test_what_did_not_pass_is_not_kept(tmp_path: Path) -> None:
    keep_verdict(clone(tmp_path), verdict(is_approved=False))
    assert list(tmp_path.iterdir()) == []


def test_the_newest_verdicts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.gate.verdicts._MAX_KEPT", 2)
    keep_verdict(clone(tmp_path), verdict())
    other = propose(edit(None, PLAIN))
    keep_verdict(clone(tmp_path), decide(other, None, approve(other)))
    assert find_attested(clone(tmp_path), proposed(PLAIN)).trailers
    assert find_attested(clone(tmp_path), proposed()) == GateRecord()


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"DIGEST": {"trailers": 3}}'])
def test_a_damaged_file_has_no_verdicts(tmp_path: Path, text: str) -> None:
    file = tmp_path / "promptops/verdicts.json"
    file.parent.mkdir()
    file.write_text(text.replace("DIGEST", proposed().digest))
    assert find_attested(clone(tmp_path), proposed()) == GateRecord()
    file.write_text(json.dumps({proposed().digest: [["Prompt-Gate", "x"]]}))
    assert find_attested(clone(tmp_path), proposed()).trailers == (("Prompt-Gate", "x"),)


def test_a_file_says_what_the_clone_that_judged_knows() -> None:
    document = read_verdict(json.dumps(verdict().as_json()).encode(), "v.json")
    renumbered = proposed(NEXT.replace("1.1.0", "1.2.0"))
    assert attested_from(document, "v.json", proposed()) == expected()
    assert attested_from(document, "v.json", renumbered) == expected()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", r"is not of the form promptops\.gate/v1"),
        (b'{"schema": "promptops.gate/v2", "allowed": true}', "is not of the form"),
        (b'{"schema": "promptops.gate/v1"}', "does not allow its change to merge"),
        (b'{"schema": "promptops.gate/v1", "allowed": 1}', "does not allow its change to merge"),
    ],
)
def test_what_is_no_verdict_that_allows_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"the verdict in v\.json {fault}"):
        read_verdict(data, "v.json")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"prompts": []}, "is not about triage with digest sha256:"),
        ({"prompts": [{"name": "triage"}]}, "is not of the form"),
        ({"evals": None}, "is not of the form"),
        ({"approval": {}}, "is not of the form"),
    ],
)
def test_a_verdict_about_something_else_is_refused(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        attested_from({**verdict().as_json(), **change}, "v.json", proposed())
    with pytest.raises(ConfigurationError, match="is not about triage"):
        attested_from(verdict().as_json(), "v.json", proposed(PLAIN))
