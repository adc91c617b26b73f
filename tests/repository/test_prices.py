import re
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.repository import prices
from promptops.repository.prices import Price, Prices, Step
from promptops.repository.settings.models import ModelSettings, read_models

EXTRACT = Path(prices.__file__).with_name("prices.tsv")


def configure(table: dict[str, object]) -> Prices:
    return Prices(read_models(table, "promptops.toml"))


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        ((0, 0), 0),
        ((1, 0), 1),  # 0.15 micro-dollars, rounded up
        ((0, 1), 1),
        ((1, 1), 1),
        ((1_000_000, 0), 150_000),
        ((1_000_000, 1_000_000), 750_000),
        ((1_000_001, 0), 150_001),
        ((10, 10, 10), 7),
        ((10, 0, 99), 1),  # no more can be cached than was read
    ],
)
def test_a_cost_is_whole_micro_dollars_rounded_up(tokens: tuple[int, ...], cost: int) -> None:
    assert Price(150_000, 600_000, 75_000, "test").cost(*tokens) == cost


def test_a_long_request_costs_more_for_all_of_its_tokens() -> None:
    step = Step(200_000, 2_500_000, 15_000_000, 250_000)
    price = Price(1_250_000, 10_000_000, 125_000, "test", step=step)
    assert price.cost(200_000, 1000) == 250_000 + 10_000
    assert price.cost(200_001, 1000) == 500_003 + 15_000
    assert price.cost(200_001, 0, 200_001) == 50_001


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4o-mini", (150_000, 600_000, 75_000)),
        ("gpt-4o-mini", (150_000, 600_000, 75_000)),
        ("anthropic/claude-haiku-4-5", (1_000_000, 5_000_000, 100_000)),
        ("claude-haiku-4-5", (1_000_000, 5_000_000, 100_000)),
        ("openai/ft:gpt-4o-mini-2024-07-18:acme:triage:Ab1", (300_000, 1_200_000, 150_000)),
    ],
)
def test_the_extract_knows_models_as_prompts_name_them(
    model: str, expected: tuple[int, int, int]
) -> None:
    price = Prices(ModelSettings()).find(model)
    assert price is not None
    assert price[:3] == expected
    assert not price.is_free
    assert re.fullmatch(r"litellm \d+\.\d+\.\d+ of \d{4}-\d\d-\d\d", price.source)


def test_an_embedding_costs_what_it_reads() -> None:
    price = Prices(ModelSettings()).find("openai/text-embedding-3-small")
    assert price is not None
    assert price[:3] == (20_000, 0, 20_000)
    assert not price.is_free
    assert price.cost(1000, 0) == 20


def test_a_long_request_is_known_from_the_extract() -> None:
    price = Prices(ModelSettings()).find("gemini/gemini-2.5-pro")
    assert price is not None
    assert price.step == (200_000, 2_500_000, 15_000_000, 250_000)


@pytest.mark.parametrize("model", ["anthropic.claude-3-5-haiku-20241022-v1:0"])
@pytest.mark.parametrize("route", ["", "converse/", "invoke/"])
def test_a_route_of_bedrock_is_no_part_of_the_model(route: str, model: str) -> None:
    price = Prices(ModelSettings()).find(f"bedrock/{route}{model}")
    assert price is not None
    assert price.input == 800_000


@pytest.mark.parametrize(
    "model",
    [
        "",
        "/",
        "openai/",
        "openai/gpt-4o-min",
        "openai/gpt-4o-mini\t",
        "openai/gpt-4o-mini\n",
        "openai/gpt-6-anything",
        "azure/my-deployment",
        "ollama/llama3.2",
        "hosted_vllm/gpt-4o-mini",
        "local",
        "gateway/gpt-4o",
        "openai/gpt-4ö",
        "# litellm",
    ],
)
def test_what_nobody_priced_is_unknown_and_not_free(model: str) -> None:
    assert Prices(ModelSettings()).find(model) is None


def test_models_that_ask_no_provider_are_free() -> None:
    for model in ("echo/anything", "scripted/tests/rules.yaml"):
        price = Prices(ModelSettings()).find(model)
        assert price is not None
        assert price.is_free
        assert price.cost(1_000_000, 1_000_000) == 0


def test_the_configuration_decides_before_the_extract() -> None:
    found = configure(
        {
            "openai": {"input_price": 0.5, "output_price": 1},
            "openai/gpt-4o-mini": {"input_price": 0.1, "output_price": 0.2, "cached_price": 0.05},
            "openai/gpt-4o": {"context": 1000},
            "scripted/rules.yaml": {"input_price": 10, "output_price": 30},
        }
    )
    assert found.find("openai/gpt-4o-mini") == (100_000, 200_000, 50_000, "[models]", False, None)
    assert found.find("openai/gpt-4o") == (500_000, 1_000_000, 500_000, "[models]", False, None)
    scripted = found.find("scripted/rules.yaml")
    assert scripted is not None
    assert scripted.cost(1_000_000, 0) == 10_000_000


def test_an_endpoint_of_ones_own_is_free_only_if_it_says_so() -> None:
    address = "http://127.0.0.1:8000/v1"
    found = configure(
        {
            "local": {"base_url": address, "model": "qwen3-8b", "free": True},
            # Named like a model that somebody sells.
            "gpt-4o": {"base_url": address},
            "gateway": {"base_url": address},
        }
    )
    local = found.find("local")
    assert local is not None
    assert local.is_free
    assert found.find("local/other") is None
    assert found.find("gpt-4o") is None
    assert found.window("gpt-4o") == (None, None)
    assert found.find("gateway/gpt-4o") is None


def test_windows_come_from_the_configuration_then_from_the_extract() -> None:
    found = configure(
        {
            "openai/gpt-4o-mini": {"output": 100},
            "local": {"base_url": "http://127.0.0.1:8000/v1", "context": 4096},
        }
    )
    assert found.window("openai/gpt-4o-mini") == (128_000, 100)
    assert found.window("anthropic/claude-haiku-4-5") == (200_000, 64_000)
    assert found.window("local/qwen") == (4096, None)
    assert found.window("openai/unheard-of") == (None, None)


@pytest.mark.slow
def test_every_line_of_the_extract_can_be_read() -> None:
    head, *lines = EXTRACT.read_text("ascii").splitlines()
    assert re.fullmatch(r"# litellm \S+, \d{4}-\d\d-\d\d", head)
    assert len(lines) > 1000
    known = Prices(ModelSettings())
    names = [line.partition("\t")[0] for line in lines]
    assert names == sorted(set(names))
    for name in names:
        price = known.find(name)
        assert price is not None, name
        # Embedding models write no tokens.
        assert price.output > 0 or "embed" in name or price.cached == price.input, name
        assert min(price.input, price.cached) > 0, name
        assert price.cost(1, 1) >= 1


@pytest.mark.slow
def test_reading_prices_imports_no_litellm() -> None:
    source = (
        "import sys\n"
        "from promptops.repository.settings.models import ModelSettings\n"
        "from promptops.repository.prices import Prices\n"
        "assert Prices(ModelSettings()).find('openai/gpt-4o-mini')\n"
        "heavy = {'litellm', 'aiohttp', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
