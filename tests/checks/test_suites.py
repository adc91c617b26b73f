"""Eval suites: which files are suites, and what is wrong with them."""

from __future__ import annotations

import pytest

from promptops.checks.suites import SuiteJudge
from promptops.errors import NotAFileError
from tests.prompts import prompt_text, suite_text

PROMPTS = {"a.md": prompt_text().encode(), "team/b.md": prompt_text().encode()}


class Evals:
    """An evals folder in memory; a file without content stands for a link."""

    def __init__(self, files: dict[str, str | None]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        if path not in self._files:
            return None
        text = self._files[path]
        if text is None:
            message = f"{path} is a link"
            raise NotAFileError(message, hint="replace it")
        return text.encode()

    def paths(self) -> list[str]:
        return sorted(self._files)


def judge_of(files: dict[str, str | None]) -> SuiteJudge:
    return SuiteJudge(Evals(files), "evals", PROMPTS.get, ["a", "team/b"])


def test_suites_are_files_at_a_prompts_path_or_with_the_keys_of_one() -> None:
    judge = judge_of(
        {
            "a.yaml": "x: 1",
            "team/b.yml": "",
            "more.yaml": "# tickets\nprompt : a\n",
            "other.yaml": "a_prompt: b\nnested:\n  samples: []\n",
            "a.jsonl": "prompt: a",
            "_shared/all.yaml": "samples: []",
            ".vscode/x.yaml": "prompt: a",
            "linked.yaml": None,
        }
    )
    assert judge.list_suites() == [
        "evals/a.yaml",
        "evals/linked.yaml",
        "evals/more.yaml",
        "evals/team/b.yml",
    ]


def test_a_good_suite_has_no_findings_and_names_what_it_was_read_from() -> None:
    text = suite_text("a").replace("samples:", "samples:\n  - {name: x, from: more.jsonl}")
    judge = judge_of({"a.yaml": text, "more.jsonl": '{"question": "Who?"}'})
    result = judge.judge("evals/a.yaml")
    assert result.findings == ()
    assert list(result.files) == ["/evals/a.yaml", "a.md", "/evals/more.jsonl"]
    assert all(result.files.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The prompt says which inputs there are.
        (
            "prompt: a\nsamples: [{name: x, inputs: {questoin: y}}]",
            "/evals/a.yaml:3:30 invalid-sample the prompt has no input 'questoin'",
        ),
        (
            "prompt: team/bb\nsamples: [{name: x}]",
            "/evals/a.yaml:2:9 mistyped-key there is no prompt 'team/bb'",
        ),
    ],
)
def test_a_suite_is_held_to_its_prompt(text: str, expected: str) -> None:
    judge = judge_of({"a.yaml": f"schema: promptops.suite/v1\n{text}\n"})
    found = [
        f"{one.place} {one.check} {one.message}" for one in judge.judge("evals/a.yaml").findings
    ]
    assert expected in found


def test_a_near_prompt_is_suggested_and_a_suite_elsewhere_is_left_to_another_check() -> None:
    text = suite_text("team/bb")
    judge = judge_of({"a.yaml": text, "elsewhere.yaml": text})
    (finding,) = judge.judge("evals/a.yaml").findings
    assert finding.hint == "did you mean 'team/b'?"
    assert judge.judge("evals/elsewhere.yaml").findings == ()


def test_a_link_is_a_finding_and_a_missing_suite_is_nothing() -> None:
    judge = judge_of({"a.yaml": None})
    (finding,) = judge.judge("evals/a.yaml").findings
    assert (finding.check, finding.path, finding.hint) == (
        "unreadable-file",
        "/evals/a.yaml",
        "replace it",
    )
    assert judge.judge("evals/none.yaml").findings == ()
    assert judge.fingerprint("/evals/none.yaml") == ""


def test_a_prompt_with_invalid_inputs_does_not_keep_its_suite_from_being_read() -> None:
    prompt = prompt_text(inputs="{question: {type: strin}}").encode()
    judge = SuiteJudge(Evals({"a.yaml": suite_text("a")}), "evals", {"a.md": prompt}.get, ["a"])
    assert judge.judge("evals/a.yaml").findings == ()
