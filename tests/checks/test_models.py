"""Models that are known, by provider and name or by the name alone."""

from __future__ import annotations

import pytest

from promptops.checks.models import KnownModel, find_model, known_names


def test_a_model_is_found_with_its_provider_and_without() -> None:
    model = KnownModel("o1", 200_000, 100_000, frozenset({"top_p"}))
    assert find_model("openai/o1") == find_model("o1") == model


@pytest.mark.parametrize(
    "written", ["openai/no-such", "nobody/gpt-4o", "no-such", "anthropic/gpt-4o", "gpt-4o/", ""]
)
def test_an_unknown_model_is_none(written: str) -> None:
    assert find_model(written) is None


def test_the_models_of_a_provider_are_listed_as_they_are_written() -> None:
    names = known_names("anthropic/claude-99")
    assert names
    assert all(find_model(name) and name.startswith("anthropic/") for name in names)


# Nothing is certain about fine-tuned models, other providers, and names alone.
@pytest.mark.parametrize("written", ["openai/ft:gpt-4o:acme", "my-gateway/gpt-4o", "gpt-4o"])
def test_where_nothing_is_certain_no_models_are_listed(written: str) -> None:
    assert known_names(written) == []
