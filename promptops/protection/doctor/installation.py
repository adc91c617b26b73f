"""Check how CI and hooks install promptops: a bare name may install another package."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from promptops.protection.doctor.answer import error, fine, warning
from promptops.protection.doctor.workflows import FOLDER
from promptops.repository.origin import PACKAGE, PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_FILES = (".gitlab-ci.yml", ".pre-commit-config.yaml")
_SUFFIXES = (".yml", ".yaml")
_NAME = re.compile(r"git[-_.]promptops(?![\w.-])(?:\[[^]]*\])?", re.IGNORECASE)
_VERSION = re.compile(r"={2,3}\s*v?\d[\w.!+-]*")
_COMMIT = re.compile(r"@(?:[0-9a-f]{40}|[0-9a-f]{64})(?![0-9a-f])")
_HASH = re.compile(r"[#&]sha(?:256|384|512)=[0-9a-f]{64}")
_URL = re.compile(r"git\+\S*promptops", re.IGNORECASE)
_ACTION = re.compile(
    r"^\s*(?:-\s+)?[\"']?uses[\"']?\s*:\s*[\"']?([\w.-]+/(?:git-)?promptops(?:/[^@\s]*)?@[^\s\"'#]+)"
)


def look_at_installation(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that every installation of promptops is pinned to a version, a commit or a path."""
    paths = [
        path
        for path in subject.paths
        if path in _FILES or (path.startswith(FOLDER) and path.endswith(_SUFFIXES))
    ]
    for path in paths:
        text = (subject.read(path) or b"").decode(errors="replace")
        if "promptops" not in text.lower():
            continue
        unpinned, count = _find_unpinned(text)
        if PLACEHOLDER in text:
            yield warning(
                f"the source of promptops is not set: it is still {PLACEHOLDER}",
                path,
                risk="the job always fails",
                remedy=f"write {PACKAGE}==VERSION, or {PACKAGE} @ git+URL@COMMIT",
            )
        elif count and not unpinned:
            yield fine("promptops is installed by a version, a commit or a path", path)
        for one in unpinned:
            yield error(
                f"`{one}` installs whatever has that name when the job runs",
                path,
                risk="anyone who registers the name, or moves the tag or branch, can run code "
                "with the job's permissions and decide what merges",
                remedy=f"write {PACKAGE}==VERSION, {PACKAGE} @ git+URL@COMMIT, or the commit of an "
                "action",
            )


def _find_unpinned(text: str) -> tuple[list[str], int]:
    """Return unpinned installations, and the number of all installations."""
    found: dict[str, None] = {}
    count = 0
    for line in text.split("\n"):
        action = _ACTION.match(line)
        if action is not None:
            count += 1
            if not _COMMIT.search(action[1]):
                found[action[1]] = None
            continue
        for word in _words(line):
            if _NAME.match(word) or _URL.match(word):
                count += 1
                if not _is_pinned(word):
                    found[word] = None
    return list(found), count


def _is_pinned(word: str) -> bool:
    name = _NAME.match(word)
    rest = word if name is None else word[name.end() :].strip()
    if name is not None and _VERSION.match(rest):
        return True
    if name is not None and rest.startswith("@") and re.match(r"@\s*(?:file:|\.?\.?/)", rest):
        return True
    return _COMMIT.search(rest) is not None or _HASH.search(rest) is not None


def _words(line: str) -> list[str]:
    """Return the words of a line of YAML or shell, with `NAME @ URL` as one."""
    code = line.split(" #", maxsplit=1)[0] if not line.lstrip().startswith("#") else ""
    code = code.replace("[", " [").replace("promptops [", "promptops[")
    try:
        words = shlex.split(code.replace(",", " "))
    except ValueError:  # a quote that the next line closes
        words = code.replace('"', " ").replace("'", " ").split()
    merged: list[str] = []
    for word in words:
        if merged and (merged[-1].endswith(("@", "==")) or word.startswith(("@", "=="))):
            merged[-1] += f" {word}"
        else:
            merged.append(word.lstrip("["))
    return merged
