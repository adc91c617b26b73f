"""Build everything that a run needs, from the configuration and the environment."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from promptops.errors import UsageError
from promptops.evals.calibration import ENDING, find_kappa
from promptops.evals.cap import CostCap
from promptops.evals.cluster import ClusterModels, count_threads
from promptops.evals.judging import open_embed, open_judge
from promptops.evals.pace import Pace
from promptops.evals.question import AskingTools, Mode
from promptops.evals.requirements import check_requirements
from promptops.evals.runner import run_evals
from promptops.evals.scorers.scorer import Context
from promptops.evals.tape import Journal, write_cassette
from promptops.evals.trial import Scoring
from promptops.evals.trial_log import EVAL, TrialLog
from promptops.files import read_file
from promptops.prompt.reference import parse_ref
from promptops.repository.prices import Prices
from promptops.runtime.lookup import resolve_selected
from promptops.runtime.models import Models
from promptops.runtime.models.keys import has_key
from promptops.runtime.stores.log_place import VARIABLE, find_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.evals.asking import Asker
    from promptops.evals.preparation import Preparation, SuiteChoice, SuitePart
    from promptops.evals.result import EvalResult
    from promptops.evals.runner import EvalProgress
    from promptops.repository.config import Config
    from promptops.repository.repository import Repository
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.log.log import RunLog
    from promptops.runtime.models.embedding import Embedder
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.safety.safety import Safety

_SETTLED_TOGETHER = 100
JOURNALS = "promptops-evals"
"""The folder of unfinished runs, in the Git folder."""


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """The options of a run.

    Attributes:
        mode: the source of answers; None: cassettes if a key is missing, else models.
        max_cost: the cost limit, in micro-dollars; None: the configured one.
        concurrency: the maximum number of concurrent trials; None: the configured one.
        resumes: whether to reuse answers of unfinished runs of the same kind.
        stand_in: a model that answers instead of all others.
        asks_always: whether expensive checks also run on answers that failed cheap ones.
        allows_python: whether functions of the repository may run as scorers.
        keeps: whether to keep answers for later runs of this process, until `forget_answers`.
        cluster: the address of a Dask scheduler whose workers call the models; None: this process.
    """

    mode: Mode | None = None
    max_cost: int | None = None
    concurrency: int | None = None
    resumes: bool = False
    stand_in: str | None = None
    asks_always: bool = False
    allows_python: bool = True
    keeps: bool = False
    cluster: str | None = None


def choose_mode(
    preparation: Preparation,
    repository: Repository,
    options: EvalOptions,
    environment: Mapping[str, str],
) -> Mode:
    """Choose the source of answers.

    Cassettes are used if a key is missing and every suite has one, or if all keys are missing and
    any suite has one.
    """
    if options.mode is not None:
        return options.mode
    if options.stand_in is not None or not any(len(part.tape) for part in preparation.parts):
        return Mode.LIVE
    settings = repository.config.models
    models = {model for part in preparation.parts for model in part.models}
    models |= {one.baseline_model for one in preparation.parts if one.baseline_model is not None}
    missing = [model for model in models if not has_key(model, settings, environment)]
    is_replayed = bool(missing) and (preparation.has_cassettes or len(missing) == len(models))
    return Mode.REPLAY if is_replayed else Mode.LIVE


def open_prices(repository: Repository) -> Prices:
    """Return the prices that the repository's configuration and the package know."""
    return Prices(repository.config.models)


