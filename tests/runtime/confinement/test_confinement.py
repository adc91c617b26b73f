"""Unapproved text renders elsewhere: the same messages, and an error where a limit is reached."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import InputError, PromptopsError, TemplateError
from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import load_prompt
from promptops.runtime.confinement import confinement
from promptops.runtime.resolution import ResolvedPrompt
from tests.cli.running import run
from tests.prompts import prompt_text, suite_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.prompt.prompt import Prompt
    from tests.released import Press

CASES: dict[str, dict[str, Any]] = {
    "{{ x }} and {{ x | tojson }}": {"x": ["é\ud83d\ude00", 1.5, None, 2**80, {"b": 1, "a": 2}]},
    "{% system %}s{% endsystem %}{% user %}{{ x }}{% enduser %}": {"x": "y"},
    "{% user %}a{% enduser %}{% history x %}": {"x": [{"role": "user", "content": "b"}]},
    "{% include '_a.md' %}{{ x }}": {"x": 1},
    "{{ x.absent }}": {"x": {}},
    "\n\n  {{ x + 1 }}": {"x": "a"},
    "{% if x %}{% endif %}": {"x": 1},
    "{% history x %}": {"x": [{"role": "system", "content": "b"}]},
}


@pytest.fixture(scope="module", autouse=True)
def _end() -> Iterator[None]:
    """End the process after the last test; starting one takes longer than most tests."""
    yield
    confinement._WORKER.close()


@pytest.fixture
def no_process() -> None:
    """Begin without a process."""
    confinement._WORKER.close()


@pytest.fixture
def stuck(no_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that never answers, and no patience."""
    program = tmp_path / "stuck.py"
    program.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(confinement, "_PROGRAM", program)
    monkeypatch.setattr(confinement, "MAX_WAIT_SECONDS", 0.0)


def load(body: str, **keys: str) -> Prompt:
    files = {"a.md": prompt_text(body=body, **keys).encode(), "_a.md": b"A"}
    closure = load_closure("a", files)
    assert closure is not None
    return load_prompt(closure)


def find(body: str = "Answer {{ question }}{# note #}", **keys: str) -> ResolvedPrompt:
    return confinement.confine(ResolvedPrompt("a@working", load(body, **keys), None, "here"))


def told(render: Any, values: dict[str, Any]) -> object:
    try:
        return render(values)
    except PromptopsError as error:
        place = [getattr(error, name, None) for name in ("path", "line", "column")]
        return type(error), error.message, error.hint, place


@pytest.mark.slow
@pytest.mark.parametrize("body", CASES)
def test_the_process_says_what_this_one_would(body: str) -> None:
    confined, here = find(body, inputs="{x: {}}"), load(body, inputs="{x: {}}")
    assert told(confined.render, CASES[body]) == told(here.render, CASES[body])


@pytest.mark.story
@pytest.mark.usefixtures("no_process")
def test_a_rendering_that_takes_too_much_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    monkeypatch.setattr(confinement, "MAX_BYTES", 1)
    found = find("{{ question }}{% set a = question * 9000000 %}")
    with pytest.raises(TemplateError, match=r"too much memory|rendering was stopped"):
        found.render(question="x")
    monkeypatch.undo()
    confinement._WORKER.close()
    assert found.render(question="x") == [{"role": "user", "content": "x"}]


@pytest.mark.slow
@pytest.mark.usefixtures("stuck")
def test_a_rendering_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(TemplateError, match="rendering was stopped: it took more than 10 s"):
        find().render(question="x")


@pytest.mark.usefixtures("no_process")
def test_a_process_that_cannot_run_says_its_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "broken.py"
    program.write_text("raise SystemExit(3)\n")
    monkeypatch.setattr(confinement, "_PROGRAM", program)
    with pytest.raises(TemplateError, match=r"\(status 3\)"):
        find().render(question="x")


@pytest.mark.usefixtures("no_process")
def test_a_frozen_application_renders_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "_IS_FROZEN", True)
    confinement.warm_up()
    assert find().render(question="x")[0]["content"] == "Answer x"
    assert confinement._WORKER._process is None


