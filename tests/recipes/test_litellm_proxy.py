"""LiteLLM Proxy takes prompts from the real service, as docs/serve.md has it.

PROMPTOPS_LITELLM=PATH names the program `litellm` of an environment with `litellm[proxy]`;
installing it takes minutes, so nothing does it by itself.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.conftest import service, team  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.conftest import Team
    from tests.server.serving import Running

PROGRAM = os.environ.get("PROMPTOPS_LITELLM", "")
PAGE = (Path(__file__).parents[2] / "docs/serve.md").read_text(encoding="utf-8")
CONFIG = re.findall(r"```yaml\n(prompts:.*?)```", PAGE, re.DOTALL)[0]

pytestmark = pytest.mark.skipif(not PROGRAM, reason="PROMPTOPS_LITELLM names no litellm")


@pytest.fixture(scope="module")
def proxy(
    team: Team,  # noqa: F811
    service: Running,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("proxy")
    models = f"""
model_list:
  - model_name: near/small
    litellm_params: {{model: openai/small, api_base: "{team.provider.base_url}", api_key: x}}
general_settings: {{master_key: sk-master}}
"""
    config = folder / "config.yaml"
    config.write_text(CONFIG.replace(":8080", f":{service.port}") + models)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    env = {**team.env, "PROMPTOPS_KEY": team.make_key("--verb", "render")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [PROGRAM, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)],
            env=env,
            stdout=log,
            stderr=log,
        )
        try:
            wait = threading.Event()
            for _ in range(1200):
                try:
                    if ask(port, "GET", "/health/liveliness")[0] == 200:
                        break
                except OSError:
                    wait.wait(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": "Bearer sk-master", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, json.loads(data)


def test_the_proxy_asks_for_the_prompt_and_fills_it(team: Team, proxy: int) -> None:  # noqa: F811
    team.provider.reply(text="Billing.")
    body = {
        "model": "near/small",
        "prompt_id": "triage",
        "prompt_variables": {"question": "Why?"},
        "messages": [],
    }
    status, answer = ask(proxy, "POST", "/v1/chat/completions", body)
    assert status == 200, answer
    assert answer["choices"][0]["message"]["content"] == "Billing."
    sent = team.provider.requests[-1].json
    assert sent["messages"] == [{"role": "user", "content": "Sort this: Why?"}]
    assert (sent["temperature"], sent["max_tokens"]) == (0.2, 50)
