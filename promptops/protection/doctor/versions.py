"""Check for tools that read the application's version from tags.

A prompt's release is an annotated tag such as `prompts/support/triage@1.1.0`. A tool that uses the
nearest tag would take it for the application's version. `docs/other-tools.md` has a tested setting
for each tool.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, NamedTuple

from promptops.protection.doctor.answer import fine, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_PYPROJECT = "pyproject.toml"
_DESCRIBE = '["git", "describe", "--dirty", "--tags", "--long", "--match", "v*"]'


class _Tool(NamedTuple):
    """One tool that reads versions from tags. Paths in its configuration are dotted.

    Attributes:
        name: its name.
        file: its configuration file.
        table: its table in that file; "" for the whole file.
        limit: the setting that limits the tags.
        remedy: what to write.
        source: the value of `source` with which it reads tags; "" if it always does.
    """

    name: str
    file: str
    table: str
    limit: str
    remedy: str
    source: str = ""


_TOOLS = (
    _Tool(
        "setuptools-scm",
        _PYPROJECT,
        "tool.setuptools_scm",
        "git_describe_command",
        f"git_describe_command = {_DESCRIBE}",
    ),
    _Tool(
        "hatch-vcs",
        _PYPROJECT,
        "tool.hatch.version",
        "raw-options.git_describe_command",
        f"raw-options = {{ git_describe_command = {_DESCRIBE} }}",
        source="vcs",
    ),
    _Tool(
        "versioningit",
        _PYPROJECT,
        "tool.versioningit",
        "vcs.match",
        '[tool.versioningit.vcs] match = ["v*"]',
    ),
    _Tool(
        "setuptools-git-versioning",
        _PYPROJECT,
        "tool.setuptools-git-versioning",
        "tag_filter",
        'tag_filter = "v[0-9].*"',
    ),
    _Tool(
        "pdm-backend",
        _PYPROJECT,
        "tool.pdm.version",
        "tag_filter",
        'tag_filter = "v*"',
        source="scm",
    ),
    _Tool(
        "git-cliff",
        _PYPROJECT,
        "tool.git-cliff",
        "git.tag_pattern",
        '[tool.git-cliff.git] tag_pattern = "^v[0-9]"',
    ),
    _Tool("git-cliff", "cliff.toml", "", "git.tag_pattern", '[git] tag_pattern = "^v[0-9]"'),
)


REMEDIES = {tool.name: tool.remedy for tool in _TOOLS if tool.file == _PYPROJECT}
"""What to write in `pyproject.toml` for each tool."""


def look_at_version_tools(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check whether a tool would take a prompt's release for the application's version."""
    for file in dict.fromkeys(tool.file for tool in _TOOLS):
        data = subject.read(file)
        if data is None:
            continue
        try:
            settings = tomllib.loads(data.decode())
        except ValueError as error:
            yield unknown(f"{file} cannot be read: {error}", file)
            continue
        for tool in _TOOLS:
            if tool.file == file:
                yield from _judge(tool, settings)


def _judge(tool: _Tool, settings: Mapping[str, object]) -> Iterator[DoctorAnswer]:
    table = _find(settings, tool.table) if tool.table else settings
    if table is None or (tool.source and _find(table, "source") != tool.source):
        return
    if _find(table, tool.limit) is not None:
        yield fine(f"{tool.name} reads the tags that {tool.limit} names", tool.file)
        return
    yield warning(
        f"{tool.name} takes the nearest tag, which may be the release of a prompt",
        tool.file,
        risk="the application is built with a prompt's version, or not at all",
        remedy=f"let it read the application's own tags, such as v1.2.0: {tool.remedy}",
    )


def _find(settings: object, path: str) -> object | None:
    for step in path.split("."):
        settings = settings.get(step) if isinstance(settings, dict) else None
    return settings
