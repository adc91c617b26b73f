"""A repository with a live prompt, a suite of eight samples and a scripted model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.running import accept
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

MODEL = "scripted/answers.yaml"
GOOD = "rules:\n- {answer: billing}\n"
BAD = "rules:\n- {answer: other}\n"
DOWN = "rules:\n- {fault: {status: 500}}\n"
CONFIG = 'environments = ["production"]\ndefault_environment = "production"\n'
SAMPLES = 8
SUITE = "schema: promptops.suite/v1\nprompt: ask\nsamples:\n" + "".join(
    f"- name: sample {number}\n"
    f"  inputs: {{question: Number {number}?}}\n"
    "  expect: [{equals: billing}]\n"
    for number in range(1, SAMPLES + 1)
)


def make_project(repo: Repo, remote: Path | None = None, answers: str = GOOD) -> Repo:
    """Write, release and promote the prompt; return the remote if there is one."""
    repo.commit(
        {
            "prompts/ask.md": prompt_text(body="{{ question }}", model=MODEL, max_tokens="50"),
            "evals/ask.yaml": SUITE,
            "answers.yaml": answers,
            "promptops.toml": CONFIG,
        },
        "Begin",
    )
    bare = None if remote is None else repo.publish(remote)
    accept(repo, "release", "ask", *(["--push"] if remote is not None else []))
    accept(repo, "promote", "ask", "--to", "production", "--reason", "launch")
    return bare or repo


def answer_with(repo: Repo, text: str, served: str | None = None) -> None:
    """Let the scripted model answer otherwise from now on."""
    if served is not None:
        text = text.replace("{answer: ", f"{{model: {served}, answer: ")
    repo.write("answers.yaml", text)
