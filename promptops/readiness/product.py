"""The items of the second level: other teams depend on the prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery.releases import list_tags
from promptops.readiness.item import (
    Evidence,
    ReadinessItem,
    ReadinessLevel,
    each_prompt,
    met,
    missing,
    name_some,
)
from promptops.readiness.tool import judge_samples

if TYPE_CHECKING:
    from promptops.readiness.facts import ReadinessFacts

SAMPLES = 20


def _judge_runtime(facts: ReadinessFacts) -> Evidence:
    calls = [f"{one.path}:{one.line}" for one in facts.code if one.what == "call"]
    if calls:
        return missing(
            f"models are called directly in {name_some(calls)}", "call registry.run there"
        )
    if not facts.runs.get("runs"):
        return missing(
            "no run of the last 30 days is in the log", "call registry.run, or promptops serve"
        )
    return met(f"no direct call in Python code; {facts.runs['runs']:,} runs in 30 days")


def _judge_guards(facts: ReadinessFacts) -> Evidence:
    guards = facts.config.guards
    if "guards" not in facts.tables:
        return missing("no limit is configured; the defaults apply", "promptops init --runtime")
    if not guards.limits.guards_spending:
        return missing("no limit on spending", 'set spend_per_hour in the table "guards"')
    breaker = guards.breaker
    return met(
        f"spending is limited; a model is paused after {breaker.failures} failures in "
        f"{breaker.window_seconds:g} s"
    )


def _judge_cache(facts: ReadinessFacts) -> Evidence:
    seconds = facts.config.cache.ttl_seconds
    if not seconds:
        return missing("every identical request is paid for", 'set ttl = "1h" in the table "cache"')
    return met(f"answers to identical requests are cached for {seconds:,} s")


def _judge_monitoring(facts: ReadinessFacts) -> Evidence:
    seen = []
    if facts.config.alerts.channels:
        seen.append(f"alerts by {', '.join(one.name for one in facts.config.alerts.channels)}")
    telemetry = facts.config.telemetry
    if telemetry.otel:
        seen.append("OpenTelemetry")
    if telemetry.prometheus:
        seen.append("Prometheus")
    if not seen:
        return missing(
            "volume and cost are not reported", 'configure the tables "alerts" and "telemetry"'
        )
    return met(" and ".join(seen))


def _judge_versions(facts: ReadinessFacts) -> Evidence:
    released = {name for name, _ in list_tags(facts.repository)}
    without = [name for name in facts.prompts if name not in released]
    if not facts.prompts or without:
        what = f"{name_some(without)} has no release" if without else "there is no active prompt"
        return missing(what, "promptops release --all")
    return met(f"{each_prompt(len(facts.prompts))} has releases with notes")


def _judge_samples(facts: ReadinessFacts) -> Evidence:
    found = judge_samples(facts, SAMPLES)
    if not found.outcome.is_good:
        return found
    if facts.config.gate.evals == "off" and not any(one.evals for one in facts.config.environments):
        return missing(
            "nothing runs the samples when a prompt changes",
            'promptops init --evals, and evals = "block" in the table "gate"',
        )
    return met(f"{found.evidence}; the gate asks for their results")


def _judge_fallbacks(facts: ReadinessFacts) -> Evidence:
    without = [
        name
        for name, one in facts.prompts.items()
        if not any(one.data.get(key) for key in ("fallbacks", "routes", "reply"))
    ]
    if not facts.prompts or without:
        return missing(
            f"no fallback when the model fails: {name_some(without) or 'there is no prompt'}",
            "write the key fallbacks or reply into the frontmatter",
        )
    return met(f"{each_prompt(len(facts.prompts))} has another model or a fixed reply")


def _judge_conversations(facts: ReadinessFacts) -> Evidence:
    with_history = [
        name for name, one in facts.prompts.items() if "{% history" in one.closure.document.body
    ]
    if not with_history:
        return met("no prompt uses earlier messages")
    if "conversations" not in facts.tables:
        return missing(
            f"{name_some(with_history)} uses earlier messages, and no limit is configured",
            'set tokens, ttl and kilobytes in the table "conversations"',
        )
    return met("conversations have a window, a size and an end")


def _judge_tokens(facts: ReadinessFacts) -> Evidence:
    without = [name for name, one in facts.prompts.items() if not one.data.get("max_tokens")]
    if not facts.prompts or without:
        return missing(
            f"no limit on the answer: {name_some(without) or 'there is no prompt'}",
            "write the key max_tokens into the frontmatter",
        )
    return met(f"{each_prompt(len(facts.prompts))} limits the length of its answer")


_LEVEL = ReadinessLevel.PRODUCT
ITEMS = (
    ReadinessItem("runtime", _LEVEL, "Calls go through the runtime", _judge_runtime),
    ReadinessItem("guards", _LEVEL, "Breakers and spending guards are set", _judge_guards),
    ReadinessItem("cache", _LEVEL, "Identical requests are paid once", _judge_cache),
    ReadinessItem("monitoring", _LEVEL, "Volume and cost are watched", _judge_monitoring),
    ReadinessItem("versions", _LEVEL, "Prompts have versions and changelogs", _judge_versions),
    ReadinessItem("twenty-samples", _LEVEL, "Twenty samples run on every change", _judge_samples),
    ReadinessItem("fallbacks", _LEVEL, "A failing model has a fallback", _judge_fallbacks),
    ReadinessItem("conversations", _LEVEL, "Conversations are bounded", _judge_conversations),
    ReadinessItem("token-limits", _LEVEL, "Answers have a token limit", _judge_tokens),
)
