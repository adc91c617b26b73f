"""What a validation found, put together from what each prompt gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.checks.masking import mask
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.finding import Finding, Inclusion, Severity, sort_key
from promptops.prompt.names import is_partial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from promptops.prompt.finding import Position


@dataclass(frozen=True, slots=True)
class Validation:
    """What a validation found.

    Attributes:
        findings: everything found, in the order of files and places; paths are relative to the
            repository's top.
        prompts: the names of the prompts that were judged.
        texts: the files that have findings, by the same paths, to be shown: what must not be seen,
            such as a secret, is masked.
        included_from: for partials with findings, the includes that lead to them from a prompt,
            nearest first, by the same paths.
    """

    findings: tuple[Finding, ...]
    prompts: tuple[str, ...]
    texts: dict[str, str]
    included_from: Mapping[str, tuple[Inclusion, ...]] = field(default_factory=dict)

    def count(self, severity: Severity) -> int:
        """Return how many findings have that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def is_passed(self) -> bool:
        """Whether nothing is an error."""
        return not self.count(Severity.ERROR)


def build_validation(
    findings: Iterable[Finding],
    names: Iterable[str],
    inclusions: Mapping[str, tuple[tuple[str, Position], ...]],
    folder: str,
    read: Callable[[str], bytes | None],
) -> Validation:
    """Put a validation together, with paths from the repository's top.

    Args:
        findings: everything found; paths are below the prompts folder, or from the top after a `/`.
        names: the names of the prompts that were judged.
        inclusions: the includes of each file, as the file they lead to and their place.
        folder: the prompts folder.
        read: the bytes of a file with findings, by its path from the top; None where there is none.
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
    """Find how one comes to each partial of some paths: by its first includer, and so on."""
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
    """Return the finding with its path from the top; one that has such a path begins with `/`."""
    if finding.path.startswith("/"):
        return finding._replace(path=finding.path[1:])
    return finding.below(folder)
