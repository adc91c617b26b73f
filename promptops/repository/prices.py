"""Prices and context windows of models.

The configuration comes first, then an extract of LiteLLM's price file, which `nox -s models` makes
and dates. A model in neither has an unknown price, never zero.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.repository.settings.models import ModelSettings

_EXTRACT = "prices.tsv"
_MILLION = 1_000_000
CONFIGURED = "[models]"
# Pseudo models that answer without a provider.
_OWN = ("echo", "onnx", "scripted")
_OTHER_NAMES = {"cohere_chat": "cohere"}
# LiteLLM's default providers for a name without one.
_UNNAMED = ("openai", "anthropic", "gemini", "vertex_ai", "bedrock", "deepseek", "cohere", "ai21")
# Bedrock's API variants are part of LiteLLM's name, not of the model's.
_ROUTES = ("converse/", "invoke/", "converse_like/")


class Step(NamedTuple):
    """The price of a long request. It applies to all of its tokens, not only those above the limit.

    Attributes:
        above: it applies to more input tokens than this.
        input: micro-dollars for a million input tokens.
        output: micro-dollars for a million output tokens.
        cached: micro-dollars for a million input tokens that the provider had cached.
    """

    above: int
    input: int
    output: int
    cached: int


class Price(NamedTuple):
    """A model's price, in whole micro-dollars for a million tokens.

    Attributes:
        input: the price of input tokens.
        output: the price of output tokens.
        cached: the price of input tokens that the provider had cached.
        source: `[models]`, or the extract with its date.
        is_free: whether it is known to cost nothing.
        step: the price of long requests; None if it is the same.
    """

    input: int
    output: int
    cached: int
    source: str
    is_free: bool = False
    step: Step | None = None

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> int:
        """Return the cost of a call, in whole micro-dollars, rounded up.

        Args:
            input_tokens: all input tokens, including cached ones.
            output_tokens: all output tokens, including reasoning.
            cached_tokens: how many of the input tokens the provider had cached.
        """
        rate: Price | Step = self
        if self.step is not None and input_tokens > self.step.above:
            rate = self.step
        cached = min(cached_tokens, input_tokens)
        total = (input_tokens - cached) * rate.input + cached * rate.cached
        return -(-(total + output_tokens * rate.output) // _MILLION)


FREE = Price(0, 0, 0, "free", is_free=True)


class Window(NamedTuple):
    """The maximum numbers of input and output tokens of a model; None if unknown."""

    context: int | None
    output: int | None


class Prices:
    """The prices and windows of one configuration.

    Args:
        settings: the table `[models]`.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        # Cached: every request looks up its price, and a configuration names few models.
        self._price = lru_cache(maxsize=256)(self._find_price)
        self._window = lru_cache(maxsize=256)(self._find_window)

    def find(self, model: str) -> Price | None:
        """Return the price of a model, by the name in a prompt; None if unknown."""
        return self._price(model)

    def window(self, model: str) -> Window:
        """Return the token limits of a model."""
        return self._window(model)

    def _find_price(self, model: str) -> Price | None:
        for one in self._settings.list_endpoints(model):
            if one.is_free:
                return FREE._replace(source=CONFIGURED)
            if one.input_price is not None and one.output_price is not None:
                cached = one.input_price if one.cached_price is None else one.cached_price
                return Price(one.input_price, one.output_price, cached, CONFIGURED)
        if model.partition("/")[0] in _OWN:
            return FREE
        found = None if self._is_elsewhere(model) else _find(model)
        return None if found is None else found[0]

    def _find_window(self, model: str) -> Window:
        context = output = None
        for one in self._settings.list_endpoints(model):
            context = one.context if context is None else context
            output = one.output if output is None else output
        found = None if self._is_elsewhere(model) else _find(model)
        if found is not None:
            context = found[1].context if context is None else context
            output = found[1].output if output is None else output
        return Window(context, output)

    def _is_elsewhere(self, model: str) -> bool:
        """Return whether a name without a provider is one of the configuration's own endpoints."""
        one = None if "/" in model else self._settings.endpoints.get(model)
        return one is not None and one.base_url is not None


@cache
def _read() -> tuple[bytes, str]:
    """Return the extract, and its source."""
    try:
        data = Path(__file__).with_name(_EXTRACT).read_bytes()
    except OSError as error:
        raise PromptopsError(
            f"the prices that come with promptops cannot be read: {error.strerror}",
            hint="install promptops again",
        ) from error
    head = data[: data.index(b"\n")].decode("ascii")
    return data, head.removeprefix("# ").replace(", ", " of ")


@cache
def _find(model: str) -> tuple[Price, Window] | None:
    """Return the extract's entry of a model, by the name in a prompt."""
    data, source = _read()
    for name in _names(model):
        start = data.find(f"\n{name}\t".encode())
        if start >= 0:
            end = data.index(b"\n", start + 1)
            return _parse(data[start + 1 : end].decode("ascii").split("\t")[1:], source)
    return None


def _names(model: str) -> Iterator[str]:
    """Yield the names under which the extract may list a model."""
    if not model.isascii() or not model.isprintable():
        return
    provider, slash, name = model.partition("/")
    if not slash:
        for one in _UNNAMED:
            yield from _names(f"{one}/{model}")
        return
    provider = _OTHER_NAMES.get(provider, provider)
    yield f"{provider}/{name}"
    if provider == "bedrock":
        for route in _ROUTES:
            if name.startswith(route):
                yield f"{provider}/{name.removeprefix(route)}"
    if name.startswith("ft:"):
        # A fine-tuned model has its base model's price: ft:MODEL:organisation:name:id.
        yield f"{provider}/{':'.join(name.split(':')[:2])}"


def _parse(fields: list[str], source: str) -> tuple[Price, Window]:
    values = [None if one == "-" else int(one) for one in fields]
    price = _prices(values[:3])
    step = None
    if len(values) > 5:
        above = values[5] or 0
        step = Step(above, *_prices(values[6:9]))
    return Price(*price, source=source, step=step), Window(values[3], values[4])


def _prices(values: list[int | None]) -> tuple[int, int, int]:
    plain, output, cached = (one or 0 for one in values)
    return plain, output, cached or plain
