"""The subject of the doctor: one repository, its settings, and the gate's files."""

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
    """The examined repository. Everything is read on first use.

    The gate uses only files on the default branch, so they are read there, or from the work tree if
    there is no default branch yet.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        cache: Path,
        now_seconds: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Store the folder of the library's copies, the current time, and the environment
        variables.
        """
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
        """The full ref of the default branch; None if missing or unknown."""
        return self.repository.default_branch_ref

    @property
    def where(self) -> str:
        """The place where the gate's files are read, for messages."""
        return "the work tree" if self.base is None else short_name(self.base)

    @cached_property
    def _read(self) -> Callable[[str], bytes | None]:
        return open_reader(self.repository, self.base)

    def read(self, path: str) -> bytes | None:
        """Return a file of the state that the gate uses, by its path from the top; None if
        missing.
        """
        return self._read(path)

    @cached_property
    def paths(self) -> list[str]:
        """All files of that state, from the top."""
        return list_paths(self.repository, self.base)

    @cached_property
    def config(self) -> Config:
        """The configuration that the gate uses."""
        return load_config(self.read)

    @cached_property
    def url(self) -> str | None:
        """The configured remote's address; None without one."""
        return None if self.git.is_bare else remote_url(self.git, self.repository.config.remote)

    @cached_property
    def dialect(self) -> Dialect:
        """The CODEOWNERS dialect, chosen as by every other command."""
        return choose_dialect(self.config.gate.dialect, self.read)

    @cached_property
    def _owners(self) -> OwnersFile | None:
        try:
            return read_owners(self.repository, self.dialect, revision=self.base).owners
        except NotFoundError:
            return None

    def is_owned(self, path: str) -> bool:
        """Return whether a file has owners in the state that the gate uses."""
        return self._owners is not None and self._owners.match(path).state is OwnersState.OWNED
