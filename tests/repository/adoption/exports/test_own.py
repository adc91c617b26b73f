"""Our own JSON, and what it cannot hold."""

from __future__ import annotations

import json
import re

import pytest

from promptops.repository.adoption.exports import write
from promptops.repository.adoption.exports.parts import UnexportableError
from tests.repository.adoption.exports.pieces import INPUTS_WITH_HISTORY, load


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{% for i in items %}{% user %}x{% enduser %}{% endfor %}", "`user` in a block"),
    ],
)
def test_messages_in_a_loop_are_refused(body: str, why: str) -> None:
    with pytest.raises(UnexportableError, match=re.escape(why)):
        write(load(body, inputs=INPUTS_WITH_HISTORY), "json")


def test_templates_are_in_our_language_with_partials_expanded() -> None:
    body = '{% system %}\n{% include "_s/tone.md" %}\n{% endsystem %}\n{% history %}'
    prompt = load(
        f"{body}\n{{% user %}}{{% if vip %}}V{{% endif %}}{{% raw %}}{{{{{{% endraw %}}{{% enduser %}}",
        inputs=INPUTS_WITH_HISTORY,
        metadata="{team: a}",
    )
    document = json.loads(write(prompt, "json").text)
    assert document["messages"] == [
        {"role": "system", "template": "Be brief."},
        {"role": "history", "template": "history"},
        {"role": "user", "template": '{% if vip %}V{% endif %}{{ "{" }}{'},
    ]
    assert (document["schema"], document["digest"]) == ("promptops.prompt/v1", prompt.digest)
    assert (document["inputs"], document["metadata"]) == (prompt.inputs, {"team": "a"})


def test_what_it_has_no_place_for_is_said() -> None:
    export = write(load("Hi", fallbacks="[openai/gpt-4o]"), "json")
    assert export.notes == ("'fallbacks' is not carried over",)
