"""Drill: does a fallback answer when the first model fails?"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from promptops.errors import PromptopsError
from promptops.files import read_file
from promptops.readiness.facts import ReadinessFacts
from promptops.runtime.stubs.types import read_stubs, sample_inputs, sample_output

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt
    from promptops.readiness.drills.scratch import Drill


def rehearse(drill: Drill) -> str:
    """Run a prompt against a server that fails for its first model and answers for the next.

    Raises:
        PromptopsError: no prompt has fallbacks, or a step fails.
    """
    facts = ReadinessFacts(drill.original)
    prompt = next((one for one in facts.prompts.values() if one.data.get("fallbacks")), None)
    if prompt is None:
        raise PromptopsError(
            "no prompt has fallbacks, so an outage of its provider stops it",
            hint="write the key fallbacks into a prompt's frontmatter",
        )
    asked: list[str] = []
    [stub] = read_stubs([prompt])
    inputs, output = sample_inputs(stub), sample_output(stub)
    answer = "a drill" if output is None else json.dumps(output)
    with _DrillProvider(prompt.model, answer, asked) as provider:
        _point_models(drill, prompt, provider.url)
        with drill.step(f"{prompt.name}: {prompt.model} fails, and another model answers"):
            said = drill.promptops(
                "run",
                f"{prompt.name}@working",
                *_give_inputs(inputs),
                "--format",
                "json",
                variables={"PROMPTOPS_LOG": str(drill.folder / "runs.db")},
            )
    answered = asked[-1] if asked else ""
    if _bare(prompt.model) not in asked or answered not in map(_bare, prompt.data["fallbacks"]):
        raise PromptopsError(f"the drill failed: {said.strip()[:200]}")
    fallbacks = {_bare(one): one for one in prompt.data["fallbacks"]}
    return f"{prompt.name} was answered by {fallbacks[answered]} while {prompt.model} failed"


def _bare(model: str) -> str:
    """Return the name of a model as one of the drill's server."""
    return model.replace("/", ".")


class _DrillProvider:
    """A server on loopback that speaks OpenAI's protocol, and fails for one model."""

    def __init__(self, failing: str, answer: str, asked: list[str]) -> None:
        class DrillHandler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", "0"))
                model = str(json.loads(self.rfile.read(size)).get("model"))
                asked.append(model)
                fails = model == _bare(failing)
                self._answer(503, {"error": {"message": "a drill"}}) if fails else self._answer(
                    200, _completion(model, answer)
                )

            def _answer(self, status: int, value: dict[str, Any]) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), DrillHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _completion(model: str, answer: str) -> dict[str, Any]:
    return {
        "id": "drill",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": answer},
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _point_models(drill: Drill, prompt: Prompt, url: str) -> None:
    """Let the copy of a prompt name models of the drill's server, in the same order.

    Providers speak different protocols; what is rehearsed is what comes after a failure.
    """
    folder = drill.original.config.prompts
    tables = f'[models.drill]\nbase_url = "{url}"\ninput_price = 1\noutput_price = 1\n'
    config = f"prompts = {json.dumps(folder)}\n{tables}"
    (drill.clone / "promptops.toml").write_text(config, "utf-8")
    file = drill.clone / folder / prompt.path
    head, mark, body = read_file(file).decode().partition("\n---\n")
    for model in (prompt.model, *prompt.data["fallbacks"]):
        head = head.replace(model, f"drill/{_bare(model)}")
    file.write_text(f"{head}{mark}{body}", "utf-8")


def _give_inputs(inputs: dict[str, Any]) -> list[str]:
    """Return inputs as options of `run`."""
    return [
        word
        for name, value in inputs.items()
        for word in ("--var", f"{name}={value if isinstance(value, str) else json.dumps(value)}")
    ]
