"""Write the site's data as HTML.

All texts are untrusted: templates escape everything, and each page's content security policy allows
only the site's own style and script.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from promptops.about import __version__
from promptops.delivery.status import Concern
from promptops.prompt.diff.flow import read_flow
from promptops.prompt.diff.text import LineKind
from promptops.prompt.inputs import input_schemas
from promptops.prompt.times import format_minute, format_time
from promptops.prompt.values import list_types
from promptops.readiness.checklist import count_good
from promptops.readiness.item import ReadinessLevel, ReadinessOutcome
from promptops.readiness.report import describe_reached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType

    from jinja2.bccache import Bucket

    from promptops.delivery.environments import Deployment, DeploymentChange
    from promptops.delivery.listing import Listed
    from promptops.delivery.status import Item
    from promptops.readiness.checklist import Judged, Readiness
    from promptops.runtime.log.statistics import RunGroup
    from promptops.site.facts import LiveCell, SiteExtras, SiteFacts, SitePrompt
    from promptops.site.nights import SiteTrend
    from promptops.site.preview.trying import TryPage
    from promptops.site.results import GivenEval

FOLDER = Path(__file__).parent
# More are listed by `history`.
MAX_DEPLOYMENTS = 500
_SIGNS = {LineKind.CONTEXT: " ", LineKind.REMOVED: "\N{MINUS SIGN}", LineKind.ADDED: "+"}
_BAD = frozenset({Concern.INVALID, Concern.YANKED, Concern.PAUSED, Concern.PENDING})
_ACTIONS = {"rollback": "bad", "restore": "bad", "pause": "bad", "retire": "doubt"}
# Control characters that are invalid in HTML, direction controls, and tag characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_OUTCOMES = {
    ReadinessOutcome.MET: "good",
    ReadinessOutcome.ATTESTED: "good",
    ReadinessOutcome.MISSING: "bad",
    ReadinessOutcome.UNSEEN: "doubt",
}
# A page opened from disk has no origin, so 'self' would match nothing.
_POLICY = "default-src 'none'; style-src 'self' file:; script-src 'self' file:; form-action 'none'"

# A preview polls its server for changes; only the form's page may send a form.
_PREVIEW_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
_FORM_POLICY = _PREVIEW_POLICY.replace("form-action 'none'", "form-action 'self'")


class SiteRow(NamedTuple):
    """One prompt on the first page.

    Attributes:
        listed: its list entry.
        owners: its owners.
        cells: its live versions, by environment.
        waiting: its unfinished work.
        words: the search text, in lower case.
    """

    listed: Listed
    owners: tuple[str, ...]
    cells: Mapping[str, LiveCell]
    waiting: tuple[Item, ...]
    words: str

    @property
    def is_paused(self) -> bool:
        """Whether it is paused in any environment."""
        return any(cell.entry.paused is not None for cell in self.cells.values())


class SiteEnvironment(NamedTuple):
    """One environment.

    Attributes:
        name: its name.
        number: the number of its newest deployment.
        at: the time of that deployment, in seconds since 1970.
        live: the number of live prompts.
        paused: the number of paused ones among them.
        deployments: the latest deployments, newest first.
        older: the number of older ones.
    """

    name: str
    number: int
    at: int
    live: int
    paused: int
    deployments: Sequence[Deployment]
    older: int


class PausedPrompt(NamedTuple):
    """A prompt that is paused in an environment.

    Attributes:
        name: the prompt.
        cell: its live versions there, and who paused it.
    """

    name: str
    cell: LiveCell


class EvidenceSummary(NamedTuple):
    """The newest eval results in a prompt's releases.

    Attributes:
        version: the release's version.
        is_good: whether all suites passed.
        text: the results in words.
    """

    version: str
    is_good: bool
    text: str


@dataclass
class SiteSummary:
    """The shared data of all pages.

    Attributes:
        facts: the repository.
        title: the name of the site.
        commit: the checked-out commit, or None.
        at: the time of the newest commit or deployment, in seconds since 1970.
        extras: data that is not from the repository.
        readiness: the judged readiness checklist.
        evidence: prompt -> the newest eval results in its releases.
        version: promptops' version.
    """

    facts: SiteFacts
    title: str
    commit: str | None
    at: int
    extras: SiteExtras
    readiness: Readiness
    evidence: dict[str, EvidenceSummary] = field(default_factory=dict)
    version: str = __version__

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all prompts with a page."""
        return frozenset(self.facts.listed)

    @cached_property
    def environments(self) -> tuple[SiteEnvironment, ...]:
        """The environments in promotion order."""
        found = []
        for name, head in self.facts.heads.items():
            entries = head.state.entries.values()
            deployments = self.facts.deployments[name]
            found.append(
                SiteEnvironment(
                    name,
                    head.deployment.number,
                    head.deployment.author.time_seconds,
                    len(entries),
                    sum(one.paused is not None for one in entries),
                    deployments[:MAX_DEPLOYMENTS],
                    max(len(deployments) - MAX_DEPLOYMENTS, 0),
                )
            )
        return tuple(found)

    @cached_property
    def rows(self) -> tuple[SiteRow, ...]:
        """The prompts, sorted by name."""
        facts = self.facts
        rows = []
        for name, listed in facts.listed.items():
            owners = facts.owners_of(name)
            cells = {cell.environment: cell for cell in facts.live(name)}
            waiting = facts.waiting.get(name, ())
            states = [f"live:{one}" for one in cells] + [item.concern.value for item in waiting]
            parts = [name, listed.description, listed.author, listed.model, listed.status]
            words = " ".join([*parts, *owners, *listed.tags, *states]).lower()
            rows.append(SiteRow(listed, owners, cells, waiting, words))
        return tuple(rows)

    @cached_property
    def last(self) -> SiteEnvironment | None:
        """The last environment in promotion order, usually production; or None."""
        return self.environments[-1] if self.environments else None

    @cached_property
    def paused(self) -> tuple[PausedPrompt, ...]:
        """The paused prompts, those of the last environment first."""
        return tuple(
            PausedPrompt(name, cell)
            for environment in reversed(list(self.facts.heads))
            for name in self.facts.heads[environment].state.entries
            for cell in self.facts.live(name)
            if cell.environment == environment and cell.entry.paused is not None
        )

    @cached_property
    def levels(self) -> tuple[tuple[ReadinessLevel, tuple[Judged, ...], int], ...]:
        """The checklist by level: level, items, and the number of met items."""
        found = []
        for level in ReadinessLevel:
            judged = tuple(one for one in self.readiness.judged if one.item.level is level)
            found.append((level, judged, count_good(judged)))
        return tuple(found)

    @cached_property
    def newest_results(self) -> tuple[GivenEval, ...]:
        """The newest result of each suite with each model, failures first."""
        found: dict[tuple[str, str, str], GivenEval] = {}
        for one in self.extras.results:
            found.setdefault((one.prompt, one.suite, one.model), one)
        return tuple(sorted(found.values(), key=lambda one: (one.tone == "good", one.prompt)))

    @cached_property
    def trends(self) -> tuple[SiteTrend, ...]:
        """The nightly eval results, alarms first."""
        found = [one for trends in self.facts.trends.values() for one in trends]
        order = {"bad": 0, "doubt": 1}
        return tuple(sorted(found, key=lambda one: (order.get(one.tone, 2), one.prompt)))

    @cached_property
    def unproven(self) -> tuple[str, ...]:
        """The prompts that are live in the last environment without eval results."""
        cells = [(row.listed.name, row.cells) for row in self.rows]
        last = self.last
        if last is None:
            return ()
        return tuple(
            name for name, live in cells if last.name in live and name not in self.evidence
        )

    @property
    def reached(self) -> str:
        """The reached level of the checklist, as a sentence."""
        return describe_reached(self.readiness)

    @cached_property
    def waiting(self) -> tuple[tuple[Concern, tuple[Item, ...]], ...]:
        """The unfinished work, by kind."""
        items = [item for found in self.facts.waiting.values() for item in found]
        groups = [
            (concern, [one for one in items if one.concern is concern]) for concern in Concern
        ]
        return tuple((concern, tuple(found)) for concern, found in groups if found)

    @cached_property
    def waiting_count(self) -> int:
        """The number of unfinished things."""
        return sum(len(items) for _, items in self.waiting)


