"""How the configuration weighs a check for a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.checks.severities import Severities
from promptops.errors import ConfigurationError
from promptops.prompt.finding import Severity
from promptops.repository.repository import WorkTreeFiles
from tests.checks.pieces import UNUSED, config, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", "warning"),
        ('unused-input = "error"', "error"),
        ('unused-input = "note"', "note"),
        ('unused-input = "off"', None),
        ('unused-input = "off"\n[checks."prompts/team"]\nunused-input = "error"', "error"),
        ('[checks."prompts/team/"]\nunused-input = "error"', "error"),
        ('[checks."prompts/*.md"]\nunused-input = "error"', "error"),
        ('[checks."prompts/teams"]\nunused-input = "error"', "warning"),
        (
            (
                '[checks."prompts/team"]\nunused-input = "error"\n'
                '[checks."prompts/team/a.md"]\nunused-input = "off"'
            ),
            None,
        ),
    ],
)
def test_configuration_weighs_a_check(tmp_path: Path, settings: str, expected: str | None) -> None:
    files = write(tmp_path, {"team/a.md": UNUSED})
    result = validate(files, config(f"[checks]\n{settings}"))
    assert [one.severity.value for one in result.findings] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('unused-inputs = "off"', "there is no check 'unused-inputs'"),
        ('unknown-key = "off"', "'unknown-key' cannot be configured"),
        ('[checks."x"]\nnonsense = "off"', "there is no check 'nonsense'"),
    ],
)
def test_a_rule_that_would_not_apply_is_refused(
    tmp_path: Path, settings: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as error:
        validate(WorkTreeFiles(tmp_path), config(f"[checks]\n{settings}"))
    assert error.value.hint


def test_a_path_from_the_top_is_weighed_as_it_is() -> None:
    severities = Severities(config('[checks."evals"]\norphaned-evals = "error"'))
    found = [severities.find("orphaned-evals", path) for path in ("/evals/a.yaml", "evals/a.yaml")]
    assert found == [Severity.ERROR, Severity.WARNING]


def test_a_check_that_is_off_everywhere_is_not_run() -> None:
    checks = {"unused-input": 1, "unknown-model": 2, "leftover-text": 3}
    settings = (
        '[checks]\nunused-input = "off"\nleftover-text = "off"\n'
        '[checks."prompts/x"]\nleftover-text = "note"\nunused-input = "off"'
    )
    assert Severities(config(settings)).select(checks) == [("leftover-text", 3)]
