"""Check for tools that read the application's version from tags.

A prompt's release is an annotated tag such as `prompts/support/triage@1.1.0`. A tool that uses the
nearest tag would take it for the application's version. `docs/other-tools.md` has a tested setting
for each tool.
"""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.protection.doctor.answer import fine, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_PYPROJECT = "pyproject.toml"
_PACKAGE = "package.json"
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
    _Tool("release-it", ".release-it.json", "", "git.tagMatch", '"git": {"tagMatch": "v*"}'),
    _Tool("release-it", _PACKAGE, "release-it", "git.tagMatch", '"git": {"tagMatch": "v*"}'),
)
REMEDIES = {tool.name: tool.remedy for tool in _TOOLS if tool.file != "cliff.toml"}
"""What to write for each tool, in `pyproject.toml` or in its own file."""

_GORELEASER = tuple(
    f"{stem}.{ending}"
    for stem in (".config/goreleaser", ".goreleaser", "goreleaser")
    for ending in ("yml", "yaml")
)
IGNORED_TAGS = "prompts/*"
"""The pattern that keeps the prompts' tags from GoReleaser, in `git.ignore_tags`."""

# lerna and changelogen have no setting for it, so their command must change.
FORGET_TAGS = "git tag --list 'prompts/*' | xargs git tag --delete"
"""The command that removes the prompts' tags from a job's clone."""
FROM_TAG = """--from "$(git describe --tags --abbrev=0 --match 'v*')\""""
"""The option that makes changelogen start at the application's last tag."""
_CI = (".github/workflows/", ".gitlab-ci.yml")


def look_at_version_tools(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check whether a tool would take a prompt's release for the application's version."""
    for file in dict.fromkeys(tool.file for tool in _TOOLS):
        data = subject.read(file)
        if data is None:
            continue
        try:
            settings = _parse(file, data)
        except (ValueError, RecursionError) as error:
            yield unknown(f"{file} cannot be read: {error}", file)
            continue
        for tool in _TOOLS:
            if tool.file == file:
                yield from _judge(tool, settings)
        if file == _PACKAGE:
            yield from _judge_changelogen(settings)
    yield from _judge_lerna(subject)
    yield from _judge_goreleaser(subject)


def _parse(file: str, data: bytes) -> Any:  # noqa: ANN401 - whatever the file holds
    text = data.decode()
    return json.loads(text) if file.endswith(".json") else tomllib.loads(text)


def _judge_changelogen(package: object) -> Iterator[DoctorAnswer]:
    """Judge the scripts of `package.json` that run changelogen."""
    scripts = _find(package, "scripts")
    lines = scripts.values() if isinstance(scripts, dict) else ()
    used = [line for line in lines if isinstance(line, str) and "changelogen" in line]
    if not used:
        return
    if all("--from" in line for line in used):
        yield fine("changelogen begins at the tag that --from names", _PACKAGE)
        return
    yield warning(
        "changelogen begins at the nearest tag, which may be the release of a prompt",
        _PACKAGE,
        risk="the changelog and the next version leave out what was merged before that release",
        remedy=f"add {FROM_TAG} where it is run",
    )


def _judge_lerna(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Judge lerna, which compares packages with the nearest tag of any name."""
    file = "lerna.json"
    data = subject.read(file)
    if data is None:
        return
    try:
        settings = _parse(file, data)
    except (ValueError, RecursionError) as error:
        yield unknown(f"{file} cannot be read: {error}", file)
        return
    if _find(settings, "command.version.forcePublish"):
        yield fine("lerna publishes all packages, whatever changed", file)
        return
    yield from _find_removal(subject, "lerna") or [_warn_of_lerna(file)]


def _warn_of_lerna(file: str) -> DoctorAnswer:
    return warning(
        "lerna compares packages with the nearest tag, which may be the release of a prompt",
        file,
        risk="packages that changed before that release are not published",
        remedy=f"where lerna runs, let the clone forget the prompts' tags first: {FORGET_TAGS}; "
        'or publish all packages: "command": {"version": {"forcePublish": true}}',
    )


def _judge_goreleaser(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Judge GoReleaser, which takes the newest tag of a commit, or the nearest one."""
    file = next((path for path in _GORELEASER if subject.read(path) is not None), None)
    if file is None:
        return
    import yaml

    from promptops.prompt.untrusted_yaml import load_untrusted

    try:
        settings = load_untrusted((subject.read(file) or b"").decode())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield unknown(f"{file} cannot be read: {str(error).splitlines()[0]}", file)
        return
    ignored = _find(settings, "git.ignore_tags")
    if isinstance(ignored, list) and any(str(tag).startswith("prompts/") for tag in ignored):
        yield fine("goreleaser ignores the tags of prompts", file)
        return
    yield from _find_removal(subject, "goreleaser") or [
        warning(
            "goreleaser takes the nearest tag, which may be the release of a prompt",
            file,
            risk="the release notes begin at that release, and a snapshot build fails",
            remedy=f'write `ignore_tags: ["{IGNORED_TAGS}"]` under `git`; or, where it runs, '
            f"let the clone forget the prompts' tags first: {FORGET_TAGS}",
        )
    ]


def _find_removal(subject: DoctorSubject, tool: str) -> list[DoctorAnswer]:
    """Return a "fine" answer if a file removes the prompts' tags before it runs the tool."""
    for path in [_PACKAGE, *(path for path in subject.paths if path.startswith(_CI))]:
        text = (subject.read(path) or b"").decode(errors="replace")
        if tool in text and "prompts/*" in text:
            return [fine(f"{tool} runs without the tags of prompts", path)]
    return []


def _judge(tool: _Tool, settings: Mapping[str, object]) -> Iterator[DoctorAnswer]:
    table = _find(settings, tool.table) if tool.table else settings
    if table is None or (tool.source and _find(table, "source") != tool.source):
        return
    if _find(table, tool.limit) is not None:
        yield fine(f"{tool.name} reads the tags that {tool.limit} names", tool.file)
        return
    yield warning(
        f"{tool.name} reads the nearest tag, which may be a prompt's release",
        tool.file,
        risk="the application gets a prompt's version, or its build fails",
        remedy=f"let it read only the application's tags, such as v1.2.0: {tool.remedy}",
    )


def _find(settings: object, path: str) -> object | None:
    for step in path.split("."):
        settings = settings.get(step) if isinstance(settings, dict) else None
    return settings
