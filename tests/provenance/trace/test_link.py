"""The verdict on a chain, from the statuses of its links."""

from __future__ import annotations

import pytest

from promptops.errors import GitError, IntegrityError, PromptopsError
from promptops.prompt.version import Version
from promptops.provenance.trace.link import Link, LinkStatus, Trace, failed_link

OK, BROKEN, ABSENT, UNCHECKED = LinkStatus


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((OK, OK), "the chain is intact"),
        ((ABSENT, OK, ABSENT), "the chain is intact, as far as it was recorded (not: 0, 2)"),
        ((ABSENT, UNCHECKED, UNCHECKED), "the chain could not be followed at 1: why 1"),
        # A fault is graver than missing data, wherever it is.
        ((UNCHECKED, OK, BROKEN, BROKEN), "the chain breaks at 2: why 2"),
        ((), "the chain is intact"),
    ],
)
def test_the_gravest_link_decides(statuses: tuple[LinkStatus, ...], verdict: str) -> None:
    links = tuple(Link(f"{at}", status, f"why {at}") for at, status in enumerate(statuses))
    found = Trace("a", "a", Version(1, 0, 0), None, links)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IntegrityError("it was altered", hint="look"), BROKEN),
        (GitError("it is not in this clone", hint="look"), UNCHECKED),
    ],
)
def test_what_this_clone_lacks_is_no_fault(error: PromptopsError, status: LinkStatus) -> None:
    found = failed_link("release", error, {"tag": None}, ("a line",))
    assert found == Link("release", status, error.message, ("a line",), "look", {"tag": None})
