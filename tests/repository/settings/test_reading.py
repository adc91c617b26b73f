"""The readers of a table: each refuses a wrong value with the full name of its key."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.settings.reading import Table, read_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("10m", 600),
        ("12h", 43_200),
        ("1d", 86_400),
        ("2w", 1_209_600),
        (" 3 d ", 259_200),
    ],
)
def test_time_spans(text: str, seconds: int) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "d", "1", "-1d", "1.5d", "1y", "0s", "1d2h", "1234567890d", "٣d"]
)
def test_what_is_no_time_span(text: str) -> None:
    assert read_duration(text) is None


def table(**values: Any) -> Table:
    return Table(values, "promptops.toml", "guards.per_user")


def fail(call: Any, *args: Any, **options: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        call(*args, **options)
    return caught.value


def test_what_is_no_table_is_refused() -> None:
    error = fail(Table, 3, "promptops.toml", "guards")
    assert error.message == "promptops.toml: guards is not a table"
    assert error.hint == "write it below a line [guards]"


def test_a_table_below_has_the_whole_name_and_may_be_missing() -> None:
    found = table(inner={"a": 1}, other=2)
    assert found.table("inner").key("a") == "guards.per_user.inner.a"
    assert list(found.table("none")) == []
    assert [(key, list(one)) for key, one in found.tables()] == [("inner", ["a"])]
    assert fail(found.table, "other").message.endswith("guards.per_user.other is not a table")


@pytest.mark.parametrize(
    ("key", "hint"),
    [("spend", "did you mean 'guards.per_user.spent'?"), ("x", "known keys: spent, calls")],
)
def test_an_unknown_key_is_refused_with_the_nearest(key: str, hint: str) -> None:
    error = fail(table(**{key: 1}).check_keys, ("spent", "calls"))
    assert error.message == f"promptops.toml: unknown key 'guards.per_user.{key}'"
    assert error.hint == hint


@pytest.mark.parametrize("value", ["", " ", 3, None, ["a"]])
def test_a_text_is_not_empty(value: Any) -> None:
    assert "a is not a text" in fail(table(a=value).text, "a", "default").message
    assert "a is not a text" in fail(table(a=value).optional_text, "a").message


def test_what_is_missing_is_the_default() -> None:
    found = table()
    assert (found.text("a", "d"), found.optional_text("a"), found.texts("a")) == ("d", None, ())
    assert (found.whole("a", 3), found.whole("a", None), found.number("a", None)) == (3, None, None)
    assert (found.micros("a"), found.duration("a"), found.variable("a", "KEY")) == (None,) * 3
    assert found.flag("a", default=True)
    assert found.choice("a", ("x", "y"), "y") == "y"


@pytest.mark.parametrize("name", ["KEY", "_a", "OPENAI_API_KEY_2024_LONG"])
def test_a_variable_has_a_name(name: str) -> None:
    assert table(a=name).variable("a", "KEY") == name


@pytest.mark.parametrize(
    "secret", ["sk-proj-hunter2", "a key", "2KEY", "hunter2hunter2hunter2hunter2", 65 * "A"]
)
def test_what_may_be_a_secret_is_no_variable_and_is_not_printed(secret: str) -> None:
    error = fail(table(a=secret).variable, "a", "KEY")
    assert "a is not the name of an environment variable" in error.message
    assert error.hint == 'secrets do not belong in files; write guards.per_user.a = "KEY"'
    assert secret not in f"{error.message}{error.hint}"


def address(url: str) -> str | None:
    return table(a=url).address("a", {"redis", "postgresql"}, what="runs", instead="use a_variable")


@pytest.mark.parametrize("url", ["runs.db", "/a b/runs.db", "redis://h:1/0", "postgresql://u@h/d"])
def test_an_address_is_a_path_or_a_known_url(url: str) -> None:
    assert address(url) == url


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("mysql://h/d", "is not a supported store for runs", "redis://HOST or postgresql://HOST"),
        ("redis://[h", "is not a supported store for runs", "redis://HOST"),
        ("redis://u:hunter2@h", "contains a password", "use a_variable"),
        ("postgresql://h/d?a=1&SSLPassword=hunter2", "contains a password", "use a_variable"),
    ],
)
def test_an_address_holds_no_password(url: str, message: str, hint: str) -> None:
    error = fail(address, url)
    assert error.message == f"promptops.toml: guards.per_user.a {message}"
    assert hint in str(error.hint)
    assert "hunter2" not in f"{error.message}{error.hint}"


@pytest.mark.parametrize("value", ["a", [1], ["a", ""], [["a"]]])
def test_texts_are_a_list_of_texts(value: Any) -> None:
    assert "is not a list of texts" in fail(table(a=value).texts, "a").message
    assert table(a=["x", "y"]).texts("a") == ("x", "y")


@pytest.mark.parametrize(
    ("value", "shown"), [("z", "is 'z'"), (1, "is not a text"), (True, "is not a text")]
)
def test_a_choice_is_one_of_the_words(value: Any, shown: str) -> None:
    error = fail(table(a=value).choice, "a", ("x", "y"), "y")
    assert error.message.endswith(f"guards.per_user.a {shown}")
    assert error.hint == "choose one of: x, y"


@pytest.mark.parametrize("value", [-1, 1.0, True, "1"])
def test_a_whole_number_is_no_truth_and_not_too_small(value: Any) -> None:
    assert "is not a whole number from 0" in fail(table(a=value).whole, "a", 1).message
    assert table(a=0).whole("a", 1) == 0
    assert "is not a whole number from 2" in fail(table(a=1).whole, "a", 1, least=2).message


@pytest.mark.parametrize("value", [0, -1, True, "1", float("nan"), float("inf")])
def test_a_number_is_finite_and_above_its_bound(value: Any) -> None:
    assert "is not a number above 0" in fail(table(a=value).number, "a", None).message
    assert table(a=1).number("a", None) == 1.0
    assert "is not a number above 1" in fail(table(a=1).number, "a", None, above=1).message


@pytest.mark.parametrize(
    ("dollars", "micros"), [(0, 0), (0.1, 100_000), (2.5, 2_500_000), (0.000_000_1, 1), (1e-9, 1)]
)
def test_dollars_are_whole_micro_dollars_and_rounded_up(dollars: float, micros: int) -> None:
    assert table(a=dollars).micros("a") == micros


@pytest.mark.parametrize("value", [-0.1, True, "1", float("nan"), float("inf")])
def test_what_is_no_amount_is_refused(value: Any) -> None:
    assert "is not an amount in US dollars" in fail(table(a=value).micros, "a").message


@pytest.mark.parametrize("value", [90, "90", "0d"])
def test_a_time_span_has_a_unit(value: Any) -> None:
    assert "is not a time span" in fail(table(a=value).duration, "a").message
    assert table(a="2h").duration("a") == 7200
