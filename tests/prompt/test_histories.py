"""Which inputs of a prompt hold earlier messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt import histories
from promptops.prompt.closure import Closure, load_closure
from promptops.prompt.faults import read_template
from promptops.prompt.histories import find_histories
from promptops.prompt.prompt import Prompt, load_prompt
from tests.prompts import prompt_text

if TYPE_CHECKING:
    import pytest

    from promptops.prompt.template import Analysis

ASK = "{% user %}{{ question }}{% enduser %}"


def prompt_of(body: str) -> Prompt:
    closure = load_closure("a", {"a.md": prompt_text(body=body).encode()})
    assert closure is not None
    return load_prompt(closure)


def test_each_input_is_named_once_in_the_order_of_the_text() -> None:
    body = f"{{% history turns %}}{{% history %}}{{% history turns %}}{ASK}"
    assert find_histories(prompt_of(body)) == ("turns", "history")
    assert find_histories(prompt_of(ASK)) == ()


def test_a_version_is_read_once_and_what_is_kept_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def count(closure: Closure, path: str) -> Analysis:
        read.append(path)
        return read_template(closure, path)

    for name, value in (("_KNOWN", {}), ("_MAX_KNOWN", 2), ("read_template", count)):
        monkeypatch.setattr(histories, name, value)
    prompts = [prompt_of(f"{{% history h{n} %}}{ASK}") for n in range(3)]
    found = [find_histories(one) for one in (prompts[0], prompts[0], prompts[1], prompts[2])]
    assert found == [("h0",), ("h0",), ("h1",), ("h2",)]
    assert len(read) == 3
    assert find_histories(prompts[0]) == ("h0",)
    assert len(read) == 4
