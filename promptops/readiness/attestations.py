"""Attestations: statements of people, one line of JSON each, in the repository, so that they are
reviewed.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = ".promptops/attestations.jsonl"
_FIELDS = frozenset({"item", "at", "by", "evidence", "days"})


class Attestation(NamedTuple):
    """One statement.

    Attributes:
        item: the item of the checklist.
        at: when it was made, in UTC.
        by: its author.
        evidence: what was done or seen.
        days: for how many days it is valid.
    """

    item: str
    at: datetime
    by: str
    evidence: str
    days: int

    @property
    def ends_at(self) -> datetime:
        """When it expires."""
        return self.at + timedelta(days=self.days)

    def write(self) -> str:
        """Return the line of the file, with its newline."""
        document = {**self._asdict(), "at": self.at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return json.dumps(document, ensure_ascii=False) + "\n"


def read_attestations(data: bytes) -> list[Attestation]:
    """Return the statements in the file, in its order.

    Raises:
        ConfigurationError: a line is malformed.
    """
    found = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if line.strip():
            try:
                found.append(_read(json.loads(line)))
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                raise ConfigurationError(
                    f"{FILE}:{number} is not an attestation",
                    hint="write item, at, by, evidence and days, as promptops readiness --attest "
                    "does",
                ) from None
    return found


def find_newest(found: Iterable[Attestation], item: str) -> Attestation | None:
    """Return the newest statement on an item."""
    return max((one for one in found if one.item == item), key=lambda one: one.at, default=None)


def _read(line: object) -> Attestation:
    if not isinstance(line, dict) or set(line) != _FIELDS:
        raise ValueError
    at = datetime.strptime(line["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    texts = [line[key] for key in ("item", "by", "evidence")]
    days = line["days"]
    if not all(isinstance(one, str) and one.strip() for one in texts):
        raise ValueError
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 366:
        raise ValueError
    return Attestation(line["item"], at, line["by"], line["evidence"], days)
