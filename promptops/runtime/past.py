"""List a source's releases and deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import PromptNotFoundError, UsageError
from promptops.prompt.reference import check_environment, check_name
from promptops.runtime.resolution import RepositoryView

if TYPE_CHECKING:
    from promptops.delivery.environments import Deployment
    from promptops.runtime.resolution import View


class Released(NamedTuple):
    """One released version of a prompt.

    Attributes:
        name: the prompt.
        version: the version.
        digest: the digest of its content.
        commit: the commit that was released.
        released_at_seconds: the time of the release, in seconds since 1970.
        released_by: who created the release.
        notes: the release notes.
        is_yanked: whether it is yanked.
    """

    name: str
    version: str
    digest: str
    commit: str
    released_at_seconds: int
    released_by: str
    notes: str
    is_yanked: bool


def list_versions(view: View, name: str) -> tuple[Released, ...]:
    """Return the released versions of a prompt, newest first.

    Raises:
        PromptNotFoundError: nothing of that name was released.
        UsageError: the source is a snapshot, which has no history.
    """
    from promptops.delivery.releases import list_releases, list_yanked

    repository = _require_past(view).repository
    releases = list_releases(repository, check_name(name))
    if not releases:
        raise PromptNotFoundError(
            f"{name} has no release in {view.source}", hint="run promptops list to see the releases"
        )
    yanked = list_yanked(repository, name)
    return tuple(
        Released(
            one.name,
            str(one.version),
            one.digest,
            one.commit,
            one.tagger.time_seconds,
            one.tagger.name,
            one.notes,
            one.version in yanked,
        )
        for one in sorted(releases, key=lambda one: one.version, reverse=True)
    )


def list_deployments(
    view: View, environment: str, *, name: str | None = None, limit: int | None = None
) -> tuple[Deployment, ...]:
    """Return the deployments of an environment, newest first; with `name`, those of that prompt.

    Raises:
        EnvironmentNotFoundError: there is no such environment.
        UsageError: the source is a snapshot, which has no history.
    """
    from promptops.delivery.environments import list_deployments

    repository = _require_past(view).repository
    check_environment(environment)
    # Reading raises the error of a refused environment, whose history must not be listed either.
    view.live(environment)
    return tuple(list_deployments(repository, environment, name=name, limit=limit))


def _require_past(view: View) -> RepositoryView:
    if not isinstance(view, RepositoryView):
        raise UsageError(
            "the source is a snapshot, which has no history",
            hint="open a repository or a clone URL",
        )
    return view
