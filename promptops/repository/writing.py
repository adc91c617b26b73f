"""Write files atomically."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def write_atomically(
    file: Path,
    data: bytes,
    *,
    mode: int | None = None,
    is_durable: bool = True,
    is_own: bool = False,
) -> None:
    """Replace a file atomically: after a crash or on a full disk it has the old or the new bytes.

    A device or a pipe, such as `/dev/null` or `/dev/stdout`, is written to, not replaced. With
    `is_own` even that is replaced, since writing to a pipe would wait for a reader.

    Args:
        file: the path; its folder must exist.
        data: its new content.
        mode: its permissions; None: the default for new files.
        is_durable: whether to wait until the data is on disk; not needed for data that can be
            recreated.
        is_own: whether promptops chose the path, as in a cache; then anything at the path is
            replaced.

    Raises:
        OSError: writing failed; the old file is unchanged.
    """
    import tempfile

    if not is_own and _is_special(file):
        file.write_bytes(data)
        return
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            if is_durable:
                stream.flush()
                os.fsync(stream.fileno())
        Path(name).chmod(_new_file_mode() if mode is None else mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_special(file: Path) -> bool:
    """Return whether the path exists and is neither a file nor a folder; follows links."""
    try:
        kind = file.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(kind) and not stat.S_ISDIR(kind)


def replace_file(file: Path, data: bytes) -> None:
    """Replace an existing file atomically, with its permissions; see `write_atomically`."""
    write_atomically(file, data, mode=file.stat().st_mode & 0o7777)


def _new_file_mode() -> int:
    """Return the default permissions of a new file; `mkstemp` creates private files."""
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask
