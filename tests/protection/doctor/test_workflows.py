"""Workflows of any content are read, or a reason is given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.protection.doctor.workflows import Workflow, deploy_jobs, gate_jobs, parse_workflow

PATH = ".github/workflows/promptops.yml"

# Pieces of workflows, put together in ways that nobody would write.
YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "on",
                    "jobs",
                    "steps",
                    "uses",
                    "run",
                    "if",
                    "needs",
                    "with",
                    "types",
                    "environment",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@pytest.mark.story
@settings(deadline=None, max_examples=50)
@given(jobs=st.dictionaries(st.text(max_size=4), YAML, min_size=1, max_size=3), on=YAML)
def test_a_workflow_of_any_content_is_read(jobs: object, on: object) -> None:
    import yaml

    found = parse_workflow(PATH, yaml.safe_dump({"on": on, "jobs": jobs}).encode())
    assert isinstance(found, Workflow)
    gate_jobs([found], lambda _path: None)
    deploy_jobs([found])


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=80))
def test_any_bytes_give_a_workflow_or_a_reason(data: bytes) -> None:
    assert isinstance(parse_workflow(PATH, data), Workflow | str)
