"""The configured severity of each check for each file."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from promptops.checks.registry import CHECKS, FAULTS, OFF
from promptops.errors import ConfigurationError
from promptops.prompt.finding import Finding, Severity
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.prompt.finding import Problem
    from promptops.repository.config import Config

_Check = TypeVar("_Check")


class Severities:
    """The severity of every check for every path.

    Raises ConfigurationError if the configuration names an unknown check.
    """

    def __init__(self, config: Config) -> None:
        """Read `[checks]` of the configuration."""
        _refuse_unknown_checks(config)
        self._config = config

    def find(self, check: str, path: str) -> Severity | None:
        """Return the severity of a check for a file; None if the check is off.

        Args:
            check: the check's id.
            path: the file, below the prompts folder, or with a leading `/`, from the repository's
                top.
        """
        word = self._config.checks.get(check, _default(check))
        full = path[1:] if path.startswith("/") else f"{self._config.prompts}/{path}"
        for pattern, settings in self._config.path_checks:
            if check in settings and _matches(pattern, full):
                word = settings[check]
        return None if word == "off" else Severity(word)

    def weigh(self, check: str, problem: Problem) -> list[Finding]:
        """Turn a problem into a finding; none if the check is off."""
        severity = self.find(check, problem.path)
        return [] if severity is None else [Finding.from_problem(check, severity, problem)]

    def select(self, checks: Mapping[str, _Check]) -> list[tuple[str, _Check]]:
        """Return the checks that are on for some path; the others need not run."""
        return [
            (check, module)
            for check, module in checks.items()
            if self._config.checks.get(check, _default(check)) != "off"
            or any(settings.get(check, "off") != "off" for _, settings in self._config.path_checks)
        ]


def _default(check: str) -> str:
    return "off" if check in OFF else CHECKS[check].RULE.severity.value


def _matches(pattern: str, path: str) -> bool:
    """Return whether a path of `[checks]` covers the file: a glob, or a folder and all below it."""
    return fnmatchcase(path, pattern) or path.startswith(f"{pattern.rstrip('/')}/")


def _refuse_unknown_checks(config: Config) -> None:
    for check in _list_configured(config):
        if check in CHECKS:
            continue
        if check in FAULTS:
            raise ConfigurationError(
                f"{config.path}: '{check}' cannot be configured: {FAULTS[check]}",
                hint="remove the line",
            )
        near = nearest(check, CHECKS)
        raise ConfigurationError(
            f"{config.path}: there is no check '{check}'",
            hint=f"did you mean '{near}'?" if near else f"checks: {', '.join(sorted(CHECKS))}",
        )


def _list_configured(config: Config) -> Iterator[str]:
    yield from config.checks
    for _, settings in config.path_checks:
        yield from settings
