"""E-mail addresses that could be a person's.

## Finds

E-mail addresses in the text of a prompt or a partial, except those of offices and roles
(`support@…`) and at example domains. Every report masks the address. The check cannot tell a
customer from an invented person, and prompts have many of the latter. So it is off unless
`promptops.toml` gives it a severity.

## Why

Examples copied from real cases send somebody's address to a model with every call, and Git keeps it
for ever.

## Example

    From: jane.miller@…

## Instead

    From: jane.miller@example.com
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SAFETY, Severity.WARNING, is_on=False, is_masked=True)
_MAX_PROBLEMS = 50
_EMAIL = re.compile(
    r"(?<![\w.%+/:-])([A-Za-z0-9][\w.%+-]{0,63})@((?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,12})"
    r"(?![\w@-])"
)
# RFC 2606 and RFC 6761, and domains commonly used as examples.
_EXAMPLE_ENDS = (".example", ".test", ".invalid", ".localhost", ".local", ".internal")
_EXAMPLE_DOMAINS = re.compile(
    r"(?:.*\.)?(?:example\d?|unknown\w*|acme\w*|contoso|domain|email|mail|company\w*|yourcompany|your-?\w+"
    r"|mycompany|somewhere|foo|bar|abc|xyz|test\w*|sample|placeholder)\.\w+(?:\.\w+)?"
)
_OFFICES = re.compile(
    r"(?:support|help\w*|info|contact|sales|hello|hi|team|admin|office|no-?reply|do-?not-?reply"
    r"|secur(?:e|ity)|privacy|legal|billing|accounts?|abuse|press|media|jobs|careers|hr|feedback|dpo"
    r"|service|customer[\w.-]*|webmaster|postmaster|root|git|orders?|returns?|marketing|news\w*"
    r"|user\w*|name|email|e-mail|you|your[\w.-]*|someone|somebody|foo|bar|test\w*|me|x+|abc"
    r"|john|jane|jdoe|j\.doe|john[._]?doe|jane[._]?doe|john[._]?smith|jane[._]?smith|alice|bob"
    r"|first[._]?(?:name)?[._]?last(?:name)?|noc|owner-.*|.*-?daemon|hostmaster|maintainers?|partners?|events?)"
    r"(?:\+.*)?",
    re.IGNORECASE,
)
# Words for a role or a part of an organisation.
_UNITS = re.compile(
    r"(?:.*[._-])?(?:teams?|office|dept|departments?|desk|group|board|compliance|risk|finance"
    r"|support|sales|legal|operations|ops|auditor|attacker|analyst|employee|reviewer|recruiter"
    r"|supplier|vendor|director|manager|ceo|cfo|cto)s?(?:[._-].*)?",
    re.IGNORECASE,
)


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each such address with its whole extent, and never with its content."""
    text, first = subject.text, subject.body_start
    if not subject.path.endswith((".md", ".txt", ".j2", ".jinja")) or text.find("@", first) < 0:
        return
    found = (one for one in _EMAIL.finditer(text, first) if not _is_example(one[1], one[2].lower()))
    for match in islice(found, _MAX_PROBLEMS):
        yield Problem(
            "this looks like a personal e-mail address",
            subject.path,
            subject.position(*match.span()),
            "use an address at example.com, or remove it",
        )


def _is_example(local: str, domain: str) -> bool:
    if domain.endswith(_EXAMPLE_ENDS) or _EXAMPLE_DOMAINS.fullmatch(domain):
        return True
    ends_as_file = domain.rsplit(".", 1)[-1] in {"png", "jpg", "svg", "md", "py", "js", "json"}
    is_office = _OFFICES.fullmatch(local) or _UNITS.fullmatch(local)
    return ends_as_file or is_office is not None
