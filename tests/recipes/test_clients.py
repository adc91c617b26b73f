"""The recipes of docs/clients.md, with the real packages against a server on loopback."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.released import Press
from tests.runtime.provider import Provider
from tests.runtime.run.pieces import logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.repositories import Repo

PAGE = (Path(__file__).parents[2] / "docs/clients.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (\w+)\n.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
PACKAGES = {
    "OpenAI": "openai",
    "Anthropic": "anthropic",
    "LangChain": "langchain_openai",
    "LlamaIndex": "llama_index.llms",
}
BODY = "{% system %}\nBe brief.\n{% endsystem %}\n{% user %}\n{{ ticket }}\n{% enduser %}"
TICKET = "I was {charged} twice."
CLAUDE = (
    b'{"id": "msg-1", "type": "message", "role": "assistant", "model": "claude",'
    b' "content": [{"type": "text", "text": "Billing."}], "stop_reason": "end_turn",'
    b' "usage": {"input_tokens": 11, "output_tokens": 7}}'
)

# The recipes do not close their clients, as most applications do not.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with Provider() as provider:
        for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
            monkeypatch.setenv(name, provider.base_url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.base_url.removesuffix("/v1"))
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.setenv(name, "sk-test")
        yield provider


def test_each_recipe_is_tried() -> None:
    assert set(RECIPES) == set(PACKAGES)


@pytest.mark.parametrize("client", list(PACKAGES))
def test_a_recipe_does_what_it_says(
    repo: Repo, provider: Provider, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = PACKAGES[client]
    if not is_installed(package):
        if os.environ.get("PROMPTOPS_REQUIRE_CLIENTS"):
            pytest.fail(f"{package} is not installed")
        pytest.skip(f"{package} is not installed: nox -s clients")
    model = "anthropic/claude-x" if client == "Anthropic" else "openai/gpt-4o-mini"
    press = Press(repo)
    press.release(
        "support/triage", "1.0.0", BODY, model=model, inputs="{ticket: string}", max_tokens="50"
    )
    press.deploy("production", {"support/triage": "1.0.0"})
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    monkeypatch.chdir(repo.path)
    if client == "Anthropic":
        provider.reply(body=CLAUDE)
    else:
        provider.reply(text="Billing.")
    names: dict[str, Any] = {"text": TICKET}

    exec(compile(RECIPES[client], client, "exec"), names)

    assert names["answer"] == "Billing."
    names["registry"].close()
    sent = provider.requests[0].json
    assert sent["model"] == model.partition("/")[2]
    assert sent["messages"][-1]["role"] == "user"
    assert TICKET in str(sent["messages"][-1]["content"])
    assert "Be brief." in str(sent)
    assert sent.get("max_tokens", sent.get("max_completion_tokens")) == 50
    run = logged(repo, names["run_id"]).run
    assert (run.prompt, run.version, run.answer) == ("support/triage", "1.0.0", "Billing.")
    assert (run.input_tokens, run.output_tokens, run.user) == (11, 7, "u-42")
    assert run.environment == "production"
