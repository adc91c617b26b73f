"""Convert filters of runs to SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.runtime.log.content import escape
from promptops.runtime.log.hours import interrupted
from promptops.runtime.log.identifiers import pack_id
from promptops.runtime.log.record import INTERRUPTED, RUNNING
from promptops.runtime.log.rows import (
    RUN_COLUMNS,
)

if TYPE_CHECKING:
    from promptops.runtime.log.database import Cursor
    from promptops.runtime.log.log import Filters

# The filter columns that are compared for equality.
_EXACT = {
    "prompt": "prompt",
    "version": "version",
    "model": "model",
    "environment": "environment",
    "deployment": "deployment",
    "user": "user_name",
    "tenant": "tenant",
    "key": "traffic_key",
    "stage": "stage",
}


class RunQuery:
    """Filters as an SQL condition that distinguishes interrupted runs."""

    def __init__(self, cursor: Cursor, filters: Filters, now: float) -> None:
        self.gone = interrupted(cursor, now)
        self.values: list[Any] = []
        self._parts: list[str] = []
        if filters.since is not None:
            self._add("started >= ?", round(filters.since * 1000))
        if filters.until is not None:
            self._add("started < ?", round(filters.until * 1000))
        for name, column in _EXACT.items():
            value = getattr(filters, name)
            if value is None:
                continue
            if name == "prompt" and "*" in value:
                self._add("prompt LIKE ? ESCAPE '!'", _like(value))
            else:
                self._add(f"{column} = ?", escape(value) if isinstance(value, str) else value)
        self._add_evals(filters)
        if filters.parent_id is not None:
            self._add("parent = ?", pack_id(filters.parent_id))
        if filters.status == INTERRUPTED:
            self._parts.append(f"(status = '{INTERRUPTED}' OR {self.gone})")
        elif filters.status is not None:
            self._add("status = ?", filters.status)
            if filters.status == RUNNING:
                self._parts.append(f"NOT {self.gone}")

    def _add_evals(self, filters: Filters) -> None:
        if filters.evals:
            self._add("environment = ?", EVAL_ENVIRONMENT)
        elif filters.evals is not None:
            self._add("(environment IS NULL OR environment <> ?)", EVAL_ENVIRONMENT)

    def _add(self, part: str, value: object) -> None:
        self._parts.append(part)
        self.values.append(value)

    def where(self, *more: str) -> str:
        """Return the WHERE clause of the filters and further conditions."""
        return " AND ".join((*self._parts, *more)) or "1 = 1"

    def status(self) -> str:
        """Return the expression for a run's status."""
        return f"CASE WHEN {self.gone} THEN '{INTERRUPTED}' ELSE status END"

    def columns(self) -> str:
        """RUN_COLUMNS, with the current status."""
        return ", ".join(self.status() if name == "status" else name for name in RUN_COLUMNS)


def _like(pattern: str) -> str:
    text = escape(pattern) or ""
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text.replace("*", "%")
