"""Makes the extract of prices and windows that the runtime reads, from LiteLLM's price file.

`nox -s models` runs this where LiteLLM is installed. LiteLLM itself is not imported, and
nothing is fetched.

Each line of the extract is a model: name, prices of a million input, output and cached input tokens
in micro-dollars, the tokens it reads and writes at most, and, where long requests cost more, from
how many input tokens on, and those three prices. `-` is unknown.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "promptops" / "repository" / "prices.tsv"
SOURCE = "model_prices_and_context_window_backup.json"
# Models of the second kind are called in the same way; LiteLLM translates.
MODES = frozenset({"chat", "responses"})
EMBEDDING = "embedding"
# What LiteLLM calls a part of a provider whose models are named after the whole.
OTHER_NAMES = {
    "bedrock_converse": "bedrock",
    "cohere_chat": "cohere",
}
_STEP = re.compile(r"(input|output)_cost_per_token_above_(\d+)k_tokens")
_PICO = 1_000_000_000_000


def main(arguments: list[str]) -> int:
    """Write the extract; the date of today stands in it, unless one is given."""
    found = find_spec("litellm")
    if found is None or found.origin is None:
        print("LiteLLM is not installed", file=sys.stderr)
        return 2
    facts = json.loads(Path(found.origin).with_name(SOURCE).read_text("utf-8"))
    table: dict[str, tuple[int | None, ...]] = {}
    for written, one in facts.items():
        values = read(written, one)
        key = name(written, one)
        # Some models stand there twice, once without their provider: the dearer one counts.
        if values is not None and values[:2] > table.get(key, ())[:2]:
            table[key] = values
    day = arguments[0] if arguments else datetime.now(UTC).date().isoformat()
    head = f"# litellm {version('litellm')}, {day}\n"
    TABLE.write_text(head + "".join(line(one, table[one]) for one in sorted(table)), "utf-8")
    print(f"written: {TABLE.name}, {len(table)} models", file=sys.stderr)
    return 0


def read(written: str, facts: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Return the numbers of a model; None for other kinds of models and unknown prices."""
    if facts.get("mode") not in (*MODES, EMBEDDING) or written == "sample_spec":
        return None
    plain = prices(facts, "")
    if facts.get("mode") == EMBEDDING:
        # It reads, and writes no tokens.
        asked = micros(facts.get("input_cost_per_token"))
        plain = None if asked is None else (asked, 0, asked)
    # Zero stands for "unknown" as often as for "free".
    if plain is None:
        return None
    windows = [positive(facts.get(f"max_{one}_tokens")) for one in ("input", "output")]
    steps = sorted({int(found[2]) for key in facts if (found := _STEP.fullmatch(key))})
    if not steps:
        return (*plain, *windows)
    # Of several steps the lowest start and the highest price: never too little.
    above = [prices(facts, f"_above_{one}k_tokens", plain) or plain for one in steps]
    dearest = [max((one[place] or 0 for one in above), default=0) or None for place in range(3)]
    return (*plain, *windows, steps[0] * 1000, *dearest)


def line(key: str, values: tuple[int | None, ...]) -> str:
    """Return a line of the extract."""
    return "\t".join((key, *("-" if one is None else str(one) for one in values))) + "\n"


def name(written: str, facts: dict[str, Any]) -> str:
    """Return a model's name with its provider in front, as prompts write it."""
    provider = str(facts.get("litellm_provider"))
    if provider.startswith("vertex_ai"):
        provider = "vertex_ai"
    provider = OTHER_NAMES.get(provider, provider)
    return written if "/" in written else f"{provider}/{written}"


def prices(
    facts: dict[str, Any], suffix: str, default: tuple[int | None, ...] = (None, None, None)
) -> tuple[int | None, int | None, int | None] | None:
    """Return the prices of input, output and cached input for a million tokens."""
    found = [
        micros(facts.get(f"{kind}{suffix}")) or default[place]
        for place, kind in enumerate(
            ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost")
        )
    ]
    thinking = micros(facts.get(f"output_cost_per_reasoning_token{suffix}"))
    if found[1] and thinking:
        # Thinking is part of the answer's tokens, and nothing says how large a part.
        found[1] = max(found[1], thinking)
    return (found[0], found[1], found[2]) if found[0] and found[1] else None


def micros(dollars: object) -> int | None:
    """Return the price of a million tokens in micro-dollars, rounded up; None for none."""
    if not isinstance(dollars, int | float) or isinstance(dollars, bool) or dollars <= 0:
        return None
    return int((Decimal(str(dollars)) * _PICO).to_integral_value(ROUND_CEILING))


def positive(number: object) -> int | None:
    """Return a whole number above zero; None for anything else."""
    return number if isinstance(number, int) and number > 0 else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
