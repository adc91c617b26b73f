"""The grammar of prompt names, of the paths of their files, and of prompt refs: `name[@selector]`.

Names become file names and Git refs on every platform. So only names are accepted that can be
checked out on Windows and pushed to any forge.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from promptops.errors import UsageError, quote
from promptops.prompt.version import Range, Version, parse_range

_SEGMENT = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
# Microsoft, "Naming Files, Paths, and Namespaces": these are devices with any extension.
_DEVICE = r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])"
_SOUND_SEGMENT = rf"(?!{_DEVICE}(?![^./])){_SEGMENT}(?<!\.lock)"
# A lock may contain ten thousand names, so a valid name is recognised by a single match.
_SOUND_NAME = re.compile(rf"{_SOUND_SEGMENT}(?:/{_SOUND_SEGMENT})*", re.ASCII)
_ENVIRONMENT = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9]))*", re.ASCII)
_MAX_NAME = 200
RESERVED_SELECTORS = frozenset({"latest", "working"})


def name_fault(name: str) -> tuple[str, str | None] | None:
    """Return why `name` is not a prompt name, with a suggestion; None if it is one.

    A name is segments of lower-case letters, digits and single inner `.`, `_`, `-`, joined by `/`;
    none ends in `.lock` (Git refuses such refs) or is a Windows device name.
    """
    if not name:
        return "a prompt name is empty", "give a name such as support/triage"
    if len(name) > _MAX_NAME:
        return f"a prompt name is longer than {_MAX_NAME} characters", None
    if _SOUND_NAME.fullmatch(name):
        return None
    return f"{quote(name)} is not a prompt name", _name_hint(name)


def check_name(name: str) -> str:
    """Return `name` if it is a prompt name, else raise a UsageError that says why not."""
    fault = name_fault(name)
    if fault is not None:
        raise UsageError(fault[0], hint=fault[1])
    return name


def _name_hint(name: str) -> str:
    for segment in name.split("/"):
        if not re.fullmatch(_SEGMENT, segment, re.ASCII):
            break
        if segment.endswith(".lock"):
            return "Git keeps '.lock' endings for itself"
        if re.match(rf"{_DEVICE}(?![^.])", segment):
            return f"'{segment}' is a device name on Windows"
    stem = name.removesuffix(".md").strip("/")
    slug = "/".join(
        part
        for part in (
            re.sub(r"[^a-z0-9]+", "-", segment.lower()).strip("-") for segment in stem.split("/")
        )
        if part
    )
    rule = "use lower-case letters and digits, joined by single '-', '_' or '.', and '/'"
    return f"{rule}, such as {slug}" if slug and slug != name else rule


def check_environment(name: str) -> str:
    """Return `name` if it can name an environment, else raise a UsageError that says why not."""
    if not _ENVIRONMENT.fullmatch(name) or len(name) > _MAX_NAME or name.endswith(".lock"):
        raise UsageError(
            f"{quote(name)} is not an environment name",
            hint="use lower-case letters, digits and single '-', beginning with a letter",
        )
    if name in RESERVED_SELECTORS:
        raise UsageError(f"no environment can be called '{name}'", hint="it is a selector already")
    return name


def is_environment(name: str) -> bool:
    """Return whether `name` can name an environment."""
    try:
        check_environment(name)
    except UsageError:
        return False
    return True


def name_from_path(path: str) -> str:
    """Return the name of the prompt at `path` below the prompts folder."""
    return path.removesuffix(".md")


def is_partial(path: str) -> bool:
    """Return whether the file, or a folder above it, begins with `_`: included, never run."""
    return path.startswith("_") or "/_" in path


def is_prompt(path: str) -> bool:
    """Return whether a file below the prompts folder is a prompt: `.md`, but neither a partial nor
    README.md.
    """
    is_readme = path == "README.md" or path.endswith("/README.md")
    return path.endswith(".md") and not is_partial(path) and not is_readme


class SelectorKind(StrEnum):
    """The five kinds of selectors after the `@` of a prompt ref."""

    VERSION = "version"
    RANGE = "range"
    LATEST = "latest"
    ENVIRONMENT = "environment"
    WORKING = "working"


class Selector(NamedTuple):
    """The part of a prompt ref that selects a version.

    Attributes:
        kind: the kind of selector.
        text: the selector as written.
        version: for VERSION, the version.
        range: for RANGE, the range.
    """

    kind: SelectorKind
    text: str
    version: Version | None = None
    range: Range | None = None

    def __str__(self) -> str:
        """Return the text after the `@`."""
        return self.text


class PromptRef(NamedTuple):
    """`name[@selector]`. Each command documents its default selector."""

    name: str
    selector: Selector | None = None

    def __str__(self) -> str:
        """Return the ref as a user types it."""
        return f"{self.name}@{self.selector}" if self.selector else self.name


def parse_selector(text: str) -> Selector:
    """Parse the selector after the `@`: a version, a range, `latest`, `working`, an environment."""
    if text == "latest":
        return Selector(SelectorKind.LATEST, text)
    if text == "working":
        return Selector(SelectorKind.WORKING, text)
    if text[:1].isalpha():
        if re.fullmatch(r"[vV]\d+\.\d+.*", text, re.ASCII):
            Version.parse(text)
        return Selector(SelectorKind.ENVIRONMENT, check_environment(text))
    if re.fullmatch(r"\d+\.\d+\.\d+.*", text, re.ASCII) and "," not in text:
        return Selector(SelectorKind.VERSION, text, version=Version.parse(text))
    return Selector(SelectorKind.RANGE, text, range=parse_range(text))


def parse_ref(text: str) -> PromptRef:
    """Parse `name` or `name@selector`. Raises UsageError, with a suggestion, for malformed text."""
    name, separator, selector = text.partition("@")
    check_name(name)
    if not separator:
        return PromptRef(name)
    if not selector:
        raise UsageError(
            f"{quote(text)} ends in '@'", hint="name a version, a range or an environment"
        )
    return PromptRef(name, parse_selector(selector))


def release_tag(name: str, version: Version) -> str:
    """Return the full ref of a release's tag."""
    return f"refs/tags/prompts/{name}@{version}"


def yank_tag(name: str, version: Version) -> str:
    """Return the full ref of the tag that yanks a release."""
    return f"refs/tags/yanked/prompts/{name}@{version}"


def parse_release_tag(ref: str) -> tuple[str, Version] | None:
    """Return the name and version of a release tag's full ref, or None for any other ref."""
    name, separator, version = ref.removeprefix("refs/tags/prompts/").rpartition("@")
    if not separator or not ref.startswith("refs/tags/prompts/") or name_fault(name):
        return None
    try:
        return name, Version.parse(version)
    except UsageError:
        return None
