"""Reading a trace in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.git.message import parse_message
from promptops.provenance.trace import Trace, trace_chain
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from promptops.provenance.trace import Link


TAG = f"prompts/{TRIAGE}"


def trace(showcase: Showcase, asked: str = f"{TRIAGE}@1.1.0") -> Trace:
    return trace_chain(showcase.repository, asked)


def link(found: Trace, name: str) -> Link:
    return next(one for one in found.links if one.name == name)


def statuses(found: Trace) -> dict[str, str]:
    return {one.name: one.status.value for one in found.links}


def digest_of(showcase: Showcase, version: str) -> str:
    message = parse_message(showcase.repo.git("cat-file", "tag", f"{TAG}@{version}"))
    return message.value("Prompt-Digest") or ""
