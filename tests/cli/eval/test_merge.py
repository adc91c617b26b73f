"""`promptops eval merge`: shards become the run that they are parts of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.eval.pieces import MODEL, SUITE, as_json, eval_run, suite
from tests.cli.running import refuse, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.story
def test_shards_merge_into_the_verdict_of_a_run_without_them(project: Repo, tmp_path: Path) -> None:
    line = "- {name: s%d, inputs: {question: q%d}, expect: [{contains: %s}]}\n"
    samples = "".join(line % (n, n, "else" if n % 3 else "x") for n in range(7))
    project.write("evals/ask.yaml", suite(samples, thresholds="{overall: 0.7}"))
    project.write("prompts/also.md", (project.path / "prompts/ask.md").read_text())
    project.write("evals/also.yaml", SUITE.replace("prompt: ask", "prompt: also"))
    files = []
    for number in (2, 1, 3):
        file = tmp_path / f"{number}.json"
        result = eval_run(project, "--shard", f"{number}/3", "--output", str(file))
        assert result.exit_code == 0, result.output
        files.append(str(file))
    whole = as_json(project)
    merged = run(project, "eval", "merge", *files, "--format", "json")
    assert merged.exit_code == whole["exit"] == 1
    found = json.loads(merged.stdout)
    for one in (whole, found):
        del one["seconds"]
        for tried in [t for s in one["suites"] for x in s["samples"] for t in x["trials"]]:
            del tried["seconds"]
    assert found == whole
    assert refuse(project, "eval", "merge", *files[:2], code=2) == snapshot("""\
error: missing shards: 3 of 3
 hint: run the missing shards: promptops eval run --shard N/OF --output FILE\
""")
    again = refuse(project, "eval", "merge", files[0], files[0], code=2)
    assert masked(again) == snapshot("""\
error: <folder>/2.json and <folder>/2.json are both shard 2 of 3
 hint: pass each shard once\
""")
    project.write("prompts/ask.md", prompt_text("1.1.0", body="Now {{ question }}", model=MODEL))
    assert eval_run(project, "--shard", "3/3", "--output", files[2]).exit_code == 0
    assert masked(refuse(project, "eval", "merge", *files, code=2)) == snapshot("""\
error: <folder>/1.json and <folder>/3.json ran different states of the prompt of evals/ask.yaml
 hint: run all shards from one commit\
""")
    other = ("--shard", "1/3", "--models", "echo/x", "--output", files[1])
    assert eval_run(project, *other).exit_code == 0
    assert masked(refuse(project, "eval", "merge", *files[1:], files[0], code=2)) == snapshot("""\
error: <folder>/1.json and <folder>/2.json asked different models for evals/also.yaml
 hint: run all shards with the same --models\
""")
    project.write("none.json", "{}")
    refuse(project, "eval", "merge", str(project.path / "none.json"), code=2)
    refuse(project, "eval", "merge", "missing.json", code=2)
