"""The catalogue of checks, and the page that is written from it."""

from __future__ import annotations

from pathlib import Path

from promptops.checks.catalogue import entries, find_entry, to_markdown
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
