"""OpenAI's real client against the real service, as docs/serve.md has it."""

from __future__ import annotations

import os
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.conftest import service, team  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from tests.server.conftest import Team
    from tests.server.serving import Running

PAGE = (Path(__file__).parents[2] / "docs/serve.md").read_text(encoding="utf-8")
RECIPE = re.findall(r"```python\n(from openai.*?)```", PAGE, re.DOTALL)[0]

pytestmark = [
    pytest.mark.skipif(
        find_spec("openai") is None and not os.environ.get("PROMPTOPS_REQUIRE_CLIENTS"),
        reason="openai is not installed",
    ),
    # The recipe does not close its client, as most applications do not.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def client(team: Team, service: Running) -> Any:  # noqa: F811
    openai: Any = import_module("openai")

    return openai.OpenAI(
        base_url=f"http://127.0.0.1:{service.port}/v1", api_key=team.make_key(), max_retries=0
    )


def test_the_recipe(team: Team, service: Running) -> None:  # noqa: F811
    team.provider.reply(text="Billing.")
    code = RECIPE.replace(":8080", f":{service.port}").replace('"ticket"', '"question"')
    names: dict[str, Any] = {"key": team.make_key(), "text": "Why?"}
    exec(code, names)
    completion = names["completion"]
    assert completion.choices[0].message.content == "Billing."
    assert completion.usage.total_tokens == 18
    assert completion.promptops["version"] == "1.1.0"


def test_a_stream_with_history(team: Team, client: Any) -> None:  # noqa: F811
    team.provider.reply(text="One two three.", chunks=3)
    chunks = list(
        client.chat.completions.create(
            model="prompt:support/chat@production",
            messages=[{"role": "user", "content": "Hi."}],
            extra_body={"inputs": {"question": "And now?"}},
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    said = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(said) == "One two three."
    assert chunks[-1].usage.total_tokens == 18


def test_its_errors_are_the_clients_own(team: Team, client: Any) -> None:  # noqa: F811
    openai: Any = import_module("openai")

    asked: dict[str, Any] = {"model": "prompt:support/triage", "messages": []}
    asked["extra_body"] = {"inputs": {"question": "?"}}
    create = client.chat.completions.create
    with pytest.raises(openai.BadRequestError) as refused:
        create(**asked, temperature=1)
    assert refused.value.param == "temperature"
    with pytest.raises(openai.NotFoundError):
        create(**{**asked, "model": "gpt-4o"})
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-no").chat.completions.create(**asked)
    team.provider.reply(text="One two three.", chunks=3, drop="body")
    with pytest.raises(openai.APIError), create(**asked, stream=True) as stream:
        list(stream)
