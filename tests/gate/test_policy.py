"""The rules of a commit, and what of them cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from promptops.errors import ConfigurationError, PromptopsError
from promptops.forge.codeowners import Dialect
from promptops.gate.policy import read_default_policy, read_policy
from promptops.repository.config import Config

if TYPE_CHECKING:
    from promptops.gate.policy import Policy


TIP = "a" * 40


def read(files: dict[str, str], commit: str | None = TIP, dialect: Dialect | None = None) -> Policy:
    """Read the policy of a commit that has these files."""
    content = {path: text.encode() for path, text in files.items()}
    trees = {TIP: SimpleNamespace(read=content.get)}
    repository = SimpleNamespace(tree=trees.__getitem__)
    return read_policy(repository, commit, dialect=dialect)  # type: ignore[arg-type]


def test_the_files_are_those_that_the_commit_s_configuration_names() -> None:
    found = read(
        {
            "promptops.toml": '[gate]\ngroups = "people.toml"\nsigners = "keys"\n',
            "people.toml": '[people]\njane = ["@jane", "jane@example.com"]\n',
            "keys": "jane ssh-ed25519 AAAA\n",
            "CODEOWNERS": "* @jane\n",
        }
    )
    assert (found.commit, found.owners_path) == (TIP, "CODEOWNERS")
    assert found.groups.person("jane@example.com") == found.groups.person("@jane")
    assert found.signers == b"jane ssh-ed25519 AAAA\n"
    assert found.owners is not None
    assert found.owners.match("a").owners == ("@jane",)


def test_the_forge_decides_how_owners_are_read_where_the_configuration_does_not() -> None:
    files = {".gitlab/CODEOWNERS": "* @lab\n", ".github/CODEOWNERS": "* @hub\n"}
    assert read(files).owners_path == ".github/CODEOWNERS"
    assert read(files, dialect=Dialect.GITLAB).owners_path == ".gitlab/CODEOWNERS"
    files["promptops.toml"] = '[gate]\ndialect = "github"\n'
    assert read(files, dialect=Dialect.GITLAB).owners_path == ".github/CODEOWNERS"


def test_without_a_commit_or_a_branch_the_defaults_apply() -> None:
    found = read({}, None)
    assert (found.config, found.owners, found.signers) == (Config(), None, None)
    assert read({}).owners is None
    repository = SimpleNamespace(default_branch_ref=None)
    assert read_default_policy(repository) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "error", "fault"),
    [
        ({"promptops.toml": "promts = 'x'\n"}, ConfigurationError, "promts"),
        ({".promptops/groups.toml": "[person]\n"}, ConfigurationError, r"^\.promptops/groups"),
        (
            {"CODEOWNERS": "* @a\n" + "#" * 3 * 1024 * 1024},
            PromptopsError,
            "the owners cannot be read: in CODEOWNERS at aaaaaaaaaaaa",
        ),
    ],
)
def test_rules_that_cannot_be_read_are_no_rules(
    files: dict[str, str], error: type[Exception], fault: str
) -> None:
    with pytest.raises(error, match=fault):
        read(files)
