"""What an environment may become after what was seen of it."""

from __future__ import annotations

import pytest

from promptops.delivery.state import Point
from promptops.errors import IntegrityError
from promptops.runtime.live import accept_point


@pytest.mark.parametrize(
    ("point", "said"),
    [
        (Point(2, "c2"), "went back from deployment 3 to 2"),
        (Point(3, "other"), "another deployment 3"),
        (Point(4, "fork"), "is not based on 3"),
    ],
)
def test_environments_only_grow(point: Point, said: str) -> None:
    seen = {"production": Point(3, "c3")}
    with pytest.raises(IntegrityError, match=said):
        accept_point(seen, "production", point, lambda later, earlier: False)
    assert seen == {"production": Point(3, "c3")}


def test_a_deployment_on_the_one_seen_is_accepted() -> None:
    seen = {"production": Point(3, "c3")}
    accept_point(seen, "production", Point(5, "c5"), lambda later, earlier: True)
    assert seen == {"production": Point(5, "c5")}