@pytest.mark.slow
@pytest.mark.usefixtures("no_process")
def test_one_process_serves_many_renderings_and_knows_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROVIDER_KEY", "secret")
    found = find()
    found.render(question="x")
    process = confinement._WORKER._process
    assert process is not None
    assert found.render(question="y")[0]["content"] == "Answer y"
    assert confinement._WORKER._process is process
    if sys.platform == "linux":
        assert b"secret" not in Path(f"/proc/{process.pid}/environ").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_a_process_of_its_own() -> None:
    found = find()
    found.render(question="x")
    child = os.fork()
    if child == 0:
        said = found.render(question="y")[0]["content"]
        confinement._WORKER.close()
        os._exit(said != "Answer y")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert found.render(question="z")[0]["content"] == "Answer z"


def test_what_json_cannot_hold_is_a_fault_of_the_input() -> None:
    with pytest.raises(InputError, match="cannot be written as JSON"):
        find("{{ x }}", inputs="{x: {}}").render(x=10**5000)


@pytest.mark.slow
@pytest.mark.usefixtures("stuck")
def test_commands_render_the_work_tree_elsewhere_and_releases_here(press: Press) -> None:
    repo = press.repo
    path = repo.path / "prompts/support/triage.md"
    path.write_text(f"{path.read_text()}{{# a template #}}\n")
    refused = run(repo, "render", "support/triage", "--var", "question=x")
    assert (refused.exit_code, refused.stderr) == (
        2,
        snapshot("""\
error: rendering was stopped: it took more than 10 s or 1,024 MB
 hint: shorten the loops, or prepare the text before rendering
"""),
    )
    for ref in ("support/triage@production", "support/triage@1.0.0"):
        assert run(repo, "render", ref, "--var", "question=x").exit_code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize("value", ["x", 7], ids=["text", "number"])
def test_text_and_names_of_strings_need_no_process(value: object) -> None:
    prompt = find("Answer {{ question }}", inputs="{question: {}}").prompt
    prompt.render_ahead([{"question": value}, {"question": "y"}])
    assert prompt.render({"question": value}) == [{"role": "user", "content": f"Answer {value}"}]
    assert (confinement._WORKER._process is None) == isinstance(value, str)


@pytest.mark.slow
@pytest.mark.usefixtures("no_process")
def test_a_long_text_that_occurs_often_is_not_joined_here() -> None:
    prompt = find("{{ question }}" * 900).prompt
    with pytest.raises(TemplateError, match="more than 10,000,000 characters"):
        prompt.render({"question": "x" * 100_000})
    assert confinement._WORKER._process is not None


@pytest.mark.slow
def test_renderings_ahead_are_what_each_alone_would_be() -> None:
    prompt = find("Answer {{ question }}{{ 1 // (0 if question == 'b' else 1) }}").prompt
    many = [{"question": "a"}, {"question": "b"}, {}, {"question": "c"}]
    prompt.render_ahead(many)
    process = confinement._WORKER._process
    assert process is not None
    process.kill()
    process.wait()
    # What was rendered ahead needs no process; changing it changes nothing.
    for _ in range(2):
        (message,) = prompt.render({"question": "c"})
        assert message["content"] == "Answer c1"
        message["content"] = "other"
    with pytest.raises(TemplateError):
        prompt.render({"question": "b"})
    with pytest.raises(InputError):
        prompt.render({})


@pytest.mark.slow
@pytest.mark.usefixtures("stuck")
def test_renderings_ahead_that_take_too_much_are_left_for_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prompt = find().prompt
    prompt.render_ahead([{"question": "a"}])
    monkeypatch.undo()
    assert prompt.render({"question": "a"})[0]["content"] == "Answer a"


def build_changed(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text(), "evals/a.yaml": suite_text("a")})
    repo.commit({"prompts/a.md": prompt_text("1.0.1", "{% if question %}Reply{% endif %}")})


@pytest.fixture
def changed(tmp_path: Path) -> Repo:
    """A prompt of 1.0.0 that became 1.0.1."""
    copy_template(build_changed, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("validate", "--no-cache"),
        ("validate", "--staged"),
        ("gate", "--base", "HEAD~1", "--head", "HEAD"),
        ("diff", "a"),
        ("show", "a"),
        ("release", "a", "--dry-run"),
        ("eval", "plan", "a"),
        ("render", "a", "--var", "question=x"),
    ],
)
def test_no_command_renders_a_change_in_its_own_process(
    changed: Repo, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("rendered here")

    monkeypatch.setattr("promptops.prompt.template.program.Program.render", refuse)
    done = run(changed, *words)
    assert "rendered here" not in done.output
    assert done.exit_code in {0, 1}, done.output
