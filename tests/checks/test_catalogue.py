"""The catalogue of checks, and the page that is written from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from promptops.checks.catalogue import (
    describe_severity,
    entries,
    find_entry,
    find_page,
    to_markdown,
)
from promptops.checks.registry import CHECKS, FAULTS


def test_the_documentation_in_the_repository_is_what_the_checks_say() -> None:
    page = Path(__file__).parents[2] / "docs" / "checks.md"
    assert page.read_text(encoding="utf-8") == to_markdown(), "run: nox -s docs"


def test_the_catalogue_knows_all_about_a_check() -> None:
    assert len({entry.id for entry in entries()}) == len(entries()) == len(CHECKS) + len(FAULTS)
    secret, model, fault = map(find_entry, ("exposed-secret", "unknown-model", "duplicate-key"))
    assert secret is not None
    assert model is not None
    assert fault is not None
    assert (secret.is_on, secret.is_configurable, secret.is_ignorable) == (True, True, False)
    assert (model.is_on, model.is_configurable, model.is_ignorable) == (False, True, True)
    assert (fault.is_on, fault.is_configurable, fault.is_ignorable) == (True, False, False)
    assert find_entry("no-such-check") is None


def test_every_check_and_fault_leads_to_a_heading_of_the_page() -> None:
    text = to_markdown()
    anchors = {
        re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"(?m)^#+ (.+)$", text)
    }
    for entry in entries():
        page, _, anchor = str(find_page(entry.id)).partition("#")
        assert page == "docs/checks.md"
        assert anchor in anchors, entry.id
    assert find_page("no-such-check") is None


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("unused-input", "warning"),
        ("unknown-model", "warning, off by default"),
        ("duplicate-key", "error, always"),
    ],
)
def test_a_severity_says_what_can_be_done_about_it(check: str, words: str) -> None:
    entry = find_entry(check)
    assert entry is not None
    assert describe_severity(entry) == words
