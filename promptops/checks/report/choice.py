"""Filter findings by check and path."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from promptops.checks.registry import CHECKS, FAULTS
from promptops.errors import UsageError, quote
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.prompt.finding import Finding


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter of findings.

    Attributes:
        checks: the ids of the checks to report.
        excluded_paths: files not to report, as paths from the repository's top, globs or folders.
    """

    checks: frozenset[str]
    excluded_paths: tuple[str, ...] = ()

    def keeps(self, finding: Finding) -> bool:
        """Return whether the filter keeps the finding."""
        return finding.check in self.checks and not any(
            fnmatchcase(finding.path, pattern) or finding.path.startswith(f"{pattern}/")
            for pattern in self.excluded_paths
        )


def parse_choice(select: Iterable[str], exclude: Iterable[str]) -> Choice:
    """Parse `--select` and `--exclude`. Values may contain several words with commas.

    A word of `select` is a check's id or a glob of ids (`unused-*`); without any, all checks are
    selected. A word of `exclude` may also be a path, which has a slash or a dot; ids have neither.

    Raises UsageError, with the nearest id, for an unknown check.
    """
    chosen = [check for word in _split(select) for check in _expand(word)]
    words = _split(exclude)
    paths = tuple(word.removeprefix("./").rstrip("/") for word in words if _is_path(word))
    refused = {check for word in words if not _is_path(word) for check in _expand(word)}
    return Choice(frozenset(chosen or _all_checks()) - refused, paths)


def _split(words: Iterable[str]) -> list[str]:
    return [part.strip() for word in words for part in word.split(",") if part.strip()]


def _is_path(word: str) -> bool:
    return "/" in word or "." in word


def _all_checks() -> list[str]:
    return [*CHECKS, *FAULTS]


def _expand(word: str) -> list[str]:
    """Return the ids that match a word."""
    known = _all_checks()
    found = [check for check in known if fnmatchcase(check, word)]
    if not found:
        near = nearest(word, known)
        hint = f"did you mean '{near}'?" if near else "run `promptops checks` to list them"
        raise UsageError(f"there is no check {quote(word)}", hint=hint)
    return found
