"""The recipes of docs/telemetry.md, with the real packages, in a process of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.recipes.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.repositories import Repo

PAGE = (Path(__file__).parents[2] / "docs/telemetry.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w[\w ]*)\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL))
PROMPT = """---
version: 1.2.3
description: d
author: jane@example.com
model: scripted/answers.yaml
inputs: {ticket: string}
---
{{ ticket }}
"""
RUN = """
import promptops
with promptops.open() as registry:
    registry.run("support/triage@working", {"ticket": "Where is it?"})
"""


def need(module: str) -> None:
    try:
        is_there = find_spec(module) is not None
    except ModuleNotFoundError:
        is_there = False
    if not is_there:
        if os.environ.get("PROMPTOPS_REQUIRE_RECIPES"):
            pytest.fail(f"{module} is not installed")
        pytest.skip(f"{module} is not installed: nox -s recipes")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    need("opentelemetry.exporter.otlp.proto.http")
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def team(repo: Repo) -> Repo:
    repo.write("prompts/support/triage.md", PROMPT)
    repo.write("answers.yaml", "rules:\n  - {answer: fine, model: served-1}\n")
    repo.write("promptops.toml", "[telemetry]\notel = true\n")
    repo.commit()
    return repo


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], re.DOTALL)


def read_exports(script: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return what a shell sets when it runs a block."""
    done = subprocess.run(
        ["sh", "-c", f"{script}\nenv"],
        env={**known, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in lines.items() if name.startswith("OTEL_")}


def execute(team: Repo, code: str, settings: Mapping[str, str]) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    env.pop("PROMPTOPS_LOG", None)
    top = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=team.path,
        env={**env, "PYTHONPATH": top, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_each_recipe_is_tried() -> None:
    tried = {"Sentry", "Datadog", "New Relic", "LiteLLM Proxy", "Portkey", "Helicone"}
    assert set(SECTIONS) == tried


@pytest.mark.story
def test_sentry(team: Repo, receiver: Receiver) -> None:
    need("sentry_sdk.integrations.otlp")
    (recipe,) = blocks("Sentry", "python")
    code = f"""
text = "Where is it?"
{recipe.replace('"support/triage"', '"support/triage@working"')}
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("request"):
    registry.run("support/triage@working", {{"ticket": text}})
    sentry_sdk.capture_exception(ValueError("of the application"))
registry.close()
trace.get_tracer_provider().shutdown()
sentry_sdk.flush(10)
"""
    execute(team, code, {"SENTRY_DSN": f"http://public@127.0.0.1:{receiver.port}/42"})

    path = "/api/42/integration/otlp/v1/traces/"
    spans = receiver.spans(path)
    assert spans["run support/triage"]["gen_ai.prompt.name"] == "support/triage"
    assert spans["run support/triage"]["promptops.prompt.version"] == "1.2.3"
    assert spans["chat scripted/answers.yaml"]["gen_ai.response.model"] == "served-1"
    sent = next(one for one in receiver.taken if one.path == path)
    assert "sentry_key=public" in sent.headers["x-sentry-auth"]
    events = [one for one in receiver.taken if one.path.endswith("/envelope/")]
    documents = [json.loads(line) for one in events for line in one.body.splitlines() if line]
    (event,) = [one for one in documents if "exception" in one]
    assert event["contexts"]["trace"]["trace_id"] == spans["request"]["trace_id"]


@pytest.mark.story
def test_datadog_without_an_agent(team: Repo, receiver: Receiver) -> None:
    known = {
        "DATADOG_TRACES": f"http://127.0.0.1:{receiver.port}/v1/traces",
        "DD_API_KEY": "dd-secret",
    }
    settings = read_exports(blocks("Datadog", "sh")[0], known)

    execute(team, RUN, settings)

    spans = receiver.spans("/v1/traces")
    assert spans["chat scripted/answers.yaml"]["gen_ai.operation.name"] == "chat"
    assert spans["chat scripted/answers.yaml"]["gen_ai.provider.name"] == "scripted"
    assert {one.path for one in receiver.taken} == {"/v1/traces"}  # no metrics
    headers = receiver.taken[0].headers
    assert (headers["dd-api-key"], headers["dd-otlp-source"]) == ("dd-secret", "llmobs")
    assert headers["content-type"] == "application/x-protobuf"


@pytest.mark.story
def test_datadog_with_an_agent(team: Repo, receiver: Receiver) -> None:
    script = blocks("Datadog", "sh")[1].replace(
        "http://datadog-agent:4318", f"http://127.0.0.1:{receiver.port}"
    )

    execute(team, RUN, read_exports(script, {}))

    assert "run support/triage" in receiver.spans("/v1/traces")
    metrics = receiver.metrics("/v1/metrics")
    assert metrics["gen_ai.client.token.usage"] == "delta"
    assert metrics["promptops.runs"] == "delta"


@pytest.mark.story
def test_new_relic(team: Repo, receiver: Receiver) -> None:
    script = blocks("New Relic", "sh")[0].replace(
        "https://otlp.nr-data.net", f"http://127.0.0.1:{receiver.port}"
    )

    execute(team, RUN, read_exports(script, {"NEW_RELIC_LICENSE_KEY": "nr-secret"}))

    assert "run support/triage" in receiver.spans("/v1/traces")
    assert receiver.metrics("/v1/metrics")["gen_ai.client.operation.duration"] == "delta"
    assert {one.headers["api-key"] for one in receiver.taken} == {"nr-secret"}
    assert {one.headers["content-encoding"] for one in receiver.taken} == {"gzip"}
