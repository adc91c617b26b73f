"""The result of a validation, built from the results of all prompts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.checks.masking import mask
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.finding import Finding, Inclusion, Severity, sort_key
from promptops.prompt.reference import is_partial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from promptops.prompt.finding import Position


@dataclass(frozen=True, slots=True)
class Validation:
    """The result of a validation.

    Attributes:
        findings: all findings, sorted by file and position; paths are from the repository's top.
        prompts: the names of the validated prompts.
        texts: path -> text of files with findings, for display; secrets are masked.
        included_from: path -> chain of includes from a prompt, nearest first, for partials with
            findings.
        elsewhere: the number of findings left out: files that a commit does not change had them
            before it.
    """

    findings: tuple[Finding, ...]
    prompts: tuple[str, ...]
    texts: dict[str, str]
    included_from: Mapping[str, tuple[Inclusion, ...]] = field(default_factory=dict)
    elsewhere: int = 0

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def is_passed(self) -> bool:
        """Whether no finding is an error."""
        return not self.count(Severity.ERROR)

    def is_milder_than(self, severity: Severity) -> bool:
        """Return whether every finding is less severe than `severity`."""
        order = list(Severity)
        grave = order[: order.index(severity) + 1]
        return not any(finding.severity in grave for finding in self.findings)


def build_validation(
    findings: Iterable[Finding],
    names: Iterable[str],
    inclusions: Mapping[str, tuple[tuple[str, Position], ...]],
    folder: str,
    read: Callable[[str], bytes | None],
) -> Validation:
    """Build a validation, with paths from the repository's top.

    Args:
        findings: all findings; paths are below the prompts folder, or with a leading `/`, from the
            top.
        names: the names of the validated prompts.
        inclusions: the includes of each file, with their positions.
        folder: the prompts folder.
        read: returns a file's bytes by its path from the top; None if missing.
    """
    listed = list(findings)
    placed = sorted((_place_below(one, folder) for one in listed), key=sort_key)
    texts = {}
    for path in {finding.path for finding in placed}:
        data = read(path)
        if data is not None:
            texts[path] = normalize_newlines(data).decode(errors="replace")
    placed = mask(placed, texts)
    includers = _find_includers({one.path for one in listed}, inclusions, folder)
    return Validation(tuple(placed), tuple(names), texts, includers)


def _find_includers(
    paths: Iterable[str],
    inclusions: Mapping[str, tuple[tuple[str, Position], ...]],
    folder: str,
) -> dict[str, tuple[Inclusion, ...]]:
    """Return a chain of includes for each partial: its first includer, that one's first includer,
    and so on.
    """
    wanted = {path for path in paths if is_partial(path)}
    if not wanted:
        return {}
    first: dict[str, Inclusion] = {}
    for path in sorted(inclusions):
        for to, position in inclusions[path]:
            first.setdefault(to, Inclusion(path, position))
    found = {}
    for path in wanted & first.keys():
        chain: list[Inclusion] = []
        place: Inclusion | None = first[path]
        while place is not None and place not in chain:
            chain.append(place)
            place = first.get(place.path)
        found[f"{folder}/{path}"] = tuple(
            Inclusion(f"{folder}/{one.path}", one.position) for one in chain
        )
    return found


def _place_below(finding: Finding, folder: str) -> Finding:
    """Return the finding with its path from the top. A path with a leading `/` already is from the
    top.
    """
    if finding.path.startswith("/"):
        return finding._replace(path=finding.path[1:])
    return finding.below(folder)
