"""Evidence of evals, from the run through the gate into a release that `trace` checks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.story


NAME = "ask"
MODEL = "scripted/answers.yaml"
ANSWERS = """
rules:
  - when: {role: system, text: badly}
    answer: Rome
    usage: {input: 10, output: 5}
  - answer: Paris
    usage: {input: 10, output: 5}
"""
SUITE = "schema: promptops.suite/v1\nprompt: ask\nsamples:\n" + "".join(
    f"- name: capital {number}\n"
    f"  inputs: {{question: 'What is the capital of France, {number}?'}}\n"
    "  expect: [{equals: Paris}]\n"
    for number in range(8)
)
PROMPT = f"prompts/{NAME}.md"


def text(version: str, how: str) -> str:
    body = "{% system %}Answer " + how + ".{% endsystem %}{% user %}{{ question }}{% enduser %}"
    return prompt_text(version, body, model=MODEL, max_tokens="50")


@pytest.fixture
def project(tmp_path: Path) -> Repo:
    """A repository whose gate asks for evidence, with a release, and a remote."""
    copy_template(build_project, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_project(folder: Path) -> None:
    repo = Repo.init(folder / "repo")
    repo.commit(
        {
            PROMPT: text("1.0.0", "well"),
            "evals/ask.yaml": SUITE,
            "answers.yaml": ANSWERS,
            "promptops.toml": "[gate]\nevals = 'block'\n",
            "CODEOWNERS": "* @nobody\n",
        },
        "Begin",
    )
    repo.publish(folder / "remote.git")
    accept(repo, "release", NAME, "--push")


def propose(project: Repo, version: str, how: str) -> None:
    project.git("switch", "--quiet", "-C", "change", "main")
    project.commit({PROMPT: text(version, how)}, "Change")


def flat(said: str) -> str:
    """Lines that were wrapped for the terminal, as one."""
    return " ".join(said.split())


def merge(project: Repo) -> None:
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "change")
    project.git("push", "--quiet", "origin", "main")


def blob_of(project: Repo, version: str) -> str:
    message = project.git("cat-file", "tag", f"prompts/{NAME}@{version}")
    (line,) = [one for one in message.splitlines() if one.startswith("Prompt-Evals: ")]
    _, suite, oid, word = line.split(" ")
    assert (suite, word) == ("evals/ask.yaml", "passed")
    return oid


def test_a_worse_change_does_not_merge_and_a_good_one_carries_evidence(
    project: Repo, tmp_path: Path
) -> None:
    evidence = str(tmp_path / "evals.json")
    propose(project, "1.1.0", "badly")
    worse = run(project, "eval", "run", "--evidence", evidence)
    assert worse.exit_code == 1
    assert "worse" in worse.stdout
    said = run(project, "gate", "--evidence", evidence, "--format", "json")
    assert said.exit_code == 1
    (found,) = [
        one for one in json.loads(said.stdout)["findings"] if one["check"] == "missing-evidence"
    ]
    assert masked(found["message"]) == snapshot("ask 1.1.0: evals/ask.yaml did not pass")

    propose(project, "1.1.0", "very well")
    accept(project, "eval", "run", "--evidence", evidence)
    verdict = str(tmp_path / "verdict.json")
    accept(project, "gate", "--evidence", evidence, "--report", f"json={verdict}")
    comment = run(project, "gate", "--evidence", evidence, "--format", "markdown").stdout
    assert "- 🧪 Evals of `ask`: `evals/ask.yaml passed, 8 samples" in comment
    assert "evals: evals/ask.yaml passed" in run(project, "gate", "--evidence", evidence).stdout
    merge(project)
    accept(project, "release", NAME, "--push", "--verdict", verdict)

    oid = blob_of(project, "1.1.0")
    assert project.git("ls-remote", "origin", f"refs/promptops/evals/{oid}").startswith(oid)
    traced = flat(accept(project, "trace", f"{NAME}@1.1.0"))
    assert masked(traced) == snapshot(
        "ask@1.1.0 <digest> ok digest <digest>, computed again from 1 file at commit <id> absent deployments never deployed ok release 2026-01-01 00:00 UTC by Jane Doe <jane@example.com>, not signed tag prompts/ask@1.1.0, object <id> ok commit <id> by Jane Doe, merged into origin/main Change ok authors Jane Doe, in 1 commit since 1.0.0 <id> 2026-01-01 Jane Doe: Change absent approvals none recorded, except the verdict of the gate Prompt-Gate: <id> <id> <digest> ok evidence 1 of 1 suite passed, for exactly this content evals/ask.yaml passed, 8 samples, 16 trials, answers scripted, 0.0000 USD: scripted/answers.yaml 8 of 8, no difference found (+0.0 points) the chain is intact, as far as it was recorded (not: deployments, approvals)"
    )
    assert "all consistent" in run(project, "verify").output
    # The same clone remembers its verdicts: no file is needed.
    project.git("tag", "-d", f"prompts/{NAME}@1.1.0")
    accept(project, "release", NAME, "--local")
    assert blob_of(project, "1.1.0") == oid


def test_another_clone_is_told_how_to_get_it(project: Repo, tmp_path: Path) -> None:
    evidence = str(tmp_path / "evals.json")
    propose(project, "1.1.0", "very well")
    accept(project, "eval", "run", "--evidence", evidence)
    accept(project, "gate", "--evidence", evidence)
    merge(project)
    accept(project, "release", NAME, "--push")
    other = project.clone(tmp_path / "other", "--no-local")

    traced = run(other, "trace", f"{NAME}@1.1.0")
    assert "is not in this clone" in traced.output
    oid = blob_of(other, "1.1.0")
    ref = f"refs/promptops/evals/{oid}"
    assert f"git fetch origin {ref}:{ref} gets it" in flat(traced.output)
    other.git("fetch", "--quiet", "origin", f"{ref}:{ref}")
    assert masked(accept(other, "trace", f"{NAME}@1.1.0")) == snapshot("""\
