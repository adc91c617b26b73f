"""Write the site's data as HTML.

All texts are untrusted: templates escape everything, and each page's content security policy allows
only the site's own style and script.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from promptops.about import __version__
from promptops.delivery.environments import NOTHING
from promptops.delivery.status import Concern
from promptops.prompt.diff.flow import read_flow
from promptops.prompt.diff.text import LineKind
from promptops.prompt.inputs import input_schemas
from promptops.prompt.times import format_minute
from promptops.prompt.values import list_types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.delivery.environments import Deployment, DeploymentChange
    from promptops.delivery.listing import Listed
    from promptops.delivery.status import Item
    from promptops.site.facts import LiveCell, SiteFacts, SitePrompt

FOLDER = Path(__file__).parent
# More are listed by `history`.
MAX_DEPLOYMENTS = 500
_SIGNS = {LineKind.CONTEXT: " ", LineKind.REMOVED: "\N{MINUS SIGN}", LineKind.ADDED: "+"}
_BAD = frozenset({Concern.INVALID, Concern.YANKED, Concern.PAUSED, Concern.PENDING})
_ACTIONS = {"rollback": "bad", "restore": "bad", "pause": "bad", "retire": "doubt"}
# A page opened from disk has no origin, so 'self' would match nothing.
_POLICY = "default-src 'none'; style-src 'self' file:; script-src 'self' file:; form-action 'none'"


class SiteRow(NamedTuple):
    """One prompt on the first page.

    Attributes:
        listed: its list entry.
        owners: its owners.
        cells: what is live of it, by environment.
        waiting: its unfinished work.
        words: the search text, in lower case.
    """

    listed: Listed
    owners: tuple[str, ...]
    cells: Mapping[str, LiveCell]
    waiting: tuple[Item, ...]
    words: str


class SiteEnvironment(NamedTuple):
    """One environment.

    Attributes:
        name: its name.
        number: the number of its newest deployment.
        at: when that was made, in seconds since 1970.
        live: how many prompts are live.
        paused: how many of these are paused.
        deployments: the newest deployments, the newest first.
        older: the number of older ones.
    """

    name: str
    number: int
    at: int
    live: int
    paused: int
    deployments: Sequence[Deployment]
    older: int


@dataclass
class SiteSummary:
    """The shared data of all pages.

    Attributes:
        facts: the repository.
        title: the name of the site.
        commit: the commit that is checked out; None: there is none.
        at: when the newest commit or deployment was made, in seconds since 1970.
        version: the version of promptops.
    """

    facts: SiteFacts
    title: str
    commit: str | None
    at: int
    version: str = __version__

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all prompts that have a page."""
        return frozenset(self.facts.listed)

    @cached_property
    def environments(self) -> tuple[SiteEnvironment, ...]:
        """The environments, in the order of promotion."""
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
        """The prompts, by name."""
        facts = self.facts
        rows = []
        for name, listed in facts.listed.items():
            owners = facts.owners_of(name)
            parts = [name, listed.description, listed.author, listed.model, listed.status]
            words = " ".join([*parts, *owners, *listed.tags]).lower()
            cells = {cell.environment: cell for cell in facts.live(name)}
            rows.append(SiteRow(listed, owners, cells, facts.waiting.get(name, ()), words))
        return tuple(rows)

    @cached_property
    def waiting(self) -> tuple[tuple[Concern, tuple[Item, ...]], ...]:
        """What is unfinished, by kind."""
        items = [item for found in self.facts.waiting.values() for item in found]
        groups = [
            (concern, [one for one in items if one.concern is concern]) for concern in Concern
        ]
        return tuple((concern, tuple(found)) for concern, found in groups if found)

    @cached_property
    def waiting_count(self) -> int:
        """How many things are unfinished."""
        return sum(len(items) for _, items in self.waiting)


def page_path(name: str) -> str:
    """Return the path of a prompt's page, from the site's top."""
    return f"prompts/{name}.html"


class SitePages:
    """Makes pages."""

    def __init__(self, site: SiteSummary) -> None:
        """Store the shared data."""
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            time=_format_time,
            page=lambda name: quote(page_path(name)),
            tone=lambda concern: "bad" if concern in _BAD else "doubt",
            action_tone=lambda action: _ACTIONS.get(action, "good"),
            sign=_SIGNS.__getitem__,
            value=_format_value,
            line=lambda text: _show(text.removesuffix("\n")),
            visible=_show,
            kind=lambda schema: " or ".join(list_types(schema)) or "any",
            versions=_describe_versions,
        )
        self._templates.globals.update(site=site, policy=_POLICY)

    def make_index(self) -> str:
        """Return the first page: all prompts, and what is live where."""
        return self._make("index", root="")

    def make_waiting(self) -> str:
        """Return the page of what is unfinished."""
        return self._make("waiting", root="")

    def make_deployments(self) -> str:
        """Return the page of who deployed what, when and why."""
        return self._make("deployments", root="")

    def make_prompt(self, one: SitePrompt) -> str:
        """Return the page of a prompt."""
        elements = read_flow(one.prompt).elements if one.prompt is not None else ()
        return self._make(
            "prompt",
            root="../" * (one.listed.name.count("/") + 1),
            one=one,
            elements=elements,
            inputs=input_schemas(one.prompt.inputs) if one.prompt is not None else {},
        )

    def _make(self, template: str, **values: Any) -> str:  # noqa: ANN401 - what the template takes
        text = self._templates.get_template(f"{template}.html").render(here=template, **values)
        return text.encode("utf-8", "replace").decode()


def _format_time(seconds: int) -> Markup:
    moment = datetime.fromtimestamp(seconds, UTC)
    shown = format_minute(seconds)
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), shown)


def _format_value(value: object) -> str:
    if isinstance(value, str):
        return _show(value)
    return _show(json.dumps(value, ensure_ascii=False, indent=2))


def _show(text: str) -> str:
    """Return a text with the control characters that HTML cannot hold made visible."""
    return "".join(one if one >= " " or one in "\n\t" else "\ufffd" for one in text)


def _describe_versions(change: DeploymentChange) -> str:
    before, after = (
        "(not deployed)" if side == NOTHING else side for side in (change.before, change.after)
    )
    return f"{before} → {after}"
