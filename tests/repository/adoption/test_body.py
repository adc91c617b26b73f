"""Templates put together from texts, values and tags render exactly these."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.repository.adoption.body import AdoptedBody, from_jinja, literal
from tests.repository.adoption.pieces import (
    render,
)

BRACES = st.text(alphabet=st.sampled_from("{}%#-+ \n\"'ax"), max_size=30)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(BRACES)
def test_text_is_sent_as_it_is(text: str) -> None:
    assert render(f"<{literal(text)}>") == f"<{text}>"


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["text", "value", "tag"]), BRACES), max_size=6))
def test_a_body_sends_what_it_was_put_together_from(parts: list[tuple[str, str]]) -> None:
    body, expected = AdoptedBody(), ""
    body.text("<")
    for kind, text in parts:
        if kind == "text":
            body.text(text)
            expected += text
        elif kind == "value":
            body.value("x")
            expected += "X"
        else:
            body.tag("if true")
            body.text(text)
            body.tag("endif")
            expected += text
    body.text(">")
    assert render(str(body), x="X") == f"<{expected}>"


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from(["{% if x %}", "{% endif %}", "{# c #}", "{{ x }}", "\n", "  ", "a"]))
)
def test_plain_jinja_keeps_its_white_space(parts: list[str]) -> None:
    import jinja2

    source = f"<{''.join(parts)}>"
    try:
        expected = jinja2.Environment(keep_trailing_newline=True).from_string(source).render(x="1")
    except jinja2.TemplateSyntaxError:
        return
    assert render(from_jinja(source), x="1") == expected
