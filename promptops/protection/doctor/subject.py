"""What the doctor examines: one repository, its settings, and the files that count for its gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import NotFoundError
from promptops.forge.codeowners import Dialect, OwnersState
from promptops.forge.codeowners.choice import choose_dialect
from promptops.gate.ownership import list_paths, open_reader, read_owners
from promptops.git.refs import short_name
from promptops.git.remote import remote_url
from promptops.git.settings import read_settings
from promptops.lazy import cached_property
from promptops.repository.config import Config, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptops.forge.codeowners import OwnersFile
    from promptops.repository.repository import Repository


class DoctorSubject:
    """A repository under examination. Everything is read when a check first asks for it.

    The gate believes only what stands on the default branch, so that is where its files are read;
    in the work tree only where there is no such branch yet.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        cache: Path,
        now_seconds: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take the folder with the copies of sources, the time it is, and the environment."""
        self.repository = repository
        self.git = repository.git
        self.cache = cache
        self.now_seconds = now_seconds
        self.environment: Mapping[str, str] = environment or {}

    @cached_property
    def settings(self) -> dict[str, list[str | None]]:
        """Git's configuration, every value of every level."""
        return read_settings(self.git)

    @cached_property
    def base(self) -> str | None:
        """The full ref of the default branch; None where it does not exist or is unknown."""
        return self.repository.default_branch_ref

    @property
    def where(self) -> str:
        """Where the files of the gate are read, in words."""
        return "the work tree" if self.base is None else short_name(self.base)

    @cached_property
    def _read(self) -> Callable[[str], bytes | None]:
        return open_reader(self.repository, self.base)

    def read(self, path: str) -> bytes | None:
        """Return a file of the state that the gate believes, by its path from the top; None without
        it.
        """
        return self._read(path)

    @cached_property
    def paths(self) -> list[str]:
        """All files of that state, from the top."""
        return list_paths(self.repository, self.base)

    @cached_property
    def config(self) -> Config:
        """The configuration that the gate believes."""
        return load_config(self.read)

    @cached_property
    def url(self) -> str | None:
        """Where the configured remote is; None without one."""
        return None if self.git.is_bare else remote_url(self.git, self.repository.config.remote)

    @cached_property
    def dialect(self) -> Dialect:
        """Whose CODEOWNERS rules hold, as every other verb chooses them."""
        return choose_dialect(self.config.gate.dialect, self.read)

    @cached_property
    def _owners(self) -> OwnersFile | None:
        try:
            return read_owners(self.repository, self.dialect, revision=self.base).owners
        except NotFoundError:
            return None

    def is_owned(self, path: str) -> bool:
        """Return whether a file has owners in the state that the gate believes."""
        return self._owners is not None and self._owners.match(path).state is OwnersState.OWNED
