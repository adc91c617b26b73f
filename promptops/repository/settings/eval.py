"""The table `[eval]`: how eval suites are run.

[eval]
concurrency = 10
max_cost = 2.5            # in US dollars a run; --max-cost overrides it
judge = "judge/rubric"    # the prompt that judges; may be pinned: judge/rubric@1.2.0
embedding = "openai/text-embedding-3-small"   # for `similar`
scenarios = "evals/scenarios"   # the prompt that drafts samples; may be pinned
agreement = 0.6           # the minimum kappa of a judge whose rulings count
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.settings.reading import Table

KEYS = ("concurrency", "max_cost", "judge", "embedding", "agreement", "scenarios")
_MAX_CONCURRENCY = 1000


@dataclass(frozen=True, slots=True)
class EvalSettings:
    """The settings of running eval suites.

    Attributes:
        concurrency: the maximum number of concurrent trials.
        max_cost: the maximum cost of a run, in micro-dollars; None: no limit.
        judge: the ref of the judge prompt for `rubric`, `factual` and `preference`; None: none,
            unless a suite names one.
        agreement: the minimum agreement (kappa) with people for a judge's rulings to count; None:
            no minimum.
        embedding: the embedding model of `similar`; None: there is none.
        scenarios: the ref of the prompt that drafts samples with a model; None: there is none.
    """

    concurrency: int = 10
    max_cost: int | None = None
    judge: str | None = None
    agreement: float | None = None
    embedding: str | None = None
    scenarios: str | None = None


def read_eval(value: object, path: str) -> EvalSettings:
    """Read the table `[eval]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "eval")
    table.check_keys(KEYS)
    concurrency = table.whole("concurrency", 10, least=1) or 10
    if concurrency > _MAX_CONCURRENCY:
        table.fail("concurrency", f"is more than {_MAX_CONCURRENCY}", "write a smaller number")
    agreement = table.number("agreement", None)
    if agreement is not None and agreement > 1:
        table.fail("agreement", "is more than 1", "write a kappa, such as agreement = 0.6")
    judge = table.optional_text("judge")
    embedding = table.optional_text("embedding")
    scenarios = table.optional_text("scenarios")
    return EvalSettings(
        concurrency, table.micros("max_cost"), judge, agreement, embedding, scenarios
    )
