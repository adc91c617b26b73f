"""How one prompt was judged, in a form that can be kept, handed on and put together again."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from promptops.prompt.finding import Finding, Fix, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """What judging one prompt gave, apart from what the texts of its other files gave.

    Attributes:
        path: the prompt's file.
        files: the fingerprints of all files of its closure, by path; see `fingerprint`.
        findings: what was found, with paths below the prompts folder.
        inclusions: the includes of each file of the closure, as the file they lead to and their
            place.
        body_start: where the text after the frontmatter begins, counted in code points.
        body_line: the line on which it begins.
        model: the model as declared.
        evals: the path of its eval suite, where the frontmatter names one.
        is_lasting: whether the same files will be judged in the same way, whatever other prompts
            there are.
        draft: where the frontmatter says that the prompt is a draft; None for any other.
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
    draft: Position | None = None

    def encode(self) -> list[Any]:
        """Return the result as a value of JSON."""
        return [
            self.path,
            dict(self.files),
            self.findings,
            {path: found for path, found in self.inclusions.items() if found},
            self.body_start,
            self.body_line,
            self.model,
            self.evals,
            self.is_lasting,
            self.draft,
        ]

    @classmethod
    def decode(cls, listed: list[Any]) -> ValidationResult:
        """Return the result that `encode` gave."""
        path, files, findings, inclusions, start, line, model, evals, is_lasting, draft = listed
        return cls(
            path,
            files,
            tuple(map(_make_finding, findings)),
            {
                path: tuple((to, Position(*place)) for to, place in found)
                for path, found in inclusions.items()
            },
            start,
            line,
            model,
            evals,
            is_lasting=is_lasting,
            draft=_make_position(draft),
        )


def fingerprint(data: bytes) -> str:
    """Return what tells a file's bytes from any others."""
    return sha256(data).hexdigest()


def _make_position(listed: list[int] | None) -> Position | None:
    return None if listed is None else Position(*listed)


def _make_finding(listed: list[Any]) -> Finding:
    check, severity, message, path, place, hint, fixes = listed
    return Finding(
        check,
        Severity(severity),
        message,
        path,
        _make_position(place),
        hint,
        tuple(Fix(*fix) for fix in fixes),
    )
