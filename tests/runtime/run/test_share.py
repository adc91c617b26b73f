"""Which version a caller gets while traffic is split."""

from __future__ import annotations

from collections import Counter

import pytest

from promptops.runtime.live import Share
from promptops.runtime.run.share import choose_share


def split(*shares: int) -> list[Share]:
    return [Share(f"1.{number}.0", "", share) for number, share in enumerate(shares)]


def chosen(shares: list[Share], name: str = "a") -> list[str]:
    return [choose_share(shares, name, f"user-{number}").version for number in range(2000)]


@pytest.mark.parametrize("shares", [(90, 10), (50, 50), (1, 99), (20, 30, 50)])
def test_callers_are_divided_by_the_shares(shares: tuple[int, ...]) -> None:
    found = Counter(chosen(split(*shares)))
    for one in split(*shares):
        # Four standard errors of 2,000 callers are at most 4.5 points.
        assert found[one.version] / 2000 == pytest.approx(one.share / 100, abs=0.045)


def test_a_caller_keeps_the_version_while_its_share_grows() -> None:
    before, after = chosen(split(90, 10)), chosen(split(60, 40))
    assert chosen(split(90, 10)) == before
    assert {new for old, new in zip(before, after, strict=True) if old == "1.1.0"} == {"1.1.0"}


def test_another_prompt_divides_callers_differently() -> None:
    shares = split(50, 50)
    assert chosen(shares, "a") != chosen(shares, "b")


def test_nobody_in_particular_gets_the_first_version() -> None:
    assert choose_share(split(1, 99), "a", None).version == "1.0.0"
    assert choose_share(split(0, 100), "a", "half \ud800").version == "1.1.0"
