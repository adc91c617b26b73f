"""The items of the third level: production use with an on-call owner."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import count_of
from promptops.evals.nightly.branch import name_night
from promptops.readiness.item import (
    Evidence,
    ReadinessItem,
    ReadinessLevel,
    each_prompt,
    met,
    missing,
    name_some,
    unseen,
)
from promptops.readiness.tool import judge_samples
from promptops.repository.settings.guards import NO_LIMITS

if TYPE_CHECKING:
    from promptops.readiness.facts import ReadinessFacts

SAMPLES = 50
EDGE_TAG = "edge"
PLAYBOOKS = ("docs/incidents.md", "docs/playbook.md", "INCIDENTS.md", "docs/runbook.md")
_NIGHTLY = re.compile(
    r"^\s*-?\s*cron:|^\s*schedule:|CI_PIPELINE_SOURCE == \"schedule\"", re.MULTILINE
)
_MAX_NIGHTS_AGO = 3


def _judge_failover(facts: ReadinessFacts) -> Evidence:
    del facts
    return unseen("no drill has shown that a fallback answers", "promptops drill provider-outage")


def _judge_observability(facts: ReadinessFacts) -> Evidence:
    telemetry = facts.config.telemetry
    if telemetry.otel or telemetry.prometheus:
        return met("OpenTelemetry" if telemetry.otel else "Prometheus")
    return missing("no telemetry is configured", 'set otel = true in the table "telemetry"')


def _judge_alerts(facts: ReadinessFacts) -> Evidence:
    if not facts.config.alerts.channels:
        return missing("there is no channel for alerts", 'configure the table "alerts"')
    return unseen(
        "it is unknown whether an alert reaches a person", "promptops alerts test, then attest"
    )


def _judge_limits(facts: ReadinessFacts) -> Evidence:
    guards = facts.config.guards
    without = [
        name
        for name, limits in (("user", guards.per_user), ("tenant", guards.per_tenant))
        if limits == NO_LIMITS
    ]
    if without:
        return missing(
            f"no limit for each {' and '.join(without)}",
            f'configure the table "guards.per_{without[0]}"',
        )
    return met("each user and each tenant has limits")


def _judge_cost(facts: ReadinessFacts) -> Evidence:
    tenants = facts.runs.get("tenants", 0)
    if tenants:
        return met(
            f"runs of {count_of(tenants, 'tenant')} in 30 days; promptops runs stats --by tenant"
        )
    return missing("no run names its tenant", "pass tenant to registry.run")


def _judge_owners(facts: ReadinessFacts) -> Evidence:
    if facts.owners is None:
        return missing("there is no CODEOWNERS file", "promptops init --owner @ORG/TEAM")
    folder = facts.config.prompts
    unowned = [
        name for name in facts.prompts if not facts.owners.match(f"{folder}/{name}.md").owners
    ]
    if unowned:
        return missing(f"no owner for {name_some(unowned)}", "add a line to CODEOWNERS")
    if facts.config.gate.approvals == "off":
        return missing("the gate requires no approval", 'approvals = "auto" in the table "gate"')
    return met(f"{each_prompt(len(facts.prompts))} has an owner who must approve")


def _judge_samples(facts: ReadinessFacts) -> Evidence:
    found = judge_samples(facts, SAMPLES)
    if not found.outcome.is_good:
        return found
    return judge_samples(facts, 1, EDGE_TAG)


def _judge_nightly(facts: ReadinessFacts) -> Evidence:
    found = [
        path
        for path, text in facts.workflows.items()
        if _NIGHTLY.search(text) and "promptops eval" in text
    ]
    if not found:
        return missing(
            "no scheduled workflow runs evals",
            "promptops init --schedule",
        )
    if not facts.config.alerts.channels:
        return missing(f"{found[0]} runs evals without alerts", 'configure the table "alerts"')
    if not any("eval nightly" in facts.workflows[path] for path in found):
        return met(f"{found[0]} runs evals on a schedule")
    last = facts.last_night
    if last is None:
        return unseen(
            f"{found[0]} exists, but this clone has no nightly results",
            "run promptops eval trends",
        )
    if last < name_night(facts.now - _MAX_NIGHTS_AGO * 86400):
        return missing(f"the last night on record is {last}", f"check why {found[0]} does not run")
    return met(f"{found[0]} runs evals on a schedule, last on {last}")


def _judge_shares(facts: ReadinessFacts) -> Evidence:
    for deployment in facts.deployments:
        if any("%" in change.after for change in deployment.changes):
            return met(f"deployment {deployment.number} of {deployment.environment} split traffic")
    return missing(
        "no version was compared on a share of the traffic",
        "promptops promote NAME --share 10, then promptops runs stats --compare A B",
    )


def _judge_review(facts: ReadinessFacts) -> Evidence:
    found = [name for name, one in facts.prompts.items() if one.data.get("review")]
    if not found:
        return missing("no answer is reviewed by a person", "write the key review into a prompt")
    return met(f"{name_some(found)} asks for a review of uncertain answers")


def _judge_state(facts: ReadinessFacts) -> Evidence:
    log, guards = facts.config.log, facts.config.guards
    if log.encryption_key is None:
        return missing("the run log is not encrypted", 'set encryption_key in the table "log"')
    if guards.ledger == "memory":
        return missing("the ledger is kept in memory only", 'set ledger in the table "guards"')
    return met("the log is encrypted, and erasures and resets leave an audit row")


def _judge_retention(facts: ReadinessFacts) -> Evidence:
    seconds = facts.config.log.retention_seconds
    if seconds is None:
        return missing("runs are kept forever", 'set retention = "90d" in the table "log"')
    return met(f"runs are kept for {seconds // 86400:,} days")


def _judge_validation(facts: ReadinessFacts) -> Evidence:
    without = [
        name for name, one in facts.prompts.items() if one.output is None and one.data.get("inputs")
    ]
    if not facts.prompts:
        return missing("there is no active prompt", "promptops new NAME")
    if without:
        return missing(
            f"inputs are checked; the answer is any text in {name_some(without)}",
            "write the key output into the frontmatter, or attest that text is meant",
        )
    return met(f"{each_prompt(len(facts.prompts))} declares its inputs and its output")


def _judge_audits(facts: ReadinessFacts) -> Evidence:
    del facts
    return unseen("no audit of the last 90 days", "promptops readiness --audit")


def _judge_personal_data(facts: ReadinessFacts) -> Evidence:
    content = facts.config.log.content
    if content == "full":
        return missing("the log keeps texts unredacted", 'content = "redacted" in the table "log"')
    return met("texts are redacted" if content == "redacted" else "no texts are kept")


def _judge_playbook(facts: ReadinessFacts) -> Evidence:
    found = facts.has_file(*PLAYBOOKS)
    if found is None:
        return missing(f"none of {', '.join(PLAYBOOKS)}", "promptops init --operations")
    return met(found)


def _judge_approvals(facts: ReadinessFacts) -> Evidence:
    if not facts.config.gate.branches and not any(
        "promptops" in t for t in facts.workflows.values()
    ):
        return missing("no CI runs the gate", "promptops init")
    if not any(one.approvals or one.deployers for one in facts.config.environments):
        return missing(
            "anyone can deploy to any environment",
            'set deployers or approvals in "environments.production"',
        )
    return met("changes pass the gate, and an environment limits who may deploy")


def _judge_quarter(facts: ReadinessFacts) -> Evidence:
    del facts
    return unseen("no review of the last quarter", "promptops readiness --quarter")


def _judge_recovery(facts: ReadinessFacts) -> Evidence:
    del facts
    return unseen("no drill has shown that a backup can be restored", "promptops drill restore")


_LEVEL = ReadinessLevel.PRODUCTION
ITEMS = (
    ReadinessItem("failover", _LEVEL, "Failover was shown by a drill", _judge_failover),
    ReadinessItem("observability", _LEVEL, "Runs are observed", _judge_observability),
    ReadinessItem("alerts", _LEVEL, "Alerts were tested", _judge_alerts),
    ReadinessItem("limits", _LEVEL, "Users and tenants have limits", _judge_limits),
    ReadinessItem("cost", _LEVEL, "Cost is known by customer", _judge_cost),
    ReadinessItem("owners", _LEVEL, "Prompts have owners who approve", _judge_owners),
    ReadinessItem("fifty-samples", _LEVEL, "Fifty samples with edge cases", _judge_samples),
    ReadinessItem("nightly", _LEVEL, "Evals run at night, with alarms", _judge_nightly),
    ReadinessItem("shares", _LEVEL, "Versions were compared on shares", _judge_shares, 366),
    ReadinessItem("review", _LEVEL, "Uncertain answers are reviewed by people", _judge_review),
    ReadinessItem("state", _LEVEL, "State is durable, encrypted and audited", _judge_state),
    ReadinessItem("retention", _LEVEL, "Data has a retention", _judge_retention),
    ReadinessItem("validation", _LEVEL, "Inputs and outputs are validated", _judge_validation),
    ReadinessItem("audits", _LEVEL, "Prompts are audited", _judge_audits),
    ReadinessItem("personal-data", _LEVEL, "No personal data in logs", _judge_personal_data),
    ReadinessItem("playbook", _LEVEL, "There is an incident playbook", _judge_playbook),
    ReadinessItem("approvals", _LEVEL, "There is an approval process", _judge_approvals),
    ReadinessItem("quarter", _LEVEL, "Every quarter is reviewed", _judge_quarter, 100),
    ReadinessItem("recovery", _LEVEL, "The recovery plan was tested", _judge_recovery),
)
