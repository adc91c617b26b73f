"""Import LiteLLM, and turn off its unused bookkeeping.

LiteLLM prices and records every call, even without callbacks, which takes half of the processor
time of a call. promptops does both itself. So its calls get a logging object that does nothing,
unless the application uses callbacks, a budget or a cache of LiteLLM. They also call the function
that `acompletion` runs in a thread directly, because the rest of `acompletion` only serves
callbacks, caches, fallbacks and retries.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import uuid
from contextvars import copy_context
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from promptops.runtime.models.model import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INSTALL_HINT = "run: pip install 'git-promptops[models]'"
RECORDS = (
    "callbacks",
    "input_callback",
    "success_callback",
    "failure_callback",
    "_async_input_callback",
    "_async_success_callback",
    "_async_failure_callback",
    "cache",
    "max_budget",
    "modify_params",
    "pre_call_rules",
    "post_call_rules",
)
"""LiteLLM settings of an application that need the bookkeeping."""

# Methods of LiteLLM's logging object; those that a version lacks are ignored.
_RECORDING = (
    "async_failure_handler",
    "async_success_handler",
    "claim_async_success_log",
    "dispatch_failure_handlers",
    "dispatch_success_handlers",
    "failure_handler",
    "handle_sync_success_callbacks_for_async_calls",
    "response_cost_calculator",
    "success_handler",
)
_loaded: list[Any] = []


def load(model: str) -> Any:  # noqa: ANN401 - the module
    """Return LiteLLM, configured; imported once. Raises ModelError if it is not installed."""
    if not _loaded:
        # LiteLLM reads these on import: no look-ups, no `.env` files of other projects.
        os.environ.setdefault("LITELLM_OFFLINE_MODE", "true")
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
        try:
            import litellm
        except ImportError as error:
            raise ModelError(
                f"{model}: calling this provider needs LiteLLM, which is not installed",
                model=model,
                kind="install",
                is_sent=False,
                hint=f"{INSTALL_HINT}; an endpoint of your own needs base_url in "
                f"[models.{model.partition('/')[0]}] of promptops.toml instead",
            ) from error
        litellm.suppress_debug_info = True  # LiteLLM prints to stdout
        litellm.telemetry = False
        _loaded.append(litellm)
    return _loaded[0]


async def complete(litellm: Any, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Do what `litellm.acompletion` does with these arguments, without unused bookkeeping."""
    spared = spare_records(litellm, arguments)
    if "litellm_logging_obj" not in spared:
        return await litellm.acompletion(**spared)
    call = partial(litellm.main.completion, **spared, acompletion=True)
    # In a thread, as `acompletion` does, because looking for credentials may take long.
    response = await asyncio.get_running_loop().run_in_executor(None, copy_context().run, call)
    return await response if inspect.isawaitable(response) else response


def spare_records(litellm: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Add an argument that keeps LiteLLM from recording the call; return the arguments.

    They are returned unchanged if the application uses the records, if this version of LiteLLM
    creates logging objects differently, and for streams, whose usage comes from the records.
    """
    if arguments.get("stream") or any(getattr(litellm, name, None) for name in RECORDS):
        return dict(arguments)
    make = _find_silent()
    if make is None or not _is_chat(arguments["model"], arguments.get("api_base")):
        return dict(arguments)
    number = str(uuid.uuid4())
    silent = make(
        model=arguments["model"],
        messages=arguments["messages"],
        stream=False,
        call_type="acompletion",
        start_time=datetime.now(),  # noqa: DTZ005 - LiteLLM subtracts times without a zone
        litellm_call_id=number,
        function_id="",
    )
    return {**arguments, "litellm_logging_obj": silent, "litellm_call_id": number}


@lru_cache(maxsize=256)
def _is_chat(model: str, base_url: str | None) -> bool:
    """Return whether a model supports chats itself; for others, `acompletion` translates."""
    import litellm

    try:
        provider = litellm.get_llm_provider(model=model, api_base=base_url)[1]
    except Exception:  # noqa: BLE001 - the call says what is wrong
        return False
    return not provider.startswith("text-completion-")


@cache
def _find_silent() -> Callable[..., Any] | None:
    """Return a logging class that does nothing; None if this version of LiteLLM is unknown."""
    try:
        from litellm.litellm_core_utils.litellm_logging import Logging
    except ImportError:
        return None
    needed = ("model", "messages", "stream", "call_type", "start_time", "litellm_call_id")
    if not {*needed, "function_id"} <= set(inspect.signature(Logging).parameters):
        return None
    methods = {
        name: _do_nothing_later if inspect.iscoroutinefunction(base) else _do_nothing
        for name in _RECORDING
        if (base := getattr(Logging, name, None)) is not None
    }
    return type("SilentLogging", (Logging,), methods)


def _do_nothing(*_args: object, **_more: object) -> None:
    """Replace a method of LiteLLM's logging object."""


async def _do_nothing_later(*_args: object, **_more: object) -> None:
    """As `_do_nothing`, for coroutines."""
