"""The examples of docs/models.md work."""

import re
import time
import tomllib
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from promptops.repository.prices import Prices
from promptops.repository.settings.models import read_models
from promptops.runtime.models import scripted
from promptops.runtime.models.model import ModelError, Request
from promptops.runtime.models.scripted import read_scripted
from tests.screens import masked

PAGE = Path(__file__).parents[3] / "docs" / "models.md"


def examples(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


def ask(text: str) -> Request:
    system = {"role": "system", "content": "Be kind."}
    return Request("scripted/rules.yaml", [system, {"role": "user", "content": text}])


def test_the_tables_of_the_page_are_read() -> None:
    found = [
        read_models(tomllib.loads(one)["models"], "promptops.toml") for one in examples("toml")
    ]
    assert len(found) == 3
    price = Prices(found[0]).find("gateway/gpt-4o")
    assert price is not None
    assert price.input == 2_500_000
    assert Prices(found[0]).window("local").context == 32768
    assert found[1].allows("local", "prompts/support/triage.md")
    assert not found[1].allows("local", "prompts/legal/terms.md")
    priced = Prices(found[2]).find("scripted/tests/rules.yaml")
    assert priced is not None
    assert not priced.is_free


@pytest.mark.story
def test_the_rules_of_the_page_answer_as_it_says() -> None:
    (rules,) = examples("yaml")
    model = read_scripted("scripted/rules.yaml", rules)

    def answer(text: str) -> str:
        return model.call(ask(text), deadline=time.monotonic() + 60).text

    assert answer("My refund?") == snapshot("You will have your money back by Friday.")
    weather = model.call(ask("The weather?"), deadline=time.monotonic() + 60)
    assert weather.tool_calls[0].name == "get_weather"
    assert masked(answer("The weather?")) == snapshot("I do not know.")
    for status in (503, 429):
        with pytest.raises(ModelError) as caught:
            answer("An outage!")
        assert caught.value.status == status
    assert answer("An outage!") == answer("An outage!") == "It works again."


def test_the_page_names_every_key_and_fault() -> None:
    text = PAGE.read_text("utf-8")
    words = {*scripted._WHEN, *scripted._RULE, *scripted._FAULT, *scripted._FAULTS}
    assert [word for word in sorted(words) if f"`{word}`" not in text] == []
