"""Many samples in little memory: packed or not, they are the same sequence."""

from __future__ import annotations

from array import array

import pytest

from promptops.prompt.suite import packing
from promptops.prompt.suite.packing import (
    MAX_LOOSE,
    PackedSamples,
    count_trials,
    has_repeated,
    pack_samples,
)
from promptops.prompt.suite.suite import Check, Sample


def make_samples(count: int) -> list[Sample]:
    check = Check("contains", "a")
    return [Sample(f"s{n}", {"n": n}, (check,), trials=1 + n % 3) for n in range(count)]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pack from four samples on, two in a chunk."""
    monkeypatch.setattr(packing, "MAX_LOOSE", 3)
    monkeypatch.setattr(packing, "_CHUNK", 2)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("count", [0, 3, 4, 5, 6])
def test_packed_samples_are_the_sequence_that_they_were(count: int) -> None:
    samples = make_samples(count)
    packed = pack_samples(iter(samples))
    assert isinstance(packed, PackedSamples) is (count > 3)
    assert list(packed) == list(packed) == samples
    assert [packed[index] for index in range(-count, count)] == samples * 2
    assert (list(packed[1:-1]), list(packed[::-2])) == (samples[1:-1], samples[::-2])
    assert len(packed) == count
    assert count_trials(packed) == count_trials(samples)
    for index in (count, -count - 1):
        with pytest.raises(IndexError):
            packed[index]


def test_no_samples_take_one_trial_at_most() -> None:
    assert count_trials([]) == (0, 1)


@pytest.mark.parametrize("times", [3, MAX_LOOSE])
def test_a_number_that_comes_twice_is_found_among_few_and_many(times: int) -> None:
    # Numbers that are equal in the bits that are looked at first.
    numbers = array("q", [number << 23 for number in range(-1, times)])
    assert not has_repeated(numbers)
    numbers.append(numbers[1])
    assert has_repeated(numbers)
