"""Verifying in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.provenance.verify import verify_repository
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from promptops.provenance.verify import Verification


TAG = f"prompts/{TRIAGE}"


def verify(showcase: Showcase, *refs: str) -> Verification:
    return verify_repository(showcase.repository, refs)


def told(result: Verification) -> list[str]:
    """The findings as `severity place: message`."""
    return [f"{one.severity.value} {one.path}: {one.message}" for one in result.findings]
