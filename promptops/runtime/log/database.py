"""What the store asks of a database: transactions, and statements with `?` for values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Row = tuple[Any, ...]
T = TypeVar("T")


class Schema(NamedTuple):
    """The tables that a program keeps in a database.

    Attributes:
        what: what they are, as in "the run log".
        versions: the table that says which of the steps were taken.
        steps: the statements that make them, as numbered steps.
    """

    what: str
    versions: str
    steps: tuple[tuple[str, ...], ...]

    @property
    def latest(self) -> int:
        """The number of the last step."""
        return len(self.steps)


class Cursor(Protocol):
    """One transaction."""

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; return how many rows it changed."""
        ...

    def insert(self, statement: str, values: Sequence[Any], key: str) -> int | None:
        """Insert a row; return the number that it got as its key, None if there is one already."""
        ...

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query."""
        ...

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query."""
        ...


class Database(Protocol):
    """A database of this process, used by any of its threads."""

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Do some work in one transaction; LogError when it cannot be done.

        The work may be done more than once, and only the last time counts.
        """
        ...

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Do some work that only reads, all of it at one state of the data."""
        ...

    def scrub(self, tables: Iterable[str]) -> None:
        """Make what was deleted unreadable also in the files of the database."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
