"""Parse a suite file: YAML to plain values with positions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.prompt.digest import normalize_newlines
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.frontmatter.document import find_undecodable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.prompt.frontmatter.places import Places

_MAX_CHARACTERS = 4 * 1024 * 1024
_TOP = Position(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class SuiteDocument:
    """A parsed suite file that is not validated yet.

    Attributes:
        path: the file, from the repository's top.
        text: the whole file, newlines normalised.
        data: the mapping; empty if it could not be parsed.
        faults: faults of the file's form, as errors.
    """

    path: str
    text: str
    data: Mapping[str, Any]
    faults: tuple[Finding, ...]
    _places: Places | None = field(default=None, compare=False, repr=False)

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Position:
        """Return the position of the value at `path` (with `key`, of its key), or of its nearest
        parent.
        """
        found = None
        if self._places is not None and path:
            found = self._places.locate(path, key=key)
        return found or _TOP

    def finding(
        self,
        check: str,
        message: str,
        path: Sequence[str | int],
        hint: str | None = None,
        *,
        key: bool = False,
    ) -> Finding:
        """Return an error at the value at `path`."""
        place = self.locate(path, key=key)
        return Finding(check, Severity.ERROR, message, self.path, place, hint)


def read_suite_document(path: str, data: bytes) -> SuiteDocument:
    """Parse the file at `path`. Never raises; see `SuiteDocument.faults`."""
    undecodable = find_undecodable(path, data)
    if undecodable is not None:
        return SuiteDocument(path, "", {}, (undecodable,))
    from promptops.prompt.frontmatter.places import Places
    from promptops.prompt.frontmatter.yaml_values import Form, read_yaml

    form = Form(
        "suite",
        "broken-suite",
        _MAX_CHARACTERS,
        "give at least schema, prompt and samples",
        "put the samples into files of their own: from: samples.jsonl",
    )
    text = normalize_newlines(data).decode()
    content = text.removeprefix("\ufeff")
    places = Places(content, 0)
    values, faults = read_yaml(path, text, places, content, form=form)
    return SuiteDocument(path, text, values, faults, places)
