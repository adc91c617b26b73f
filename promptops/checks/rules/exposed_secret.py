"""Keys, tokens and passwords in prompts.

## Finds

Texts in the formats of well-known keys (AWS, GitHub, GitLab, Slack, OpenAI, Anthropic, Google,
Stripe and others), private keys, signed tokens, passwords in URLs, and random-looking values after
words such as `api_key:`. Placeholders and examples are ignored. Every report masks the secret. The
file cannot ignore this check; `promptops.toml` can.

## Why

A prompt is sent to a model's provider, logged, and kept by Git for ever. Anyone who reads one of
these has the key, and a model can be made to reveal it.

## Example

    Call the API with the key sk-ant-api03-…

## Instead

    Call the tool `search`; it knows its own key.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(
    CheckScope.FILE, CheckGroup.SAFETY, Severity.ERROR, is_masked=True, is_ignorable=False
)
_MAX_PROBLEMS = 50
_HINT = "revoke it now, then remove it: Git's history keeps it"


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a pattern on first use: few texts need one, and compiling all takes milliseconds."""
    return re.compile(pattern)


def _key(pattern: str) -> str:
    return rf"(?<![A-Za-z0-9_])(?:{pattern})(?![A-Za-z0-9])"


# Description, a substring of every match, and the pattern. The first match at a position counts.
_FORMATS: tuple[tuple[str, str, str], ...] = (
    ("an AWS access key id", "AKIA", _key(r"AKIA[A-Z2-7]{16}")),
    ("an AWS access key id", "ASIA", _key(r"ASIA[A-Z2-7]{16}")),
    ("a GitHub token", "gh", _key(r"gh[opusr]_[A-Za-z0-9]{36,255}")),
    ("a GitHub token", "github_pat_", _key(r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}")),
    ("a GitLab token", "gl", _key(r"gl(?:pat|dt|rt|ptt|cbt|ft|agent|soat)-[\w.-]{20,300}")),
    ("a Slack token", "xox", _key(r"xox[abceoprs]-(?:\d+-)?[A-Za-z0-9-]{16,250}")),
    ("a Slack token", "xapp-", _key(r"xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{32,}")),
    (
        "a Slack webhook",
        "hooks.slack.com",
        r"https://hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{20,}",
    ),
    ("an Anthropic key", "sk-ant-", _key(r"sk-ant-[a-z]{3,8}\d\d-[\w-]{32,200}")),
    ("an OpenRouter key", "sk-or-", _key(r"sk-or-v1-[0-9a-f]{64}")),
    ("a Langfuse key", "sk-lf-", _key(r"sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("an OpenAI key", "sk-", _key(r"sk-(?:proj|svcacct|admin|None)-[\w-]{32,250}")),
    ("an OpenAI key", "T3BlbkFJ", _key(r"sk-[A-Za-z0-9_-]{16,90}T3BlbkFJ[\w-]{16,90}")),
    ("an API key", "sk-", _key(r"sk-[A-Za-z0-9]{32,64}")),
    ("a Google API key", "AIza", _key(r"AIza[\w-]{35}")),
    ("a Google client secret", "GOCSPX-", _key(r"GOCSPX-[\w-]{28}")),
    ("a Stripe key", "k_live_", _key(r"[sr]k_live_[A-Za-z0-9]{16,250}")),
    ("a webhook secret", "whsec_", _key(r"whsec_[A-Za-z0-9+/=]{32,100}")),
    ("an npm token", "npm_", _key(r"npm_[A-Za-z0-9]{36}")),
    ("a PyPI token", "pypi-AgE", _key(r"pypi-AgE[\w-]{50,500}")),
    ("a Hugging Face token", "hf_", _key(r"hf_[A-Za-z]{34}")),
    ("a Replicate token", "r8_", _key(r"r8_[A-Za-z0-9]{37}")),
    ("a Groq key", "gsk_", _key(r"gsk_[A-Za-z0-9]{52}")),
    ("an xAI key", "xai-", _key(r"xai-[A-Za-z0-9]{80}")),
    ("a Perplexity key", "pplx-", _key(r"pplx-[A-Za-z0-9]{48}")),
    ("a SendGrid key", "SG.", _key(r"SG\.[\w-]{22}\.[\w-]{43}")),
    ("a Shopify token", "shp", _key(r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}")),
    ("a DigitalOcean token", "_v1_", _key(r"do[opr]_v1_[a-f0-9]{64}")),
    ("a Databricks token", "dapi", _key(r"dapi[a-f0-9]{32}(?:-\d)?")),
    ("a Vault token", "hvs.", _key(r"hvs\.[\w-]{24,200}")),
    ("a Linear key", "lin_api_", _key(r"lin_api_[A-Za-z0-9]{40}")),
    ("a Telegram bot token", ":AA", _key(r"\d{8,10}:AA[\w-]{33}")),
    (
        "a private key",
        "PRIVATE KEY",
        (
            r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----\s{0,9}"
            r"(?=(?:[\w-]{1,20}: [^\n]{0,80}\n){0,3}\s{0,9}[A-Za-z0-9+/=]{24})"
            r"(?:[A-Za-z0-9+/=\s:,.()]++|-(?!-))*+"
            r"(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
    ),
    (
        "a signed token",
        "eyJ",
        # Match only at the start of a run of such characters, or `eyJ-eyJ-...` would take quadratic
        # time.
        (r"(?<![\w-])eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{16,2000}(?![A-Za-z0-9])"),
    ),
)
# Every secret except a password has a run of at least this many such characters. Most prompts have
# none and need no further search. Non-ASCII characters count as such.
_RUN = b"a" * 20
_RUNS = re.compile(_RUN + b"a*")
_RUN_CHARACTERS = bytes(
    ord("a" if code > 0x7F or chr(code).isalnum() or chr(code) in "+/_.=:~-" else " ")
    for code in range(256)
)
_URL_PASSWORD = re.compile(
    r"(?<![A-Za-z0-9_])[a-z][a-z0-9+.-]{1,20}://([^\s:/@{}<>]{1,64}):([^\s:/@{}<>]{6,100})@"
)
# Only some kinds of tokens are secrets, or the word alone; page tokens are not.
_BEFORE_VALUE = re.compile(
    r"(?:api[_ -]?key|secret(?:[_ -]?(?:access)?[_ -]?key)?|bearer|password|passwd"
    r"|private[_ -]?key|(?:access|api|auth|bot|refresh|secret)[_ -]?token|(?<![a-z0-9_-])token)"
    r"[\"'`]?\s{0,3}(?:is\s|[:=]|\s)\s{0,3}[\"'`]?\Z"
)
# The maximum length of a match of `_BEFORE_VALUE`.
_MAX_BEFORE = 32
# Search for possible values first, then for the words before each: many texts have such words, as
# in `max_tokens`, and few have a value. A value has no separators, so it is one run of characters.
_LONG_RUN = re.compile("[A-Za-z0-9+/_.~-]{20,}")
_VALUE = re.compile(r"[A-Za-z0-9+/_.~-]{20,200}={0,2}(?![A-Za-z0-9_{(])")
_DIGITS = re.compile("[0-9](?:[^0-9]*[0-9]){2}")
_LETTER = re.compile("[A-Za-z]")
_HEXADECIMAL = re.compile("[0-9a-f]+")
# Words and paths, hosts, and identifiers.
_NO_SECRET = re.compile(
    r"[a-z]{7}|[A-Z]{7}|\A[a-z0-9.-]+\.[a-z]{2,6}\Z"
    r"|\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z"
)
_ASSIGNMENT_WORDS = ("key", "secret", "token", "passw", "bearer")
_EXAMPLES = (
    *("example", "sample", "placeholder", "dummy", "redacted", "changeme", "change-me"),
    *("xxxx", "****", "....", "your", "insert", "fake", "notreal", "not-real", "123456789"),
    # Values that are certainly not random.
    *("abc123", "123abc", "xyz789", "qwerty"),
    *("abcdefgh", "00000000", "deadbeef", "eyjzdwiioiixmjm0nty3odkw", "test-key", "testkey"),
)
# A placeholder with a secret's name.
_MORE_EXAMPLES = (*_EXAMPLES, "secret", "password", "token")
_MIN_CHARACTERS = 8
_MIN_ENTROPY = 3.6


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each secret with its whole extent, and never with its text."""
    spans: list[tuple[int, int]] = []
    for what, start, end in find(subject.text):
        if any(low < end and start < high for low, high in spans):
            continue
        spans.append((start, end))
        message = f"this looks like {what}"
        yield Problem(message, subject.path, subject.position(start, end), _HINT)
        if len(spans) >= _MAX_PROBLEMS:
            return


def may_find(data: bytes) -> bool:
    """Return whether `find` may find something in a text that is given in UTF-8, or in the texts of
    a JSON document; fast.
    """
    return (b"://" in data and b"@" in data) or _RUN in data.translate(_RUN_CHARACTERS)


def find(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield description, start and end of each secret, in no order; they may overlap."""
    if "://" in text and "@" in text:
        for match in _URL_PASSWORD.finditer(text):
            user, password = match[1].lower(), match[2].lower()
            # A password that equals the user name is a default of database images.
            is_given = password == user or password.startswith("pass")
            if not is_given and not _is_example(match[2], fewest=5):
                yield "a password in a URL", *match.span(2)
    data = text.encode()
    marked = data.translate(_RUN_CHARACTERS)
    if _RUN not in marked:
        return
    runs = b" ".join(data[slice(*match.span())] for match in _RUNS.finditer(marked))
    yield from _find_formats(text, runs.decode())
    yield from _find_assigned(text)


def _find_assigned(text: str) -> Iterator[tuple[str, int, int]]:
    judged: dict[str, bool] = {}
    for run in _LONG_RUN.finditer(text):
        start = run.start()
        before = text[max(start - _MAX_BEFORE, 0) : start].lower()
        if not any(word in before for word in _ASSIGNMENT_WORDS):
            continue
        value = _VALUE.match(text, start)
        if value is None or not _BEFORE_VALUE.search(before):
            continue
        found = value[0]
        if found not in judged:
            judged[found] = _is_random(found) and not _is_example(found, words=_MORE_EXAMPLES)
        if judged[found]:
            yield "a secret", *value.span()


def _find_formats(text: str, runs: str) -> Iterator[tuple[str, int, int]]:
    for what, marker, pattern in _FORMATS:
        if marker in (text if " " in marker else runs):
            for match in _compile(pattern).finditer(text):
                if not _is_example(match[0]):
                    yield what, *match.span()


def _is_example(
    secret: str, fewest: int = _MIN_CHARACTERS, words: tuple[str, ...] = _EXAMPLES
) -> bool:
    lowered = secret.lower()
    return len(set(secret)) < fewest or any(word in lowered for word in words)


def _is_random(text: str) -> bool:
    """Return whether a value looks random: mixed letters and digits, and no words."""
    if not _DIGITS.search(text) or not _LETTER.search(text) or _NO_SECRET.search(text):
        return False
    counts = [text.count(character) for character in set(text)]
    entropy = math.log2(len(text)) - sum(n * math.log2(n) for n in counts) / len(text)
    return entropy >= (3.0 if _HEXADECIMAL.fullmatch(text) else _MIN_ENTROPY)
