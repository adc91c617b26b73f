"""Build a runner from a repository's configuration and the process's environment."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

from promptops.repository.prices import Prices
from promptops.runtime.alerts.opening import open_alerter
from promptops.runtime.guards.breaker import Breakers
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.opening import open_ledger
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.log import open_log
from promptops.runtime.log.record import Event
from promptops.runtime.log.recorder import Recorder
from promptops.runtime.models import Models
from promptops.runtime.run.interface import Tools
from promptops.runtime.run.runner import Runner
from promptops.runtime.safety.safety import open_safety
from promptops.runtime.stores.addresses import find_store
from promptops.runtime.stores.log_place import find_log
from promptops.runtime.telemetry.opening import find_counts, open_telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.repository.config import Config
    from promptops.repository.repository import Repository
    from promptops.runtime.log.log import RunLog
    from promptops.runtime.registry import Registry


def _warn(text: str) -> None:
    """Warn the operator. Imports logging only if needed."""
    import logging

    logging.getLogger("promptops").warning("%s", text)


def open_runner(registry: Registry, repository: Repository | None, config: Config) -> Runner:
    """Return the runner of a registry.

    Args:
        registry: the registry.
        repository: the local repository, for its log and the files of `scripted/` models; None: use
            the user's log.
        config: the configuration.

    Raises:
        ConfigurationError: the configuration is invalid, or the variable with the ledger's address
            is not set.
    """
    settings = config.log
    common = None if repository is None else repository.git.common_dir
    top = None if repository is None else repository.git.work_tree

    def open_runs() -> RunLog:
        place = find_log(settings, os.environ, common_dir=common, top=top)
        return open_log(place, settings, clock=time.time, random=os.urandom, key=os.environ.get)

    models = config.models

    def allows(model: str, path: str) -> bool:
        return models.allows(model, f"{config.prompts}/{path}")

    guards = config.guards
    ledger = open_ledger(find_store(guards.place, settings, os.environ, common_dir=common, top=top))
    recorder = Recorder(open_runs, warn=_warn)

    telemetry = None
    if "telemetry" in config.tables:
        counts = find_counts(config.telemetry, settings, os.environ, common_dir=common, top=top)
        telemetry = open_telemetry(config.telemetry, counts, _warn)

    safety = None
    if "safety" in config.tables:
        safety = open_safety(config.safety, os.environ)

    def record(kind: str, detail: Mapping[str, object]) -> None:
        now = time.time()
        if telemetry is not None:
            telemetry.event(kind, detail)
        recorder.event(Event(make_id(now, os.urandom(10)), now, kind, None, detail))

    alerter = open_alerter(
        config.alerts,
        os.environ,
        ledger=ledger,
        clock=time.time,
        warn=_warn,
        record=record,
    )
    return Runner(
        registry,
        Tools(
            models=Models(models, root=top),
            prices=Prices(models),
            allows=allows,
            guards=Guards(
                guards,
                ledger,
                clock=time.time,
                notify=alerter.notify,
                warn=_warn,
            ),
            breakers=Breakers(
                guards.breaker,
                ledger,
                clock=time.time,
                token=lambda: os.urandom(8).hex(),
                notify=alerter.notify,
            ),
            recorder=recorder,
            open_log=open_runs,
            alerter=alerter,
            random_bytes=os.urandom,
            random=random.random,
            cache=config.cache,
            telemetry=telemetry,
            safety=safety,
        ),
    )
