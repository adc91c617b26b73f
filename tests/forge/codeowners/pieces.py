"""Questions to files of owners, as the tests of several modules ask them."""

from __future__ import annotations

from hypothesis import strategies as st

from promptops.forge.codeowners import (
    Dialect,
    parse_owners,
)

GITHUB, GITLAB = Dialect.GITHUB, Dialect.GITLAB


def answers(text: str, path: str, dialect: Dialect = GITLAB) -> dict[str | None, tuple[str, ...]]:
    """Give the owners of a path by section."""
    return {rule.section: rule.owners for rule in parse_owners(text, dialect).match(path).answers}


def faults(text: str, dialect: Dialect) -> list[tuple[str, int | None]]:
    """Give the checks that a file fails, with their lines."""
    return [
        (problem.check, problem.position.line if problem.position else None)
        for problem in parse_owners(text, dialect).problems
    ]


PATHS = st.lists(st.text("ab*[", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)
