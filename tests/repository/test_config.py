"""Configuration: defaults without a file, and an error for every word that means nothing."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.errors import ConfigurationError, UsageError
from promptops.repository.config import Config, Environment, load_config
from tests.screens import masked


def read(**files: str) -> Config:
    """Load the configuration of a repository with these top-level files (`_` for `.`)."""
    named = {name.replace("_", "."): text.encode() for name, text in files.items()}
    return load_config(named.get)


def test_no_file_means_the_defaults() -> None:
    config = read()
    assert config == Config()
    assert config.environment_names == ("staging", "production")
    assert config.environment("production").merged
    assert not config.environment("staging").merged


def test_a_pyproject_without_our_table_means_the_defaults() -> None:
    assert read(pyproject_toml="[project]\nname = 'promptops-user'\n") == Config()


@pytest.mark.parametrize("text", ["tool = 'promptops'\n", "tool = ['promptops']\n"])
def test_a_pyproject_whose_tools_are_no_table_has_none_of_ours(text: str) -> None:
    assert read(pyproject_toml=text) == Config()


def test_pyproject_is_read_where_there_is_no_file_of_our_own() -> None:
    text = "[tool.promptops]\nprompts = 'p'\n"
    assert read(pyproject_toml=text).prompts == "p"
    assert read(promptops_toml="", pyproject_toml=text).prompts == "prompts"


def test_environments_may_be_a_list_or_tables_in_order_of_promotion() -> None:
    assert read(promptops_toml="environments = ['dev', 'live']\n").environments == (
        Environment("dev"),
        Environment("live", merged=True),
    )
    text = "[environments.dev]\nmerged = true\n[environments.live]\nfrom = 'dev'\nmerged = false\n"
    assert read(promptops_toml=text).environments == (
        Environment("dev", merged=True),
        Environment("live", source="dev"),
    )


def test_the_default_environment_is_production_or_else_the_last() -> None:
    both = read(promptops_toml="environments = ['production', 'eu']\n")
    neither = read(promptops_toml="environments = ['dev', 'live']\n")
    assert (both.default_environment, neither.default_environment) == ("production", "live")


def test_checks_have_severities_everywhere_and_by_path() -> None:
    text = "[checks]\nunused-input = 'off'\n[checks.'legacy/*']\nunused-partial = 'note'\n"
    config = read(promptops_toml=text)
    assert config.checks == {"unused-input": "off"}
    assert config.path_checks == (("legacy/*", {"unused-partial": "note"}),)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("prompt = 'x'", "unknown key 'prompt'", "did you mean 'prompts'?"),
        ("prompts = 3", "prompts is not a name", None),
        ("prompts = '../x'", "not a folder below", "relative path"),
        ("prompts = '/etc/..'", "not a folder below", None),
        ("push = 'yes'", "push is not true or false", None),
        ("gate = {branches = ['release/*']}", "'release/*' is not a branch name", "no patterns"),
        ("gate = {branches = ['refs/heads/a']}", "is not a branch name", 'such as "main"'),
        ("remote = '--upload-pack=x'", "remote is not a name", None),
        ("environments = []", "at least one", None),
        ("environments = ['a', 'a']", "listed twice", None),
        ("environments = ['latest']", "no environment can be called 'latest'", None),
        ("environments = ['Prod']", "'Prod' is not an environment name", None),
        ("environments = 3", "environments is not a table", None),
        ("default_environment = 'live'", "none of the environments", "staging, production"),
        (
            "[environments.a]\nform = 'b'",
            "unknown key 'environments.a.form'",
            "environments.a.from",
        ),
        ("[environments.a]\nfrom = 'a'", "not another environment", None),
        ("[checks]\nx = 'warn'", "checks.x is 'warn'", "error, warning, note, off"),
        ("a = ", "not TOML", "toml.io"),
        (
            "environments = ['a', 'b']\n[environments.b]\nevals = true",
            "not TOML",
            "in the list or in tables [environments.NAME], not in both",
        ),
        ("a = " + "1" * 5000, "not TOML", None),
    ],
)
def test_what_means_nothing_is_an_error_that_names_it(
    text: str, message: str, hint: str | None
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(promptops_toml=text)
    assert message in caught.value.message
    assert caught.value.message.startswith("promptops.toml: ") or "not TOML" in message
    assert hint is None or hint in (caught.value.hint or "")


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_config({"promptops.toml": b"\xff\xfe"}.get)


def test_an_unknown_environment_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        Config().environment("productoin")
    assert masked(caught.value.hint) == snapshot("did you mean 'production'?")
