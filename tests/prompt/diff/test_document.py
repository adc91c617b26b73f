"""Comparisons for programs."""

from __future__ import annotations

import json

import pytest

from promptops.prompt.diff import diff_prompts, diff_to_json
from tests.prompt.diff.pieces import make_prompt


def test_json_says_everything_and_no_more() -> None:
    before = make_prompt("Be kind.\n", "inputs: {}\n")
    after = make_prompt("Be brief.\n", "inputs: {}\ntags: [a]\n", version="1.0.1")
    assert diff_to_json(diff_prompts(before, after)) == {
        "schema": "promptops.diff/v1",
        "level": "minor",
        "prompts": [
            {
                "name": "triage",
                "status": "changed",
                "class": "behaviour",
                "level": "minor",
                "before": {"version": "1.0.0", "digest": before.digest},
                "after": {"version": "1.0.1", "digest": after.digest},
                "differences": [
                    {
                        "class": "behaviour",
                        "level": "minor",
                        "subject": "message 1 (user)",
                        "reason": "the model reads another text",
                        "before": None,
                        "after": None,
                        "cause": None,
                    },
                    {
                        "class": "documentation",
                        "level": "patch",
                        "subject": "tags",
                        "reason": "they are for finding the prompt",
                        "before": None,
                        "after": ["a"],
                        "cause": None,
                    },
                ],
                "messages": [
                    {
                        "status": "changed",
                        "role": "user",
                        "previous_role": None,
                        "number": 1,
                        "files": ["triage.md"],
                        "cause": None,
                        "hunks": [
                            {
                                "files": ["triage.md"],
                                "lines": [
                                    {
                                        "kind": "removed",
                                        "before": 1,
                                        "after": None,
                                        "segments": [
                                            {"kind": "equal", "text": "Be "},
                                            {"kind": "delete", "text": "kind"},
                                            {"kind": "equal", "text": "."},
                                        ],
                                    },
                                    {
                                        "kind": "added",
                                        "before": None,
                                        "after": 1,
                                        "segments": [
                                            {"kind": "equal", "text": "Be "},
                                            {"kind": "insert", "text": "brief"},
                                            {"kind": "equal", "text": "."},
                                        ],
                                    },
                                ],
                            }
                        ],
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("diff", "status", "level"),
    [
        (diff_prompts(None, make_prompt()), "added", "none"),
        (diff_prompts(make_prompt(), None), "removed", "major"),
        (diff_prompts(make_prompt(), make_prompt(version="1.1.0")), "unchanged", "none"),
    ],
)
def test_json_tells_new_removed_and_unchanged_prompts(diff, status, level) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    document = diff_to_json(diff)
    assert (document["prompts"][0]["status"], document["level"]) == (status, level)
    assert json.loads(json.dumps(document)) == document