def page_path(name: str) -> str:
    """Return the path of a prompt's page, from the site's top."""
    return f"prompts/{name}.html"


class _CompiledPages(BytecodeCache):
    """An in-process cache of compiled templates, because a preview makes pages often."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a bucket's code, if the same source was compiled before."""
        code = self._codes.get((bucket.key, bucket.checksum))
        if code is not None:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store a bucket's code."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _CompiledPages()


class SitePages:
    """Makes pages."""

    def __init__(self, site: SiteSummary) -> None:
        """Store the shared data."""
        self._site = site
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_finalize,
            bytecode_cache=_COMPILED,
        )
        self._templates.filters.update(
            time=_format_time,
            page=lambda name: quote(page_path(name)),
            tone=lambda concern: "bad" if concern in _BAD else "doubt",
            action_tone=lambda action: _ACTIONS.get(action, "good"),
            sign=_SIGNS.__getitem__,
            value=_format_value,
            line=lambda text: text.removesuffix("\n"),
            kind=_describe_type,
            versions=_describe_versions,
            cost=_format_cost,
            number="{:,}".format,
            span=_format_span,
            points=lambda share: f"{100 * share:+.1f}",
            outcome_tone=_OUTCOMES.__getitem__,
        )
        policy = _PREVIEW_POLICY if site.extras.is_preview else _POLICY
        self._templates.globals.update(site=site, policy=policy)

    def make_index(self) -> str:
        """Return the first page: all prompts with their live versions."""
        return self._make("index", root="")

    def make_waiting(self) -> str:
        """Return the page of unfinished work."""
        return self._make("waiting", root="")

    def make_deployments(self) -> str:
        """Return the page of deployments: who deployed what, when and why."""
        return self._make("deployments", root="")

    def make_readiness(self) -> str:
        """Return the page of the readiness checklist."""
        return self._make("readiness", root="")

    def make_evals(self) -> str:
        """Return the page of eval results."""
        return self._make("evals", root="")

    def make_runs(self) -> str:
        """Return the page of run statistics."""
        return self._make("runs", root="")

    def make_prompt(self, one: SitePrompt) -> str:
        """Return the page of a prompt."""
        elements = read_flow(one.prompt).elements if one.prompt is not None else ()
        extras = self._site.extras
        return self._make(
            "prompt",
            root="../" * (one.listed.name.count("/") + 1),
            one=one,
            elements=elements,
            results=extras.results_of(one.listed.name),
            trends=self._site.facts.trends.get(one.listed.name, ()),
            runs=extras.runs.prompts.get(one.listed.name) if extras.runs is not None else None,
            inputs=input_schemas(one.prompt.inputs) if one.prompt is not None else {},
        )

    def make_form(self, page: TryPage, *, token: str, may_run: bool) -> str:
        """Return the page of the form that renders and runs a prompt.

        Args:
            page: the form and its result.
            token: the form's token, which proves that this page sent it.
            may_run: whether prompts may be run here.
        """
        values = {"root": "/", "one": page, "token": token, "may_run": may_run}
        return self._make("try", policy=_FORM_POLICY, **values)

    def _make(self, template: str, **values: Any) -> str:  # noqa: ANN401 - what the template takes
        text = self._templates.get_template(f"{template}.html").render(here=template, **values)
        return text.encode("utf-8", "replace").decode()