def run(
    repository: Repository,
    preparation: Preparation,
    choice: SuiteChoice,
    options: EvalOptions,
    on_progress: Callable[[EvalProgress], None],
) -> EvalResult:
    """Execute a prepared run. Ctrl-C ends it early; the result then has the finished trials.

    A recording run writes the cassettes when it is complete. Raises UsageError, before calling a
    model, if a check's requirements are missing.
    """
    check_requirements(repository, preparation.parts, allows_python=options.allows_python)
    config = repository.config
    settings = config.eval
    mode = choose_mode(preparation, repository, options, os.environ)
    top = repository.require_work_tree()
    cluster = None if mode is Mode.REPLAY else options.cluster
    usual = settings.concurrency if cluster is None else count_threads(cluster)
    concurrency = options.concurrency or usual
    cap = options.max_cost if options.max_cost is not None else settings.max_cost
    token = f"{os.getpid()}-{secrets.token_hex(8)}"
    journal = Journal(
        None if mode is Mode.REPLAY else repository.git.common_dir / JOURNALS,
        _name(preparation, choice, options),
        token,
        resumes=options.resumes or options.keeps,
    )
    tools = _make_tools(
        repository,
        CostCap(cap),
        Pace(concurrency),
        journal,
        token,
        mode=mode,
        stand_in=options.stand_in,
        log=None if mode is Mode.REPLAY else _open_log(repository, token),
    )
    if cluster is not None:
        tools = replace(tools, models=ClusterModels(cluster, config.models, root=top))
    context = Context(root=top, allows_python=options.allows_python)

    def scoring(asker: Asker, loop: asyncio.AbstractEventLoop) -> Callable[[SuitePart], Scoring]:
        def of_part(part: SuitePart) -> Scoring:
            embed = None if tools.embedder is None else open_embed(asker, loop)
            made = Scoring(context, None, embed, options.asks_always)
            resolved = find_judge(repository, part)
            if resolved is None:
                return made
            return replace(
                made,
                open_judge=open_judge(asker, loop, resolved, None),
                judge_counts=judge_counts(repository, resolved),
            )

        return of_part

    result: EvalResult | None = None

    async def evaluate() -> None:
        # `asyncio.run` would format the coroutine's result, which is slow for many samples.
        nonlocal result
        result = await run_evals(
            preparation, tools, scoring, workers=concurrency, on_progress=on_progress
        )

    try:
        asyncio.run(evaluate())
    finally:
        if tools.guards is not None:
            tools.guards.close()
        is_done = result is not None and not result.stopped
        journal.close(is_done=is_done and not options.keeps)
    assert result is not None  # noqa: S101 - an error left above
    if mode is Mode.RECORD:
        _write_cassettes(repository, preparation, choice, result)
    return result


def _open_log(repository: Repository, token: str) -> TrialLog | None:
    """Return the run log for a run's trials, if the repository or the environment names one."""
    config = repository.config
    settings = config.log
    is_named = "log" in config.tables or os.environ.get(VARIABLE)
    if not is_named or not settings.evals:
        return None
    from promptops.runtime.log.log import open_log
    from promptops.runtime.log.recorder import Recorder

    git = repository.git

    def open_runs() -> RunLog:
        place = find_log(settings, os.environ, common_dir=git.common_dir, top=git.work_tree)
        return open_log(place, settings, clock=time.time, random=os.urandom, key=os.environ.get)

    def warn(text: str) -> None:
        import logging

        logging.getLogger("promptops").warning("%s", text)

    return TrialLog(Recorder(open_runs, warn=warn), token)


def open_tools(repository: Repository, max_cost: int | None) -> AskingTools:
    """Return the tools for asking a few questions outside of suites; nothing is recorded.

    Args:
        repository: the repository.
        max_cost: the cost limit in micro-dollars; None: that of `[eval]`.
    """
    token = f"{os.getpid()}-{secrets.token_hex(8)}"
    cap = max_cost if max_cost is not None else repository.config.eval.max_cost
    journal = Journal(None, "", token, resumes=False)
    return _make_tools(repository, CostCap(cap), Pace(1), journal, token)


