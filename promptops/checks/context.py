"""Read the context in which prompts are validated: owners, suites, other prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.subject import CheckContext, CostLimits, OwnersFault, know_nothing
from promptops.errors import NotAFileError
from promptops.forge.places import ALL_OWNERS
from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.repository.repository import PlacedFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promptops.repository.config import Config
    from promptops.repository.repository import Files


def read_context(
    files: Files,
    config: Config,
    *,
    list_names: Callable[[], frozenset[str]] = frozenset,
    list_live: Callable[[], Mapping[str, Sequence[str]]] | None = None,
) -> CheckContext:
    """Read the context from outside of the prompts folder, in the same state of the repository."""
    top = files.beside("") if isinstance(files, PlacedFiles) else None
    evals = files.beside(config.evals) if isinstance(files, PlacedFiles) else None
    fewest = config.gate.samples
    find_limits, is_free = read_costs(config)
    if top is None or evals is None:
        return CheckContext(
            list_names,
            fewest_samples=fewest,
            list_live=list_live,
            find_limits=find_limits,
            is_free=is_free,
        )
    owners, owners_fault = _find_owners(top, config)
    suites = frozenset(f"{config.evals}/{path}" for path in evals.paths())

    def read_suite(path: str) -> str:
        # For a proposed change, the evals folder is the proposed one and the top the old one.
        below = path.removeprefix(f"{config.evals}/")
        return (_read_quietly(evals, below) or b"").decode(errors="replace")

    return CheckContext(
        list_names=list_names,
        owners=owners,
        owners_fault=owners_fault,
        suites=suites or None,
        default_suite=f"{config.evals}/{{}}.yaml".format,
        read_suite=read_suite,
        fewest_samples=fewest,
        list_live=list_live,
        find_limits=find_limits,
        is_free=is_free,
    )


def read_costs(
    config: Config,
) -> tuple[Callable[[str], CostLimits | None], Callable[[str], bool | None]]:
    """Return the limits of a prompt, and whether a model is free."""
    # Most repositories configure no limits and need not import these modules.
    if "guards" not in config.tables:
        return know_nothing, know_nothing
    from promptops.repository.prices import Prices
    from promptops.repository.settings.guards import find_guards

    guards, prices = config.guards, Prices(config.models)

    def find_limits(name: str) -> CostLimits | None:
        spending, tokens = find_guards(guards, name, beside=EVAL_ENVIRONMENT)
        return None if spending is None and tokens is None else CostLimits(spending, tokens)

    def is_free(model: str) -> bool | None:
        price = prices.find(model)
        return None if price is None else price.is_free

    return find_limits, is_free


def read_owners_files(files: Files) -> tuple[bytes | None, ...]:
    """Read the files at all paths where a forge looks for CODEOWNERS."""
    top = files.beside("") if isinstance(files, PlacedFiles) else None
    if top is None:
        return ()
    return tuple(_read_places(top))


def _read_places(top: Files) -> Iterator[bytes | None]:
    """Yield the content at each path; for something that is not a file, the error's message."""
    for place in ALL_OWNERS:
        try:
            yield top.read(place)
        except NotAFileError as error:
            yield error.message.encode()


def _read_quietly(files: Files, path: str) -> bytes | None:
    """Return a file's bytes; None if it is missing, or is a link, which other code reports."""
    try:
        return files.read(path)
    except NotAFileError:
        return None


def _find_owners(
    top: Files, config: Config
) -> tuple[Callable[[str], Sequence[str]] | None, OwnersFault | None]:
    """Return a function that finds the owners of a file, or why CODEOWNERS is unusable."""
    # Repositories without one need not import the parser.
    if all(data is None for data in _read_places(top)):
        return None, None
    from promptops.forge.codeowners.choice import choose_dialect, load_owners

    asked = ""

    def read(path: str) -> bytes | None:
        nonlocal asked
        asked = path
        return top.read(path)

    try:
        found = load_owners(choose_dialect(config.gate.dialect, read), read)
    except NotAFileError as error:
        return None, OwnersFault(asked, error.message, error.hint)
    if found is None:
        return None, None
    refusal = found.owners.refusal
    if refusal is not None:
        hint = next((problem.hint for problem in found.owners.problems), None)
        return None, OwnersFault(found.path, refusal, hint)
    match, folder = found.owners.match, config.prompts
    return lambda path: match(f"{folder}/{path}").owners, None
