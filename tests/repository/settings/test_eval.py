from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import load_config
from promptops.repository.settings.eval import EvalSettings


def read(text: str) -> EvalSettings:
    return load_config({"promptops.toml": text.encode()}.get).eval


def test_nothing_configured_runs_ten_at_once_without_a_limit() -> None:
    assert read("") == read("[eval]\n") == EvalSettings(10, None)


def test_a_table_with_everything() -> None:
    settings = read("""
        [eval]
        concurrency = 1000
        max_cost = 2.5
        judge = "judge/rubric@1.2.0"
        agreement = 1
        embedding = "openai/text-embedding-3-small"
        scenarios = "evals/scenarios"
    """)
    assert settings == EvalSettings(
        1000,
        2_500_000,
        "judge/rubric@1.2.0",
        1.0,
        "openai/text-embedding-3-small",
        "evals/scenarios",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("concurrency = 0", "eval.concurrency is not a whole number from 1"),
        ("concurrency = 1001", "eval.concurrency is more than 1000"),
        ("agreement = 0", "eval.agreement is not a number above 0"),
        ("agreement = 1.01", "eval.agreement is more than 1"),
        ("judge = ''", "eval.judge is not a text"),
        ("judges = 'a'", "unknown key 'eval.judges'"),
    ],
)
def test_what_means_nothing_is_an_error(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(f"[eval]\n{line}\n")
