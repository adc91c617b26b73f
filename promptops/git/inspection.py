"""Read git's configuration with GitPython, to show it to people.

Only setup commands use this module: importing GitPython takes longer than a whole `promptops
resolve`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import git as gitpython

    from promptops.git.process import Git


@dataclass(frozen=True, slots=True)
class Configuration:
    """Git's configuration for display; None for settings that are not set."""

    user_name: str | None
    user_email: str | None
    signing_format: str | None
    signing_key: str | None
    signs_commits: bool
    signs_tags: bool
    hooks_path: str | None


def configuration(git: Git) -> Configuration:
    """Return identity and signing settings, merged from all levels of configuration.

    GitPython reads the user's file only at its usual paths and ignores `GIT_CONFIG_GLOBAL`;
    `history.identity` asks git itself.

    Raises:
        GitError: GitPython cannot read this repository.
    """
    with _opened(git) as repository, repository.config_reader() as reader:
        # Read now: a malformed file that is read on demand would count as empty.
        reader.read()

        def text(section: str, name: str) -> str | None:
            value = reader.get_value(section, name, default="")
            return str(value) or None

        def switch(section: str, name: str) -> bool:
            value = (text(section, name) or "false").lower()
            # A key without a value is read as "", and means true in git.
            return value in {"true", "yes", "on", "1"} or _is_bare_name(section, name)

        def _is_bare_name(section: str, name: str) -> bool:
            return reader.has_option(section, name) and text(section, name) is None

        return Configuration(
            user_name=text("user", "name"),
            user_email=text("user", "email"),
            signing_format=text("gpg", "format"),
            signing_key=text("user", "signingkey"),
            signs_commits=switch("commit", "gpgsign"),
            signs_tags=switch("tag", "gpgsign"),
            hooks_path=text("core", "hookspath"),
        )


def _opened(git: Git) -> AbstractContextManager[gitpython.Repo]:
    import configparser
    from contextlib import contextmanager

    @contextmanager
    def opened() -> Iterator[gitpython.Repo]:
        if git.object_format != "sha1":
            raise GitError(
                f"GitPython cannot read a repository with {git.object_format} object ids",
                hint="use `git remote -v` and `git config --list` to look at it",
            )
        try:
            import git as gitpython
        except ImportError as error:
            # GitPython runs `git version` on import, and quotes its whole output in the error.
            message = "GitPython cannot be loaded, or cannot run git"
            hint = "run `git version` to see what is wrong with git or its configuration"
            raise GitError(message, hint=hint) from error
        try:
            repository = gitpython.Repo(git.git_dir)
        except (gitpython.GitError, configparser.Error, OSError, ValueError) as error:
            message = f"GitPython cannot read {git.git_dir}: {type(error).__name__}"
            raise GitError(message, hint="run `git fsck` to see whether it is damaged") from error
        try:
            yield repository
        except (gitpython.GitError, configparser.Error, OSError, ValueError) as error:
            words = " ".join(str(error).split())
            message = f"GitPython cannot read the configuration of {git.git_dir}: {words}"
            raise GitError(
                message, hint="run `git config --list` to see where it is wrong"
            ) from error
        finally:
            repository.close()

    return opened()