def _make_tools(
    repository: Repository,
    cost_cap: CostCap,
    pace: Pace,
    journal: Journal,
    token: str,
    *,
    mode: Mode = Mode.LIVE,
    stand_in: str | None = None,
    log: TrialLog | None = None,
) -> AskingTools:
    config = repository.config
    return AskingTools(
        Models(config.models, root=repository.require_work_tree()),
        Prices(config.models),
        cost_cap,
        pace,
        journal,
        mode,
        stand_in,
        lambda ref: resolve_selected(repository, parse_ref(ref)),
        _open_guards(repository),
        f"eval-{token}",
        _open_embedder(repository),
        _open_safety(config),
        lambda model, path: config.models.allows(model, f"{config.prompts}/{path}"),
        log,
    )


def find_judge(repository: Repository, part: SuitePart) -> ResolvedPrompt | None:
    """Return the judge prompt of a suite, or None."""
    ref = part.suite.judge or repository.config.eval.judge
    return None if ref is None else resolve_selected(repository, parse_ref(ref))


def forget_answers(repository: Repository) -> None:
    """Remove the answers that runs of this process kept for later runs."""
    folder = repository.git.common_dir / JOURNALS
    for file in folder.glob(f"*-{os.getpid()}-*.jsonl"):
        file.unlink(missing_ok=True)


def _open_safety(config: Config) -> Safety | None:
    """Return the safety settings that change messages as in production, but refuse nothing."""
    if "safety" not in config.tables:
        return None
    from dataclasses import replace

    from promptops.runtime.safety.safety import Safety

    settings = replace(config.safety, scan="off", scan_answers="off")
    canary = "off" if settings.canary == "off" else "log"
    return Safety(replace(settings, canary=canary), None)


def _open_embedder(repository: Repository) -> tuple[str, Embedder] | None:
    name = repository.config.eval.embedding
    if name is None:
        return None
    from promptops.runtime.models.embedding import Embedder

    return name, Embedder(name, repository.config.models, os.environ, repository.git.work_tree)


def _open_guards(repository: Repository) -> Guards | None:
    """Return the limits of the environment `eval`, shared by all runs, or None."""
    config = repository.config
    if EVAL not in config.guards.environments:
        return None
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.guards.opening import open_ledger
    from promptops.runtime.stores.addresses import find_store

    git = repository.git
    place = find_store(
        config.guards.place, config.log, os.environ, common_dir=git.common_dir, top=git.work_tree
    )
    ledger = open_ledger(place)
    return Guards(config.guards, ledger, clock=time.time, settles_together=_SETTLED_TOGETHER)


def judge_counts(repository: Repository, judge: ResolvedPrompt) -> bool:
    """Return whether a judge's rulings count: its agreement with people must be high enough."""
    least = repository.config.eval.agreement
    if least is None:
        return True
    path = f"{repository.config.evals}/{judge.name}{ENDING}"
    file = repository.require_work_tree() / path
    data = read_file(file) if file.exists() else None
    found = find_kappa(data, judge.digest, judge.model)
    return found is not None and found >= least


def _name(preparation: Preparation, choice: SuiteChoice, options: EvalOptions) -> str:
    """Return a run's name, by which a resumed run finds its answers.

    A stand-in is part of the name, because its answers are not those of the real model.
    """
    paths = [part.suite.path for part in preparation.parts]
    content = [
        paths,
        choice.at,
        choice.against,
        choice.models,
        choice.shard,
        choice.using,
        choice.is_noise,
        options.stand_in,
    ]
    return sha256(json.dumps(content).encode()).hexdigest()[:16]


def _write_cassettes(
    repository: Repository, preparation: Preparation, choice: SuiteChoice, result: EvalResult
) -> None:
    top = repository.require_work_tree()
    is_whole = not result.stopped and not choice.only and choice.shard == (1, 1)
    for part in preparation.parts:
        entries = part.tape.used() if is_whole else part.tape.all()
        if not entries:
            raise UsageError("nothing was recorded: no model answered")
        write_cassette(top / part.cassette, part.suite.prompt, entries)
