"""Tools that would take a prompt's release for the application's version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from promptops.prompt.finding import Severity
from tests.protection.doctor.pieces import FINE, UNKNOWN, ask_files

DESCRIBE = '["git", "describe", "--match", "v*"]'


@pytest.mark.parametrize(
    ("file", "careless", "remedy"),
    [
        ("pyproject.toml", "[tool.setuptools_scm]", f"git_describe_command = {DESCRIBE}"),
        (
            "pyproject.toml",
            '[tool.hatch.version]\nsource = "vcs"',
            f"raw-options.git_describe_command = {DESCRIBE}",
        ),
        ("pyproject.toml", "[tool.versioningit]", 'vcs.match = ["v*"]'),
        ("pyproject.toml", "[tool.setuptools-git-versioning]", 'tag_filter = "v[0-9].*"'),
        ("pyproject.toml", '[tool.pdm.version]\nsource = "scm"', 'tag_filter = "v*"'),
        ("pyproject.toml", "[tool.git-cliff.git]", 'tag_pattern = "^v[0-9]"'),
        ("cliff.toml", "[git]", 'tag_pattern = "^v[0-9]"'),
    ],
)
def test_a_tool_that_would_take_a_prompts_release_for_its_own_is_named(
    file: str, careless: str, remedy: str
) -> None:
    (found,) = ask_files("version-tools", {file: f"{careless}\n"})
    assert (found.severity, found.place) == (Severity.WARNING, file)
    assert remedy.split(" = ", maxsplit=1)[0].rpartition(".")[2] in found.remedy
    (found,) = ask_files("version-tools", {file: f"{careless}\n{remedy}\n"})
    assert found.state is FINE


GORELEASER = "git tag --list 'prompts/*' | xargs git tag --delete && goreleaser release"
LERNA = "git tag --list 'prompts/*' | xargs git tag --delete && lerna version"


@pytest.mark.parametrize(
    ("careless", "careful"),
    [
        ({".release-it.json": "{}"}, {".release-it.json": '{"git": {"tagMatch": "v*"}}'}),
        (
            {"package.json": '{"release-it": {"npm": false}}'},
            {"package.json": '{"release-it": {"git": {"tagMatch": "v*"}}}'},
        ),
        (
            {"package.json": '{"scripts": {"release": "changelogen --release"}}'},
            {"package.json": '{"scripts": {"release": "changelogen --release --from $TAG"}}'},
        ),
        (
            {"lerna.json": '{"version": "0.3.0"}'},
            {"lerna.json": '{"command": {"version": {"forcePublish": true}}}'},
        ),
        ({"lerna.json": "{}"}, {".github/workflows/release.yml": f"run: {LERNA}\n"}),
        ({"lerna.json": "{}"}, {"package.json": json.dumps({"scripts": {"release": LERNA}})}),
        (
            {".goreleaser.yaml": "version: 2\n"},
            {".goreleaser.yaml": "git:\n  ignore_tags: [nightly, prompts/*]\n"},
        ),
        (
            {"goreleaser.yml": "git: {ignore_tags: [nightly]}\n"},
            {".github/workflows/release.yml": f"run: {GORELEASER}\n"},
        ),
    ],
)
def test_a_tool_without_pyproject_that_would_take_a_prompts_release_is_named(
    careless: dict[str, str], careful: dict[str, str]
) -> None:
    (found,) = ask_files("version-tools", careless)
    assert (found.severity, found.place) == (Severity.WARNING, next(iter(careless)))
    (found,) = ask_files("version-tools", careless | careful)
    assert found.state is FINE


@pytest.mark.parametrize("file", ["package.json", "lerna.json", "cliff.toml", ".goreleaser.yaml"])
def test_a_configuration_that_is_none_is_named(file: str) -> None:
    (found,) = ask_files("version-tools", {file: "{["})
    assert (found.state, found.place) == (UNKNOWN, file)


def test_a_package_without_release_tools_is_nobodys_business() -> None:
    for text in ("{}", "[]", '{"scripts": {"test": "node"}}', '{"scripts": 3}'):
        assert ask_files("version-tools", {"package.json": text}) == []


def test_tools_that_read_no_tags_are_nobodys_business() -> None:
    assert (
        ask_files("version-tools", {"pyproject.toml": '[tool.hatch.version]\npath = "x.py"\n'})
        == []
    )
    (found,) = ask_files("version-tools", {"pyproject.toml": "["})
    assert found.state is UNKNOWN


def test_the_page_on_other_tools_names_what_git_needs() -> None:
    page = (Path(__file__).parents[3] / "docs/other-tools.md").read_text("utf-8")
    assert "git describe --match 'v*'" in page
