"""What an attack is: a function that tries something many times, and tells what broke."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


@dataclass
class Tally:
    """What was tried, and what broke.

    Attributes:
        tried: how often something was tried.
        broke: a sentence for each promise that did not hold.
        notes: what else there is to say.
    """

    tried: int = 0
    broke: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def check(self, holds: object, sentence: str) -> None:
        """Count one try; without `holds`, the promise broke."""
        self.tried += 1
        if not holds:
            self.broke.append(sentence)


class Attack(Protocol):
    """Attacks in an empty folder.

    Args:
        folder: where everything is made.
        chance: where all choices come from.
        size: how often to try, about.
    """

    def __call__(self, folder: Path, chance: Random, size: int) -> Tally:
        """Try it, and tell what came of it."""
