"""The whole answer is SQL that parses.

    - sql: true
    - sql: {dialect: postgres, statements: [select], single: true}

`dialect` is one of sqlglot's; without it, sqlglot's common grammar. `statements` lists the allowed
kinds; `single` refuses more than one statement. Tables and permissions are not checked. Needs the
extra `evals`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.libraries import load
from promptops.evals.scorers.scorer import (
    Context,
    Cost,
    JudgedAnswer,
    Score,
    ScorerError,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# sqlglot also accepts expressions (`Paris` would be a column) and keeps unknown statements unparsed
# as a `command`.
_STATEMENTS = frozenset(
    [
        *("select", "subquery", "union", "intersect", "except", "values", "describe", "show"),
        *("insert", "update", "delete", "merge", "copy", "create", "alter", "drop"),
        *("truncatetable", "grant", "revoke", "comment", "analyze", "pragma", "set", "use"),
        *("transaction", "commit", "rollback"),
    ]
)

NAME = "sql"
COST = Cost.LIBRARY
IS_DETERMINISTIC = True


def require(argument: Any, _context: Context) -> None:  # noqa: ANN401 - as the schema says
    """Load the library, which must know the dialect."""
    dialect = argument.get("dialect") if isinstance(argument, dict) else None
    try:
        load("sqlglot", NAME).Dialect.get_or_raise(dialect)
    except ValueError:
        raise ScorerError(
            f"sqlglot does not know the dialect '{dialect}'",
            hint="write one of its dialects, as postgres",
        ) from None


def score(answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if every statement parses and is of an allowed kind, else 0."""
    require(argument, context)
    sqlglot = load("sqlglot", NAME)
    errors = load("sqlglot.errors", NAME)
    # Without a handler, Python prints sqlglot's warnings to stderr.
    logging.getLogger("sqlglot").addHandler(logging.NullHandler())
    options: Mapping[str, Any] = argument if isinstance(argument, dict) else {}
    dialect = options.get("dialect")
    try:
        statements = [one for one in sqlglot.parse(answer.text, dialect=dialect) if one is not None]
    except (errors.ParseError, errors.TokenError) as error:
        return yes_or_no(False, f"it is not SQL{_place(error)}")
    except RecursionError:
        return yes_or_no(False, "it is nested too deep to parse")
    if not statements or not all(map(_is_statement, statements)):
        return yes_or_no(False, "it is not a statement of SQL that sqlglot can parse")
    if options.get("single") and len(statements) > 1:
        return yes_or_no(False, f"it has {len(statements)} statements")
    allowed = options.get("statements")
    kinds = [one.key for one in statements]
    if allowed and not set(kinds) <= set(allowed):
        other = next(kind for kind in kinds if kind not in allowed)
        return yes_or_no(False, f"it has a statement of the kind '{other}'")
    return yes_or_no(True, f"it is SQL: {', '.join(kinds[:3])}")


def _place(error: Any) -> str:  # noqa: ANN401 - an error of sqlglot
    """Return the place where parsing failed, if known; the library's own message is unreadable."""
    for one in getattr(error, "errors", ()):
        if one.get("line") and one.get("highlight"):
            return f": line {one['line']}, at '{one['highlight']}'"
    return ""


def _is_statement(statement: Any) -> bool:  # noqa: ANN401 - a node of sqlglot
    if statement.key == "select":
        return bool(statement.expressions or statement.args.get("from_"))
    return statement.key in _STATEMENTS
