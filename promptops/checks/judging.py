"""Validate one prompt: faults of form, and the checks of prompts and files."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from promptops.checks.registry import (
    CHECKS,
    FILE_CHECKS,
    IGNORE_CHECKS,
    MASKED,
    NOT_IGNORABLE,
    PROMPT_CHECKS,
)
from promptops.checks.result import ValidationResult
from promptops.checks.subject import FileSubject, IgnoreSubject, PromptSubject
from promptops.prompt.faults import find_faults

if TYPE_CHECKING:
    from promptops.checks.severities import Severities
    from promptops.checks.sources import Sources
    from promptops.checks.subject import CheckContext
    from promptops.prompt.closure import Closure
    from promptops.prompt.finding import Finding, Problem

_MAX_PROBLEMS = 1_000


class PromptJudge:
    """Validates prompts independently of one another."""

    def __init__(self, sources: Sources, severities: Severities, context: CheckContext) -> None:
        """Store the sources, the severities and the context."""
        self._sources = sources
        self._severities = severities
        self._context = context
        self._prompt_checks = severities.select(PROMPT_CHECKS)
        self._file_checks = severities.select(FILE_CHECKS)

    def judge(self, name: str) -> ValidationResult | None:
        """Validate a prompt and its own file; None if there is no such prompt.

        Checks of the partials' texts are left out, because many prompts share a partial.
        """
        path = f"{name}.md"
        if self._sources.read(path) == b"" and path in self._sources.unreadable:
            return None
        closure = self._sources.collect(name)
        if closure is None:
            return None
        analyze = self._sources.analyze
        document = closure.document
        faults = dict.fromkeys(find_faults(closure, analyze))
        analyses = {path: analyze(closure, path) for path in closure.includes}
        subject = PromptSubject(closure, analyses, self._context)
        body_start = len(document.text) - len(document.body)
        problems = self._apply_checks(subject, body_start)
        findings = [*faults, *self._weigh_all(subject, problems, is_usable=not faults)]
        # Findings that depend on other prompts (in hints or routes) or on suites are not stored.
        is_lasting = (
            not faults and "routes" not in document.data and not self._context.fewest_samples
        )
        evals = document.data.get("evals")
        return ValidationResult(
            path,
            {one: self._sources.fingerprint(one) for one in closure.files},
            tuple(dict.fromkeys(findings)),
            {
                one: tuple((to.path, to.position) for to in analyses[one].includes)
                for one in closure.includes
            },
            body_start,
            document.body_line,
            str(document.data.get("model")),
            None if evals is None else str(evals),
            # Messages of other checks may quote a secret, which must not be stored.
            is_lasting and not any(finding.check in MASKED for finding in findings),
            document.locate(["status"]) if document.data.get("status") == "draft" else None,
        )

    def judge_file(self, path: str, text: str, body_start: int = 0) -> list[tuple[str, Problem]]:
        """Run the checks of files on one text; yield each problem with its check's id."""
        subject = FileSubject(path, text, self._sources.read(path) or b"", body_start)
        return [
            (check, problem)
            for check, module in self._file_checks
            # Limited, because generated text can have a problem in every character.
            for problem in islice(module.check(subject), _MAX_PROBLEMS)
        ]

    def _apply_checks(self, subject: PromptSubject, body_start: int) -> list[tuple[str, Problem]]:
        closure = subject.closure
        problems: list[tuple[str, Problem]] = []
        if closure.document.data:
            problems = [
                (check, problem)
                for check, module in self._prompt_checks
                for problem in module.check(subject)
            ]
        return problems + self.judge_file(closure.path, closure.document.text, body_start)

    def _weigh_all(
        self, subject: PromptSubject, problems: list[tuple[str, Problem]], *, is_usable: bool
    ) -> list[Finding]:
        """Turn problems into findings, except those that the prompt ignores."""
        ignored = _read_ignored(subject.closure)
        findings: list[Finding] = []
        quiet: set[str] = set()
        for check, problem in problems:
            if check in ignored and check not in NOT_IGNORABLE:
                quiet.add(check)
            else:
                findings += self._severities.weigh(check, problem)
        # In a broken prompt it is unknown what the checks would find.
        if ignored and is_usable:
            findings += self._judge_ignored(subject, ignored, quiet)
        return findings

    def _judge_ignored(
        self, subject: PromptSubject, ignored: frozenset[str], quiet: set[str]
    ) -> list[Finding]:
        known = frozenset(CHECKS) - NOT_IGNORABLE
        # It is unknown whether a check that is off would find something.
        path = subject.closure.path
        off = {one for one in ignored & known if self._severities.find(one, path) is None}
        outcome = IgnoreSubject(subject, frozenset(quiet | off), known)
        return [
            finding
            for check, module in IGNORE_CHECKS.items()
            for problem in module.check(outcome)
            for finding in self._severities.weigh(check, problem)
        ]


def _read_ignored(closure: Closure) -> frozenset[str]:
    ignore = closure.document.data.get("ignore")
    return frozenset(ignore) if isinstance(ignore, dict) else frozenset()
