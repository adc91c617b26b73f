"""Write a file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(file: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace a file whole: a crash or a full disk leaves the old bytes or the new ones.

    Args:
        file: what to write; its folder exists.
        data: its new content.
        mode: its permissions; None: what an ordinary new file gets.

    Raises:
        OSError: the old file is as it was.
    """
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(_new_file_mode() if mode is None else mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def replace_file(file: Path, data: bytes) -> None:
    """Replace a file that exists, whole, and keep its permissions; see `write_atomically`."""
    write_atomically(file, data, mode=file.stat().st_mode & 0o7777)


def _new_file_mode() -> int:
    """Return what an ordinary new file gets; `mkstemp` makes private ones."""
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask
