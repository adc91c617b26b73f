"""The arguments of Langfuse, whose only tags are names."""

from __future__ import annotations

import re

import pytest

from promptops.repository.adoption.exports import write
from promptops.repository.adoption.exports.parts import UnexportableError
from tests.repository.adoption.exports.pieces import INPUTS_WITH_HISTORY, load


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("a\n{% if vip %}x{% endif %}", "a.md, line 9: `if vip` is more than Langfuse"),
        ("{% raw %}{{ x }}{% endraw %}", "as text would be filled in"),
    ],
)
def test_more_than_names_is_refused(body: str, why: str) -> None:
    with pytest.raises(UnexportableError, match=re.escape(why)):
        write(load(body, inputs=INPUTS_WITH_HISTORY), "langfuse")
