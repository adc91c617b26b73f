"""The first release that a suite fails with, and the releases among which it is sought."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import NotFoundError, UsageError
from promptops.evals import bisecting
from promptops.evals.bisecting import bisect_versions, choose_versions
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence


def versions(*texts: str) -> list[Version]:
    return [Version.parse(text) for text in texts]


@pytest.mark.parametrize("count", [2, 3, 8, 33])
def test_the_first_bad_release_is_found_wherever_it_is(count: int) -> None:
    known = versions(*(f"1.{number}.0" for number in range(count)))
    for first_bad in range(1, count):
        judged: list[Version] = []

        def passes(version: Version, bad: Version = known[first_bad]) -> bool:
            judged.append(version)  # noqa: B023 - called before the next round
            return version < bad

        found = bisect_versions(known, passes)
        assert (found.good, found.bad) == (known[first_bad - 1], known[first_bad])
        assert found.runs == len(judged) == len(set(judged))
        assert found.runs <= 2 + (count - 1).bit_length()


def test_ends_that_are_not_as_they_should_be_are_refused() -> None:
    known = versions("1.0.0", "1.1.0", "1.2.0")
    with pytest.raises(UsageError, match=r"1\.0\.0 fails already"):
        bisect_versions(known, lambda _version: False)
    with pytest.raises(UsageError, match=r"1\.2\.0 passes"):
        bisect_versions(known, lambda _version: True)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What is released of a prompt that has a suite."""
    state = SimpleNamespace(versions=versions("1.0.0", "1.1.0", "1.2.0", "2.0.0"), yanked={})
    monkeypatch.setattr(bisecting, "Suites", lambda _: SimpleNamespace(find=lambda _names: []))
    monkeypatch.setattr(bisecting, "list_versions", lambda *_: state.versions)
    monkeypatch.setattr(bisecting, "list_yanked", lambda *_: state.yanked)
    return state


def choose(good: str | None = None, bad: str | None = None) -> Sequence[str]:
    repository: Any = None
    return [str(one) for one in choose_versions(repository, "ask", good, bad)]


def test_the_ends_are_the_releases_that_were_named(released: SimpleNamespace) -> None:
    assert choose() == ["1.0.0", "1.1.0", "1.2.0", "2.0.0"]
    assert choose("1.1.0") == ["1.1.0", "1.2.0", "2.0.0"]
    assert choose("1.0.0", "1.2.0") == ["1.0.0", "1.1.0", "1.2.0"]
    assert len(released.versions) == 4


def test_a_yanked_release_is_judged_only_if_it_was_named(released: SimpleNamespace) -> None:
    released.yanked = dict.fromkeys(versions("1.0.0", "1.1.0"), "broken")
    assert choose() == ["1.2.0", "2.0.0"]
    assert choose("1.0.0") == ["1.0.0", "1.2.0", "2.0.0"]


def test_ends_without_releases_between_are_refused(released: SimpleNamespace) -> None:
    with pytest.raises(NotFoundError, match=r"ask has no release 1\.3\.0"):
        choose("1.3.0")
    with pytest.raises(UsageError, match="no two releases of ask to search between"):
        choose("2.0.0", "1.0.0")
    released.versions = versions("1.0.0")
    with pytest.raises(NotFoundError, match="fewer than two releases"):
        choose()
