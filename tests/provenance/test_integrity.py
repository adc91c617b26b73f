"""What messages of deployments claim."""

from __future__ import annotations

import pytest

from promptops.delivery.environments import Deployment
from promptops.git.objects import Identity
from promptops.provenance.integrity import Claim, read_claims, versions_in


@pytest.mark.parametrize(
    ("described", "versions"),
    [
        ("none", []),
        ("", []),
        ("1.2.0", ["1.2.0"]),
        ("1.2.0 (paused)", ["1.2.0"]),
        ("1.2.0 90%, 1.3.0-rc.1 10%", ["1.2.0", "1.3.0-rc.1"]),
        ("1.2.0 90%, 1.3.0 10% (paused)", ["1.2.0", "1.3.0"]),
        ("whatever 5%", []),
    ],
)
def test_versions_are_read_from_words(described: str, versions: list[str]) -> None:
    assert [str(version) for version in versions_in(described)] == versions


def test_trailers_are_read_prompt_by_prompt() -> None:
    deployment = Deployment(
        environment="staging",
        number=1,
        commit="c" * 40,
        parent=None,
        tree="t" * 40,
        action="promote",
        changes=(),
        reason="",
        operation="",
        author=Identity("Jane Doe", "jane@example.com", 0, "+0000"),
        signature=None,
        trailers=(
            ("To", "9.9.9"),  # belongs to no prompt
            ("Prompt", "a"),
            ("From", "none"),
            ("To", "1.0.0"),
            ("To", "2.0.0"),  # the first one counts
            ("Release-Tag", "f" * 40),
            ("Prompt", "b"),
            ("To", "1.0.0"),
            ("Reason", "To: 3.0.0"),
        ),
    )

    assert read_claims(deployment) == [
        Claim("a", "none", "1.0.0", "f" * 40),
        Claim("b", "none", "1.0.0", None),
    ]
