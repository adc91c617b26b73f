"""Attributes that are computed once."""

from __future__ import annotations

import threading

import pytest

from promptops.lazy import cached_property


class Square:
    def __init__(self, side: int) -> None:
        self.side = side
        self.computed = 0

    @cached_property
    def area(self) -> int:
        """The area."""
        self.computed += 1
        return self.side**2


def test_a_value_is_computed_once_for_each_object() -> None:
    one, other = Square(2), Square(3)
    assert [one.area, one.area, other.area] == [4, 4, 9]
    assert (one.computed, other.computed) == (1, 1)
    del one.area
    assert (one.area, one.computed) == (4, 2)


def test_the_class_has_the_property_and_its_documentation() -> None:
    assert isinstance(Square.area, cached_property)
    assert Square.area.__doc__ == "The area."


def test_a_failure_is_not_kept() -> None:
    class Late:
        tries = 0

        @cached_property
        def value(self) -> int:
            self.tries += 1
            if self.tries == 1:
                raise KeyError
            return self.tries

    late = Late()
    with pytest.raises(KeyError):
        _ = late.value
    assert late.value == 2


def test_threads_may_compute_at_once_and_all_get_the_first_value() -> None:
    class Slow:
        @cached_property
        def value(self) -> object:
            # With a lock, the second thread would never come here.
            together.wait(timeout=20)
            return object()

    together = threading.Barrier(2)
    slow = Slow()
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(slow.value)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [slow.value] * 2
