"""Find the first release with which a suite fails, by bisection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.releases import list_versions, list_yanked
from promptops.errors import NotFoundError, PromptopsError, UsageError
from promptops.evals.suites import Suites
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.repository.repository import Repository


class UndecidedError(PromptopsError):
    """A release could not be judged, so nothing can be concluded."""

    page = "docs/evals.md#the-verdict"


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a bisection.

    Attributes:
        good: the last release that passes.
        bad: the first one that does not.
        runs: the number of judged releases.
    """

    good: Version
    bad: Version
    runs: int


def choose_versions(
    repository: Repository, name: str, good: str | None, bad: str | None
) -> list[Version]:
    """Return the releases to search, oldest first: from a good one to a bad one.

    Raises:
        NotFoundError: there is no such release.
        UsageError: `good` is not an older release than `bad`.
    """
    Suites(repository).find((name,))
    yanked = list_yanked(repository, name)
    released = list_versions(repository, name)
    ends = []
    for text in (good, bad):
        if text is None:
            continue
        version = Version.parse(text)
        if version not in released:
            raise NotFoundError(
                f"{name} has no release {text}", hint=f"run promptops list {name} to see them"
            )
        ends.append(version)
    versions = [one for one in released if one not in yanked or one in ends]
    if good is not None:
        versions = [one for one in versions if one >= Version.parse(good)]
    if bad is not None:
        versions = [one for one in versions if one <= Version.parse(bad)]
    if len(released) < 2:
        raise NotFoundError(
            f"{name} has fewer than two releases: there is nothing to search",
            hint=f"run promptops list {name} to see its releases",
        )
    if len(versions) < 2:
        raise UsageError(
            f"there are no two releases of {name} to search between",
            hint="pass an older release with --good than with --bad",
        )
    return versions


def bisect_versions(versions: Sequence[Version], passes: Callable[[Version], bool]) -> Found:
    """Bisect between the first version, which must pass, and the last, which must fail.

    Raises:
        UsageError: the first release fails or the last one passes.
    """
    runs = 2
    if not passes(versions[0]):
        raise UsageError(
            f"{versions[0]} fails already", hint="pass an older release that passes with --good"
        )
    if passes(versions[-1]):
        raise UsageError(
            f"{versions[-1]} passes", hint="pass a release that fails with --bad, or another suite"
        )
    low, high = 0, len(versions) - 1
    while high - low > 1:
        middle = (low + high) // 2
        runs += 1
        low, high = (middle, high) if passes(versions[middle]) else (low, middle)
    return Found(versions[low], versions[high], runs)
