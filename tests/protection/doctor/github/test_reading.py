"""What is read from GitHub, and what may not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.protection.doctor import AnswerState
from tests.protection.doctor.github.pieces import ALWAYS, faults, look
from tests.protection.doctor.pieces import NOTE

if TYPE_CHECKING:
    from tests.protection.doctor.github.fake import ProtectedGitHub


def test_a_repository_that_is_protected_throughout(forge: ProtectedGitHub) -> None:
    answers = look(forge)
    assert faults(answers) == ALWAYS
    assert answers["merge-queue"] == []


def test_the_older_protection_of_a_branch_will_do_as_well(forge: ProtectedGitHub) -> None:
    forge.protect()
    assert faults(look(forge)) == ALWAYS


def test_what_may_not_be_read_is_never_taken_for_fine(forge: ProtectedGitHub) -> None:
    forge.hidden = {"/protection", "/rulesets", "/rulesets/3", "/workflow"}
    answers = look(forge)
    # The rules for the branch are there for everybody, and they are enough for most of it.
    unknown = {
        check
        for check, some in answers.items()
        if any(one.state is AnswerState.UNKNOWN for one in some)
    }
    assert unknown == {"bypass", "release-tags", "environment-branches", "workflow-rights"}
    assert all(one.severity in {None, NOTE} for some in answers.values() for one in some)
    forge.rules["main"] = []
    answers = look(forge)
    for check in ("forge-reviews", "required-status", "rewriting"):
        assert [one.state for one in answers[check]] == [AnswerState.UNKNOWN], check
