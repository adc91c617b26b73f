"""Import the libraries of the extra `evals` on use, with a hint on how to install them."""

from __future__ import annotations

import importlib
from typing import Any

from promptops.evals.scorers.scorer import ScorerError


def load(module: str, scorer: str, extra: str = "evals") -> Any:  # noqa: ANN401 - a module
    """Import a module for `scorer`. Raises ScorerError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise ScorerError(
            f"the scorer '{scorer}' needs the package '{package}', which is not installed",
            hint=f"run: pip install 'git-promptops[{extra}]'",
        ) from None
