"""The interface of databases: transactions, and statements with `?` for values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Row = tuple[Any, ...]
T = TypeVar("T")


class Schema(NamedTuple):
    """A set of tables in a database.

    Attributes:
        what: the tables' name in messages, such as "the run log".
        versions: the name of the table that records executed steps.
        steps: the statements that create them, as numbered steps.
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
        """Execute a statement; return the number of changed rows."""
        ...

    def insert(self, statement: str, values: Sequence[Any], key: str) -> int | None:
        """Insert a row; return its key; None if it exists already."""
        ...

    def run_all(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement once for each row of values."""
        ...

    def insert_all(
        self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]], key: str
    ) -> Sequence[int]:
        """Insert rows that do not exist yet; return their keys, in order."""
        ...

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query."""
        ...

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query."""
        ...


class Database(Protocol):
    """A database of this process, used by any of its threads."""

    def write(self, work: Callable[[Cursor], T], *, wait: bool = True) -> T:
        """Execute a function in one transaction.

        Args:
            work: the function. It may be called more than once; only the last call counts.
            wait: whether to wait for a server or for other processes.

        Raises:
            LogBusyError: it would have to wait; nothing was written.
            LogError: the database cannot be used.
        """
        ...

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Execute a reading function in one consistent snapshot."""
        ...

    def scrub(self, tables: Iterable[str]) -> None:
        """Make deleted data unreadable in the database's files too."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
