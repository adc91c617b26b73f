"""How one prompt was judged, in a form that can be kept, handed on and put together again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from promptops.finding import Finding, Fix, Inclusion, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Judgement:
    """What judging one prompt gave, apart from what the texts of its other files gave.

    Attributes:
        path: the prompt's file.
        files: the fingerprints of all files of its closure, by path; see `fingerprint`.
        findings: what was found, with paths below the prompts folder.
        inclusions: the includes of each file of the closure, as the file they lead to and their
            place.
        body_start: where the text behind the frontmatter begins, counted in code points.
        body_line: the line on which it begins.
        model: the model as declared.
        evals: the path of its eval suite, where the frontmatter names one.
        is_lasting: whether the same files will be judged in the same way, whatever other prompts
            there are.
    """

    path: str
    files: Mapping[str, str]
    findings: tuple[Finding, ...]
    inclusions: Mapping[str, tuple[tuple[str, Position], ...]]
    body_start: int
    body_line: int
    model: str
    evals: str | None
    is_lasting: bool

    def encode(self) -> str:
        """The judgement as JSON."""
        inclusions = {
            path: [(to, _list_position(place)) for to, place in found]
            for path, found in self.inclusions.items()
            if found
        }
        findings = [_list_finding(finding) for finding in self.findings]
        return json.dumps(
            [
                self.path,
                dict(self.files),
                findings,
                inclusions,
                self.body_start,
                self.body_line,
                self.model,
                self.evals,
                self.is_lasting,
            ]
        )

    @classmethod
    def decode(cls, text: str) -> Judgement:
        """The judgement that `encode` wrote."""
        path, files, findings, inclusions, *rest = json.loads(text)
        return cls(
            path,
            files,
            tuple(map(_make_finding, findings)),
            {
                path: tuple((to, Position(*place)) for to, place in found)
                for path, found in inclusions.items()
            },
            *rest,
        )

    def list_inclusions(self, path: str) -> list[tuple[str, Inclusion]]:
        """The files that the one at `path` includes, each with the place where it does."""
        found = self.inclusions.get(path, ())
        return [(to, Inclusion(path, place)) for to, place in found]


def fingerprint(data: bytes) -> str:
    """What tells a file's bytes from any others."""
    return sha256(data).hexdigest()


def _list_position(place: Position | None) -> list[int] | None:
    if place is None:
        return None
    return [place.line, place.column, place.end_line, place.end_column]


def _list_finding(finding: Finding) -> list[Any]:
    fixes = [(fix.path, fix.start, fix.end, fix.text) for fix in finding.fixes]
    place = _list_position(finding.position)
    severity = finding.severity.value
    return [finding.check, severity, finding.message, finding.path, place, finding.hint, fixes]


def _make_finding(listed: list[Any]) -> Finding:
    check, severity, message, path, place, hint, fixes = listed
    return Finding(
        check,
        Severity(severity),
        message,
        path,
        None if place is None else Position(*place),
        hint,
        tuple(Fix(*fix) for fix in fixes),
    )
