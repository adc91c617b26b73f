"""Write commits and annotated tags, signed as the user configured, and query history.

Nothing here moves a ref: `refs.update_refs` does that afterwards, by compare-and-swap.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import GitError, NotFoundError, UsageError
from promptops.git.objects import Identity, list_sizes, parse_identity, parse_tag
from promptops.git.process import failure
from promptops.git.settings import is_set
from promptops.git.trees import write_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.git.process import Git

# Our messages are UTF-8, whatever encoding the user configured.
_UTF8 = ("-c", "i18n.commitEncoding=UTF-8")

_IDENT_VARIABLES = {"committer": "GIT_COMMITTER_IDENT", "author": "GIT_AUTHOR_IDENT"}


class Signature(NamedTuple):
    """The result of verifying a signature.

    Attributes:
        good: whether an allowed signer's key made it, over exactly this object.
        principal: the signer, by the allowed signers file; None unless good.
        key: the key's fingerprint (`SHA256:...`), if known.
        reason: why it is not good; None if it is.
    """

    good: bool
    principal: str | None
    key: str | None
    reason: str | None


def write_commit(
    git: Git, tree: str, parents: Sequence[str], message: str, *, is_signed: bool | None = None
) -> str:
    """Store a commit, signed if `commit.gpgSign` is set; return its id.

    Args:
        git: the repository; author, committer and dates are the user's.
        tree: the id of its tree.
        parents: the ids of its parents, possibly none.
        message: the whole message, kept byte by byte; it should end in a newline.
        is_signed: the value of `commit.gpgSign`, if the caller knows it already.

    Raises:
        GitError: no identity is configured, or signing failed.
    """
    options = [option for parent in parents for option in ("-p", parent)]
    # `commit-tree` ignores commit.gpgSign.
    if is_signed is None:
        is_signed = is_set(git, "commit.gpgSign")
    if is_signed:
        options.append("-S")
    args = (*_UTF8, "commit-tree", *options, "-F", "-", tree)
    return git.run(*args, stdin=_encode(message)).text


class NewTag(NamedTuple):
    """An annotated tag to be written.

    Attributes:
        name: its name without `refs/tags/`.
        target: the id of the tagged object.
        message: the whole message, ending in a newline.
    """

    name: str
    target: str
    message: str


def write_tag(git: Git, name: str, target: str, message: str) -> str:
    """Store one annotated tag object; see `write_tags`."""
    return write_tags(git, [NewTag(name, target, message)])[0]


def write_tags(git: Git, tags: Sequence[NewTag]) -> list[str]:
    """Store annotated tag objects, signed if `tag.gpgSign` is set; return their ids.

    No ref is created. Messages are stored byte by byte, Markdown headings included. Tagger and date
    are the user's committer identity.

    Raises:
        GitError: no identity is configured, a target does not exist, or signing failed.
    """
    if not tags:
        return []
    targets = list_sizes(git, sorted({tag.target for tag in tags}))
    missing = next((tag for tag in tags if tag.target not in targets), None)
    if missing is not None:
        raise GitError(f"{missing.name} would tag {missing.target}, which does not exist")
    if is_set(git, "tag.gpgSign") or is_set(git, "tag.forceSignAnnotated"):
        return [_write_signed_tag(git, name, oid, _encode(said)) for name, oid, said in tags]
    tagger = git.run("var", _IDENT_VARIABLES["committer"]).text
    return write_objects(
        git,
        [
            (
                "tag",
                _encode(
                    f"object {oid}\ntype {targets[oid][0]}\ntag {name}\ntagger {tagger}\n\n{said}"
                ),
            )
            for name, oid, said in tags
        ],
    )


def verify_signature(git: Git, oid: str, kind: str, allowed_signers: Path) -> Signature:
    """Verify the SSH signature of a commit or tag against an allowed signers file.

    The result is git's exit code; its output is not parsed for it. Only SSH signatures count: an
    allowed signers file does not list OpenPGP keys.

    Args:
        git: the repository.
        oid: the object's id.
        kind: `commit` or `tag`.
        allowed_signers: a file as in ssh-keygen(1). It must not come from the verified repository.

    Raises:
        GitError: the allowed signers file cannot be read.
        NotFoundError: there is no such object.
    """
    if not allowed_signers.is_file():
        message = f"the list of allowed signers {allowed_signers} cannot be read"
        raise GitError(message, hint="give the path of an allowed_signers file")
    done = git.run("cat-file", kind, oid, check=False)
    if done.code != 0:
        message = f"there is no {kind} {oid} in this repository"
        raise NotFoundError(message, hint="fetch it first")
    marker = b"-----BEGIN SSH SIGNATURE-----"
    if marker not in done.stdout:
        signed = b"-----BEGIN PGP" in done.stdout or b"-----BEGIN SIGNED" in done.stdout
        reason = "it is not signed with an SSH key" if signed else "it is not signed"
        return Signature(good=False, principal=None, key=None, reason=reason)
    args = (
        *("-c", f"gpg.ssh.allowedSignersFile={allowed_signers.absolute()}"),
        # Override a configuration that accepts trust level "undefined", which an unlisted key has.
        *("-c", "gpg.minTrustLevel=fully"),
        *(f"verify-{kind}", "--raw", oid),
    )
    done = git.run(*args, check=False)
    said = done.stderr + done.text
    key = re.search(r"key (SHA256:[A-Za-z0-9+/]+)", said)
    who = re.search(r'^Good "git" signature for (.+) with \S+ key SHA256:', said, re.MULTILINE)
    good = done.code == 0 and who is not None
    return Signature(
        good=good,
        principal=who[1] if good and who else None,
        key=key[1] if key else None,
        reason=None if good else _why_not(said),
    )


def is_ancestor(git: Git, ancestor: str, descendant: str) -> bool:
    """Return whether one commit is reachable from another. A commit is reachable from itself."""
    args = ("merge-base", "--is-ancestor", ancestor, descendant)
    done = git.run(*args, check=False)
    if done.code in {0, 1}:
        return done.code == 0
    raise failure(args, done)


def merge_base(git: Git, one: str, other: str) -> str | None:
    """Return the best common ancestor of two commits; None if this clone has none."""
    args = ("merge-base", one, other)
    done = git.run(*args, check=False)
    if done.code == 1:
        return None
    if done.code != 0:
        raise failure(args, done)
    return done.text.partition("\n")[0]


def rev_list(
    git: Git,
    tip: str,
    *,
    limit: int | None = None,
    exclude: str | None = None,
    first_parent: bool = True,
) -> list[str]:
    """List the commit `tip` and its ancestors, newest first, at most `limit`.

    By first parents, unless `first_parent` is false. `exclude` and its ancestors are left out.
    """
    options = ["--first-parent"] if first_parent else []
    if limit is not None:
        options.append(f"--max-count={limit}")
    tips = [tip] if exclude is None else [tip, f"^{exclude}"]
    return git.run("rev-list", *options, "--end-of-options", *tips, "--").text.split()


def find_unreachable(git: Git, commits: Iterable[str], tips: Iterable[str]) -> set[str]:
    """Return the commits that are not reachable from any of the tips. Starts one git process."""
    wanted = set(commits)
    if not wanted:
        return set()
    lines = [*wanted, *(f"^{tip}" for tip in tips), ""]
    listed = git.run("rev-list", "--stdin", stdin="\n".join(lines).encode()).text.split()
    return wanted.intersection(listed)


def ancestor(git: Git, oid: str, steps: int) -> str | None:
    """Return the commit `steps` first parents back; None if history here is shorter."""
    spec = f"{oid}~{steps}"
    done = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", spec, check=False)
    return done.text if done.code == 0 else None


def list_trees(git: Git, tip: str) -> set[str]:
    """Return the trees of a commit and its ancestors, by first parents."""
    args = ("rev-list", "--first-parent", "--no-commit-header", "--format=%T", tip, "--")
    return set(git.run(*args).text.split())


def is_shallow(git: Git) -> bool:
    """Return whether the clone is shallow now; a fetch may have changed that."""
    return git.run("rev-parse", "--is-shallow-repository").text == "true"


def identity(git: Git, role: str = "committer") -> Identity:
    """Return the user's identity by git, with the current time, as `committer` or `author`.

    Raises:
        GitError: no identity is configured.
    """
    return parse_identity(git.run("var", _IDENT_VARIABLES[role]).text)


def _write_signed_tag(git: Git, name: str, target: str, message: bytes) -> str:
    """Sign with `git tag` in a temporary repository that shares the real object store.

    Only `git tag` signs as configured (OpenPGP, SSH, X.509, any program), and it always creates the
    tag's ref. In the temporary repository that ref does no harm.
    """
    import tempfile

    settings = git.run(
        "config", "-z", "--get-regexp", r"^(gpg|user|author|committer)\.", check=False
    ).stdout
    objects = git.child_environment().get("GIT_OBJECT_DIRECTORY")
    with tempfile.TemporaryDirectory(prefix="promptops-tag-") as folder:
        _make_throwaway(Path(folder), git.object_format)
        args = (
            # Pass settings one by one: conditional includes depend on the repository's path.
            *_options(settings),
            *("-c", f"core.hooksPath={os.devnull}"),
            *("tag", "--annotate", "--sign", "--cleanup=verbatim", "-F", "-", "--", name, target),
        )
        env = {
            "GIT_DIR": folder,
            "GIT_COMMON_DIR": folder,
            "GIT_OBJECT_DIRECTORY": str(git.folder / objects)
            if objects
            else str(git.common_dir / "objects"),
        }
        done = git.run(*args, stdin=message, env=env)
        oid = git.run("rev-parse", "--verify", f"refs/tags/{name}", env=env).text
    # Git 2.39 reports success but writes an unsigned tag when it cannot load an SSH key.
    tag = parse_tag(git.run("cat-file", "tag", oid).stdout)
    if tag.signature is None or tag.message != message.decode("utf-8", "surrogateescape"):
        raise failure(args, done)
    return oid


def _make_throwaway(folder: Path, object_format: str) -> None:
    for name in ("objects", "refs"):
        (folder / name).mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    lines = ["[core]", "bare = true"]
    if object_format == "sha1":
        lines.append("repositoryFormatVersion = 0")
    else:
        lines += ["repositoryFormatVersion = 1", "[extensions]", f"objectFormat = {object_format}"]
    (folder / "config").write_text("\n".join([*lines, ""]))


def _options(settings: bytes) -> list[str]:
    options = []
    for setting in settings.split(b"\0"):
        if setting:
            name, line_end, value = setting.decode("utf-8", "surrogateescape").partition("\n")
            options += ["-c", f"{name}={value}" if line_end else name]
    return options


def _why_not(said: str) -> str:
    for sign, reason in (
        ("No principal matched", "its key is not among the allowed signers"),
        ("incorrect signature", "the signature does not match the content"),
        ("Could not verify", "the signature does not match the content"),
        ("cannot run ssh-keygen", "ssh-keygen is not installed"),
        ("ssh-keygen -Y find-principals/verify is needed", "ssh-keygen is too old"),
        ("invalid format", "the signature is malformed"),
    ):
        if sign in said:
            return reason
    return "its signature is not by an allowed signer"


def _encode(text: str) -> bytes:
    if "\0" in text:
        message = "a message cannot contain a NUL character"
        raise UsageError(message, hint="remove the NUL character")
    return text.encode("utf-8", "surrogateescape")
