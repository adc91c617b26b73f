"""Makes the table of models that checks know, from the data that LiteLLM comes with.

`nox -s models` runs this where LiteLLM is installed. Nothing is fetched, so that the same
version of LiteLLM always gives the same table.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from promptops.checks.models import PARAMETERS

TABLE = Path(__file__).parents[1] / "promptops" / "checks" / "models.json"
# Those whose models are a closed list; a deployment elsewhere may have any name.
PROVIDERS = (
    *("anthropic", "cohere", "deepseek", "gemini", "groq", "mistral", "openai", "perplexity"),
    "xai",
)
OTHER_NAMES = {"cohere_chat": "cohere", "text-completion-openai": "openai"}
MODES = frozenset({"chat", "completion", "responses"})


def main() -> int:
    """Write the table."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    table: dict[str, dict[str, tuple[int, int, str]]] = {one: {} for one in PROVIDERS}
    for written, facts in litellm.model_cost.items():
        provider = facts.get("litellm_provider")
        provider = OTHER_NAMES.get(provider, provider)
        if provider not in table or facts.get("mode") not in MODES:
            continue
        name = written.removeprefix(f"{provider}/")
        taken = litellm.get_supported_openai_params(name, custom_llm_provider=provider)
        window, longest = (int(facts.get(f"max_{one}_tokens") or 0) for one in ("input", "output"))
        table[provider][name] = (window, longest, refused(taken))
    TABLE.write_text(write(table), "utf-8")
    print(f"written: {TABLE.name}, {sum(map(len, table.values()))} models", file=sys.stderr)
    return 0


def refused(taken: list[str] | None) -> str:
    """Give the letters of what a model does not take; none where nothing is known."""
    if taken is None:
        return ""
    known = {*taken, *(["max_tokens"] if "max_completion_tokens" in taken else [])}
    return "".join(letter for letter, name in sorted(PARAMETERS.items()) if name not in known)


def write(table: dict[str, dict[str, tuple[int, int, str]]]) -> str:
    """Give the table as JSON with a line for each model, so that changes can be read."""
    providers = []
    for provider, models in sorted(table.items()):
        lines = ",\n".join(
            f"{json.dumps(one)}: {json.dumps(models[one])}" for one in sorted(models)
        )
        providers.append(f"{json.dumps(provider)}: {{\n{lines}\n}}")
    return "{\n" + ",\n".join(providers) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