def _format_time(seconds: int) -> Markup:
    try:
        shown = format_minute(seconds)
    except (ValueError, OverflowError, OSError):
        return Markup("{}").format(format_time(seconds))  # a year that HTML does not allow
    return Markup('<time datetime="{}">{}</time>').format(format_time(seconds), shown)


def _format_cost(micros: int) -> str:
    """Format micro-dollars as dollars: in cents, or with three digits if that would be zero."""
    dollars = micros / 1_000_000
    if dollars >= 0.995 or not micros:
        return f"${dollars:,.2f}"
    return f"${dollars:.2g}" if dollars >= 0.000_1 else "<$0.0001"


def _format_span(group: RunGroup, which: str) -> str:
    """Format a percentile of run durations; `~` marks an estimate from a histogram."""
    ms: float | None = getattr(group, which)
    if ms is None:
        return "—"
    about = "" if group.is_exact else "~"
    return f"{about}{ms:,.0f} ms" if ms < 10_000 else f"{about}{ms / 1000:,.1f} s"


def _describe_type(schema: Mapping[str, Any]) -> str:
    types = " or ".join(list_types(schema))
    choices = schema.get("enum")
    if isinstance(choices, list):
        return "one of " + ", ".join(map(_format_value, choices))
    return types or "any"


def _format_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _show(text: str) -> str:
    """Return a text with invisible and reordering characters made visible."""
    return _UNSEEN.sub(_name_character, text)


def _name_character(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "\ufffd" if code < 0x20 else f"[U+{code:04X}]"


def _finalize(value: object) -> object:
    """Return a template value as shown on a page; texts are put on one safe line."""
    return _show(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _describe_versions(change: DeploymentChange) -> str:
    return " → ".join(change.sides)
