"""Tests for writing files."""

from __future__ import annotations

import os
import stat
import sys
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    for data in (b"old", b"new"):
        write_atomically(file, data)
        assert file.read_bytes() == data
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes in folders")
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_atomically(pipe, b"data")
    reader.join()
    assert read == [b"data"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes in folders")
def test_a_pipe_at_a_path_of_our_own_is_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "state.json"
    os.mkfifo(pipe)
    write_atomically(pipe, b"data", is_own=True)
    assert pipe.read_bytes() == b"data"


@pytest.mark.skipif(sys.platform == "win32", reason="needs descriptors in folders")
def test_standard_output_is_no_file_to_replace(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    link = tmp_path / "stdout"
    link.symlink_to(f"/dev/fd/{writer}")
    write_atomically(link, b"data")
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        assert stream.read() == b"data"
    assert link.is_symlink()
