"""Check that the Redis server of the ledger stores its data durably."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.protection.doctor.answer import fine, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

# Setting, required value, and the consequence of another value.
_SETTINGS = {
    "appendonly": ("yes", "a restart loses counted spending, and runs are refused until a reset"),
    "appendfsync": ("always", "a crash loses the latest spending, so budgets can be exceeded"),
    "maxmemory-policy": ("noeviction", "a full server evicts counted spending"),
}


def look_at_ledger(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that the Redis ledger keeps its data after a restart or crash."""
    from promptops.runtime.guards.opening import open_ledger
    from promptops.runtime.ledger import LedgerError
    from promptops.runtime.stores.addresses import describe_place, find_store

    settings = subject.config.guards
    variable = settings.ledger_variable
    if variable is not None and not subject.environment.get(variable):
        yield unknown(
            f"the variable with the address of the ledger, {variable}, is not set",
            "guards.ledger_variable",
            f"run doctor where {variable} is set",
        )
        return
    url = find_store(
        settings.place,
        subject.config.log,
        subject.environment,
        common_dir=subject.git.common_dir,
        top=subject.git.work_tree,
    )
    if not url.startswith(("redis://", "rediss://")):
        return
    place = describe_place(url)
    ledger = open_ledger(url)
    try:
        found = ledger.read_settings(tuple(_SETTINGS))  # type: ignore[attr-defined]  # Redis has it
    except LedgerError as error:
        yield unknown(error.message, place, f"ask the server: CONFIG GET {' '.join(_SETTINGS)}")
        return
    finally:
        ledger.close()
    careless = False
    for name, (wanted, risk) in _SETTINGS.items():
        is_moot = name == "appendfsync" and found.get("appendonly") != "yes"
        if found.get(name) != wanted and not is_moot:
            careless = True
            yield warning(
                f"{name} of the ledger's server is {found.get(name, 'not known')}",
                place,
                risk=risk,
                remedy=f"set `{name} {wanted}` in redis.conf",
            )
    if not careless:
        yield fine("the ledger's server keeps what it counts", place)
