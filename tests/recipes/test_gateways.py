"""Gateways between a prompt and its model, as docs/telemetry.md has them.

LiteLLM Proxy (PROMPTOPS_LITELLM: the program) and Portkey's gateway (PROMPTOPS_PORTKEY: its
start-server.js) are the real programs; Helicone is a service, and a local server stands for it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import promptops
from tests.recipes.test_telemetry import blocks
from tests.runtime.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.run.result import Run
    from tests.repositories import Repo

LITELLM = os.environ.get("PROMPTOPS_LITELLM", "")
PORTKEY = os.environ.get("PROMPTOPS_PORTKEY", "")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


def ask(repo: Repo, model: str, table: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    repo.write(
        "prompts/support/triage.md",
        f"---\nversion: 1.0.0\ndescription: d\nauthor: jane@example.com\nmodel: {model}\n"
        "max_tokens: 50\ninputs: {ticket: string}\n---\n{{ ticket }}\n",
    )
    repo.write("promptops.toml", table)
    with promptops.open(repo.path) as registry:
        return registry.run("support/triage@working", {"ticket": "Where is it?"})


@contextmanager
def running(args: list[str], port: int, log: Path, seconds: int = 120) -> Iterator[None]:
    """Run a server until it takes connections, and stop it in the end."""
    with log.open("w") as stream:
        process = subprocess.Popen(args, stdout=stream, stderr=stream, env=dict(os.environ))
        wait = threading.Event()
        try:
            for _ in range(seconds * 10):
                if process.poll() is not None:
                    pytest.fail(log.read_text())
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    wait.wait(0.1)
            yield
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def require(name: str, value: str) -> None:
    if not value:
        if os.environ.get("PROMPTOPS_REQUIRE_RECIPES"):
            pytest.fail(f"{name} is not set")
        pytest.skip(f"{name} is not set: nox -s recipes")


def test_litellm_proxy(
    repo: Repo, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("PROMPTOPS_LITELLM", LITELLM)
    port = free_port()
    config = tmp_path / "config.yaml"
    params = f'{{model: openai/small, api_base: "{provider.base_url}", api_key: x}}'
    config.write_text(
        f"model_list:\n  - model_name: support-small\n    litellm_params: {params}\n"
        "general_settings: {master_key: sk-master}\n"
    )
    (table,) = blocks("LiteLLM Proxy", "toml")
    table = table.replace("https://litellm.example.com", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("LITELLM_KEY", "sk-master")
    provider.always(text="Billing.")
    args = [LITELLM, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with running(args, port, tmp_path / "log"):
        run = ask(repo, "litellm/support-small", table, monkeypatch)
        monkeypatch.setenv("LITELLM_KEY", "sk-wrong")
        with pytest.raises(promptops.PromptopsError, match=r"40[01]"):
            ask(repo, "litellm/support-small", table, monkeypatch)

    assert run.text == "Billing."
    assert (run.usage.input_tokens, run.usage.output_tokens) == (11, 7)
    # The proxy also looks which models there are.
    asked = [one.json for one in provider.requests if one.path == "/v1/chat/completions"]
    assert [one["model"] for one in asked] == ["small"]


def test_portkey(
    repo: Repo, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("PROMPTOPS_PORTKEY", PORTKEY)
    node = shutil.which("node") or "node"
    port = free_port()
    (table,) = blocks("Portkey", "toml")
    # The gateway asks the test's provider in place of OpenAI.
    table = table.replace(":8787", f":{port}")
    host = f'x-portkey-custom-host = "{provider.base_url}", '
    table = re.sub(r"headers = \{", f"headers = {{{host}", table)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-provider")
    provider.always(text="Billing.")
    args = [node, PORTKEY, "--headless", f"--port={port}"]
    with running(args, port, tmp_path / "log"):
        run = ask(repo, "portkey/gpt-4o-mini", table, monkeypatch)
        provider.always(status=429, headers={"Retry-After": "0"})
        with pytest.raises(promptops.PromptopsError, match="429"):
            ask(repo, "portkey/gpt-4o-mini", table, monkeypatch)

    assert run.text == "Billing."
    assert (run.usage.input_tokens, run.usage.output_tokens) == (11, 7)
    sent = provider.requests[0]
    assert sent.path == "/v1/chat/completions"
    assert sent.json["model"] == "gpt-4o-mini"
    assert sent.headers["authorization"] == "Bearer sk-provider"


def test_helicone(repo: Repo, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    (table,) = blocks("Helicone", "toml")
    table = table.replace("https://oai.helicone.ai/v1", provider.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-provider")
    monkeypatch.setenv("HELICONE_API_KEY", "sk-helicone")
    provider.reply(text="Billing.")

    run = ask(repo, "helicone/gpt-4o-mini", table, monkeypatch)

    assert run.text == "Billing."
    (sent,) = provider.requests
    assert sent.headers["authorization"] == "Bearer sk-provider"
    assert sent.headers["helicone-auth"] == "Bearer sk-helicone"
    assert sent.headers["helicone-property-app"] == "support"
    assert sent.json["model"] == "gpt-4o-mini"
