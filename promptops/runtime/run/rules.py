"""Check an answer by the prompt's rules: forbidden texts, allowed hosts of links.

Patterns run in the JSON Schema validator's engine in linear time, so that a crafted answer cannot
make matching slow. With look-around the effort is limited.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# The starts of absolute URLs that browsers accept, including `https:/\host` and `//host`.
_LINK = re.compile(
    r"""(?ix) (?: \b(?:https?|wss?|ftp):[/\\]* | \]\(\s*<?[/\\]{2,} |
    \b(?:href|src|action|poster|srcset)\s*=\s*["']?\s*[/\\]{2,} | ^\s*\[[^\]\n]*\]:\s*<?[/\\]{2,} )
    ([^\s/\\?#"'<>()`|]*)""",
    re.MULTILINE,
)


def find_fault(rules: Mapping[str, Any], text: str, data: object) -> str | None:
    """Return why an answer breaks the rules; None if it does not.

    Args:
        rules: the declared rules.
        text: the answer's text.
        data: its JSON value, if the prompt has an output schema.
    """
    texts = [text] if data is None else [text, *_texts(data)]
    for pattern in rules.get("forbid", ()):
        if any(_matches(pattern, one) for one in texts):
            return f"the answer contains what the rules forbid: {pattern}"
    if "hosts" in rules:
        for one in texts:
            for host in find_hosts(one):
                if not _is_allowed(host, rules["hosts"]):
                    return f"the answer links to {host}, which the rules do not allow"
    return None


def find_hosts(text: str) -> Iterator[str]:
    """Yield the hosts of links in a text, in lower case."""
    for found in _LINK.finditer(text):
        host = found[1].rpartition("@")[2]
        if not host.startswith("["):
            host = host.partition(":")[0]
        host = host.rstrip(".,;!*_").lower()
        if host:
            yield host


def _is_allowed(host: str, hosts: Sequence[str]) -> bool:
    return any(fnmatchcase(host, one.lower()) for one in hosts)


def _texts(data: object) -> Iterator[str]:
    """Yield each string in a JSON value, keys included."""
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending += [*value, *value.values()]
        elif isinstance(value, list):
            pending += value


def _matches(pattern: str, text: str) -> bool:
    # A lone surrogate cannot be matched, and must not hide its neighbours.
    readable = text.encode("utf-8", "replace").decode()
    # The engine gives up on a text that takes too long, which does not mean that nothing matched.
    errors = list(_compile(pattern).iter_errors(readable))
    return not errors or type(errors[0].kind).__name__ != "Pattern"


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> Any:  # noqa: ANN401 - the validator has no types
    from promptops.prompt.schema import compile_schema

    return compile_schema({"pattern": pattern})
