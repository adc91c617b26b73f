"""Answers of the doctor as findings, which are what CI shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptops.prompt.finding import Finding
from promptops.protection.doctor import answer
from tests.protection.doctor.pieces import ERROR, NOTE, WARNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.prompt.finding import Severity


@pytest.mark.parametrize(
    ("make", "severity"), [(answer.error, ERROR), (answer.warning, WARNING), (answer.note, NOTE)]
)
def test_a_fault_is_a_finding_with_risk_and_remedy(
    make: Callable[..., answer.DoctorAnswer], severity: Severity
) -> None:
    found = replace(
        make("it is open", "main", risk="all is lost", remedy="close it"), check="bypass"
    )
    assert found.as_finding() == Finding(
        "bypass", severity, "it is open", "main", hint="all is lost; close it"
    )


def test_what_is_unknown_is_a_warning_that_says_so() -> None:
    found = answer.unread(answer.UnreadSetting("the answer is 403"), "main")
    assert replace(found, check="bypass").as_finding() == Finding(
        "bypass", WARNING, "could not tell: the answer is 403", "main", hint=None
    )
    hinted = answer.unread(answer.UnreadSetting("the answer is 403", "ask"), "main").as_finding()
    assert hinted is not None
    assert hinted.hint == "ask"


def test_what_is_fine_is_no_finding() -> None:
    assert answer.fine("it is closed", "main").as_finding() is None
