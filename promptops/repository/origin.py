"""Find the origin of this installation, for files that install promptops.

A bare name in a CI file installs whatever is registered under that name, with the rights of the
job. So the file names the version if promptops came from an index, the commit if it came from a Git
URL, and the folder if it came from one (PEP 610).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from promptops.prompt.digest import is_object_id

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = "git-promptops"
PLACEHOLDER = "/path/to/promptops"
"""The placeholder for an unknown origin: installing from it fails."""

_PLAIN = re.compile(r"[A-Za-z0-9._~:/@+%=#&?-]+", re.ASCII)
_HASH = re.compile(r"sha(?:256|384|512)=[0-9a-f]{64,128}")


class Origin(NamedTuple):
    """The origin of an installation.

    Attributes:
        source: the part after the name: `==1.2.0`, ` @ git+https://…@<commit>`, or a folder.
        is_folder: whether it is a folder, which other machines need not have.
        is_known: whether it is known at all.
    """

    source: str
    is_folder: bool = False
    is_known: bool = True

    def require(self, *extras: str) -> str:
        """Return the argument for `pip install`, in single quotes."""
        extra = f"[{','.join(extras)}]" if extras else ""
        where = f"{self.source}{extra}" if self.is_folder else f"{PACKAGE}{extra}{self.source}"
        return f"'{where}'"

    @property
    def advice(self) -> str | None:
        """The edits that a person has to make; None if there are none."""
        if not self.is_known:
            return (
                f"replace {PLACEHOLDER} with the source of promptops for CI: "
                f"{PACKAGE}==VERSION, or {PACKAGE} @ git+URL@COMMIT"
            )
        if self.is_folder:
            return (
                f"CI installs promptops from {self.source}: write {PACKAGE}==VERSION, or "
                f"{PACKAGE} @ git+URL@COMMIT, where CI does not have that folder"
            )
        return None


UNKNOWN = Origin(PLACEHOLDER, is_folder=True, is_known=False)


def find_origin() -> Origin:
    """Return the origin of the running promptops."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        return UNKNOWN
    return read_origin(found.version, found.read_text)


def read_origin(version: str, read: Callable[[str], str | None]) -> Origin:
    """Return the origin that the metadata of an installed package names.

    Args:
        version: the package's version.
        read: returns a file of the metadata; None when there is none.
    """
    text = read("direct_url.json")
    if text is None:
        return Origin(f"=={version}") if _PLAIN.fullmatch(version) else UNKNOWN
    try:
        found: Any = json.loads(text)
        return _read_direct(found, urlsplit(found["url"]).scheme)
    except (ValueError, KeyError, TypeError, AttributeError):
        return UNKNOWN


def _read_direct(found: dict[str, Any], scheme: str) -> Origin:
    url = _without_password(found["url"])
    if "vcs_info" in found:
        commit = found["vcs_info"]["commit_id"]
        source = f" @ git+{url}@{commit}"
        is_pinned = found["vcs_info"]["vcs"] == "git" and is_object_id(commit)
        if found.get("subdirectory"):
            source = f"{source}#subdirectory={found['subdirectory']}"
        return Origin(source) if is_pinned and _is_plain(source) else UNKNOWN
    if scheme == "file":
        folder = url2pathname(urlsplit(url).path)
        return Origin(folder, is_folder=True) if _PLAIN.fullmatch(folder) else UNKNOWN
    archive = found["archive_info"]
    hashes = archive.get("hashes") or {}
    digest = f"sha256={hashes['sha256']}" if "sha256" in hashes else archive.get("hash", "")
    source = f" @ {url}#{digest}"
    return Origin(source) if _HASH.fullmatch(digest) and _is_plain(source) else UNKNOWN


def _is_plain(source: str) -> bool:
    return _PLAIN.fullmatch(source.removeprefix(" @ ")) is not None


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, found, host = parts.netloc.rpartition("@")
    if not found:
        return url
    # `git@` is not a secret; anything else may be a token.
    kept = f"git@{host}" if user.partition(":")[0] == "git" else host
    return urlunsplit(parts._replace(netloc=kept))