ask@1.1.0
<digest>
ok        digest      <digest>, computed again from 1 file at commit
                      <id>
absent    deployments never deployed
ok        release     2026-01-01 00:00 UTC by Jane Doe <jane@example.com>, not
                      signed
                      tag prompts/ask@1.1.0, object <id>
ok        commit      <id> by Jane Doe, merged into origin/main
                      Change
ok        authors     Jane Doe, in 1 commit since 1.0.0
                      <id> 2026-01-01 Jane Doe: Change
absent    approvals   none recorded, except the verdict of the gate
                      Prompt-Gate: <id>
                      <id>
                      <digest>
ok        evidence    1 of 1 suite passed, for exactly this content
                      evals/ask.yaml passed, 8 samples, 16 trials, answers
                      scripted, 0.0000 USD: scripted/answers.yaml 8 of 8, no
                      difference found (+0.0 points)

the chain is intact, as far as it was recorded (not: deployments, approvals)
""")


def test_evidence_of_another_release_is_found_out(project: Repo, tmp_path: Path) -> None:
    evidence = str(tmp_path / "evals.json")
    propose(project, "1.1.0", "very well")
    accept(project, "eval", "run", "--evidence", evidence)
    accept(project, "gate", "--evidence", evidence)
    merge(project)
    accept(project, "release", NAME, "--push")
    oid = blob_of(project, "1.1.0")
    tag = f"prompts/{NAME}@1.0.0"
    message = project.git("for-each-ref", "--format=%(contents)", f"refs/tags/{tag}").rstrip()
    project.git(
        "tag", "-f", "-a", "-m", f"{message}\nPrompt-Evals: evals/ask.yaml {oid} passed", tag,
        f"{tag}^{{}}",
    )  # fmt: skip
    traced = run(project, "trace", f"{NAME}@1.0.0")
    assert traced.exit_code == 1
    assert masked(traced.output) == snapshot("""\
ask@1.0.0
<digest>
ok        digest      <digest>, computed again from 1 file at commit
                      <id>
absent    deployments never deployed
ok        release     2026-01-01 00:00 UTC by Jane Doe <jane@example.com>, not
                      signed
                      tag prompts/ask@1.0.0, object <id>
ok        commit      <id> by Jane Doe, merged into origin/main
                      Begin
ok        authors     Jane Doe, in 1 commit
                      <id> 2026-01-01 Jane Doe: Begin
absent    approvals   none recorded
broken    evidence    evidence <id> is about ask with
                      <digest>, and the release is ask with
                      <digest>
                      hint: the tag was written by hand; do not trust it

