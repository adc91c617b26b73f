"""The result of validating one prompt, with a JSON form for the store and for workers."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from promptops.prompt.finding import Finding, Fix, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """The result of validating one prompt, without the checks of its partials' texts.

    Attributes:
        path: the prompt's file.
        files: the fingerprints of all files of its closure, by path; see `fingerprint`.
        findings: the findings, with paths below the prompts folder.
        inclusions: the includes of each file of the closure, with their positions.
        body_start: the offset of the body, in code points.
        body_line: the line of the body.
        model: the model as declared.
        evals: the path of its eval suite, if the frontmatter names one.
        is_lasting: whether the result depends only on these files, not on other prompts.
        draft: the position of `status: draft`; None for any other status.
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
        """Return the result as a JSON value."""
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
        """Return the result from the value that `encode` returned."""
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
    """Return a hash of a file's bytes."""
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
