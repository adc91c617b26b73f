"""Check before a run that its checks have their libraries, models and files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from promptops.errors import UsageError, quote
from promptops.evals.preparation import list_checks
from promptops.evals.scorers.registry import require
from promptops.evals.scorers.scorer import Context, ScorerError
from promptops.runtime.models.model import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.evals.preparation import SuitePart
    from promptops.evals.scorers.scorer import Embed
    from promptops.prompt.suite.suite import Check
    from promptops.repository.repository import Repository

# A suite with rows of data has different checks for every row.
_MAX_SEEN = 20


def check_requirements(
    repository: Repository, parts: Iterable[SuitePart], *, allows_python: bool
) -> None:
    """Raise UsageError for the first check whose requirements are missing."""
    root = repository.require_work_tree()
    context = Context(embed=_require_embedding(repository), root=root, allows_python=allows_python)
    for part in parts:
        if part.uses_more:
            _check_part(part, context)


def _check_part(part: SuitePart, context: Context) -> None:
    seen: list[Check] = []
    for sample in part.samples:
        for check in list_checks(sample):
            if check in seen:
                continue
            if len(seen) < _MAX_SEEN:
                seen.append(check)
            try:
                require(check, context)
            except ScorerError as error:
                raise UsageError(
                    f"{part.suite.path}: sample {quote(sample.name)}: {error.message}",
                    hint=error.hint,
                ) from error


def _require_embedding(repository: Repository) -> Embed | None:
    """Return a function that checks the embedding model's requirements, or None without a model."""
    name = repository.config.eval.embedding
    if name is None:
        return None

    def look(_texts: Sequence[str]) -> list[list[float]]:
        from promptops.runtime.models.embedding import Embedder

        top = repository.git.work_tree
        try:
            Embedder(name, repository.config.models, os.environ, top).require()
        except ModelError as error:
            raise ScorerError(error.message, hint=error.hint) from error
        return []

    return look