the chain breaks at evidence: evidence <id> is about ask with
<digest>, and the release is ask with <digest>
as of less than <age>; origin was not asked
""")
    verified = run(project, "verify")
    assert verified.exit_code == 1
    assert "broken-evidence" in verified.output


@pytest.mark.parametrize("option", ["--sample=capital 1", "--stand-in=echo/x"])
def test_a_part_of_a_suite_is_no_evidence(project: Repo, tmp_path: Path, option: str) -> None:
    said = refuse(project, "eval", "run", option, "--evidence", str(tmp_path / "e.json"), code=2)
    assert "--evidence needs whole suites" in said
    assert not (tmp_path / "e.json").exists()


def test_a_shard_is_no_evidence(project: Repo, tmp_path: Path) -> None:
    file = tmp_path / "e.json"
    said = run(project, "eval", "run", "--shard", "1/2", "--evidence", str(file))
    assert masked(said.stderr) == snapshot("""\
1 suite, 4 samples (shard 1 of 2), 4 trials: 4 calls, 604 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
warning: an incomplete run is not evidence: it is shard 1 of 2
   hint: continue it with eval run --resume, or merge shards with eval merge
this is shard 1 of 2: merge the shards with promptops eval merge for the verdict
""")
    assert not file.exists()


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("'ask'.evals = 'off'", 0),
        ("'a*'.evals = 'warn'", 0),
        ("'other'.evals = 'off'", 1),
        ("'*' = {evals = 'off'}\n'ask' = {evals = 'block'}", 1),
    ],
)
def test_each_path_may_need_something_else(project: Repo, rules: str, code: int) -> None:
    project.commit({"promptops.toml": f"[gate]\nevals = 'block'\n[gate.eval]\n{rules}\n"}, "Rules")
    project.git("push", "--quiet", "origin", "main")
    propose(project, "1.1.0", "very well")
    assert run(project, "gate").exit_code == code


@pytest.mark.parametrize("mode", ["--live", "--record", "--replay"])
def test_where_answers_have_to_be_live_those_of_a_cassette_or_script_are_no_evidence(
    project: Repo, tmp_path: Path, mode: str
) -> None:
    project.commit({"promptops.toml": "[gate.eval.'*']\nevals = 'block'\nlive = true\n"}, "Rules")
    project.git("push", "--quiet", "origin", "main")
    propose(project, "1.1.0", "very well")
    file = str(tmp_path / "e.json")
    accept(project, "eval", "run", "--record")
    accept(project, "eval", "run", mode, "--evidence", file)
    said = run(project, "gate", "--evidence", file)
    assert said.exit_code == 1
    assert "evals/ask.yaml passed with recorded or scripted answers only" in said.stdout


def test_evidence_of_another_state_of_the_suite_is_none(project: Repo, tmp_path: Path) -> None:
    project.commit({"promptops.toml": "[gate]\nevals = 'block'\n"}, "Rules")
    project.git("push", "--quiet", "origin", "main")
    propose(project, "1.1.0", "very well")
    file = tmp_path / "e.json"
    accept(project, "eval", "run", "--evidence", str(file))
    accept(project, "gate", "--evidence", str(file))
    document = json.loads(file.read_text())
    document["results"][0]["suite_digest"] = f"sha256:{'0' * 64}"
    file.write_text(json.dumps(document))
    said = run(project, "gate", "--evidence", str(file))
    assert said.exit_code == 1
    assert masked(said.stdout) == snapshot("""\
may not merge: passed evals of 1 prompt missing
<id> into main

CODEOWNERS: warning: approvals were not checked [unchecked-approval]
  hint: run the gate in the forge's CI, or pass --approvals signed or file

prompts/ask.md: error: ask 1.1.0: evals/ask.yaml passed in another state of the suite [missing-evidence]
  hint: run its evals on this content (promptops eval run --evidence FILE) and pass --evidence FILE

ask  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  about 3 -> 5 tokens without inputs; 1,000 runs $0.00
  approval of @nobody (CODEOWNERS:1): not checked
  evals: evals/ask.yaml passed, 8 samples, 16 trials, answers scripted, 0.0000 USD: scripted/answers.yaml 8 of 8, no difference found (+0.0 points)

ask, message 1 (system) changed
  @@ line 1 @@
  - Answer well.
  + Answer very well.
""")


def test_evidence_names_the_models_that_answered(project: Repo, tmp_path: Path) -> None:
    file = tmp_path / "e.json"
    propose(project, "1.1.0", "very well")
    accept(project, "eval", "run", "--evidence", str(file))
    (result,) = json.loads(file.read_text())["results"]
    (model,) = result["models"]
    assert (model["model"], model["served"]) == (MODEL, [MODEL])
