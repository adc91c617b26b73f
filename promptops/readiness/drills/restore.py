"""Drill: can the registry and the run log be restored from a backup?"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError
from promptops.runtime.stores.log_place import find_log

if TYPE_CHECKING:
    from promptops.readiness.drills.scratch import Drill


def rehearse(drill: Drill) -> str:
    """Back up the registry and the log, delete them, restore them, and compare.

    Raises:
        PromptopsError: the restored data differs.
    """
    backup = drill.folder / "backup.git"
    with drill.step("a backup of all prompts, releases and environments"):
        drill.git(
            "clone", "--quiet", "--mirror", str(drill.remote), str(backup), place=drill.folder
        )
    before = drill.git("for-each-ref", "--format=%(refname) %(objectname)", place=drill.remote)
    shutil.rmtree(drill.remote)
    with drill.step("restored, cloned and verified"):
        drill.git(
            "clone", "--quiet", "--mirror", str(backup), str(drill.remote), place=drill.folder
        )
        shutil.rmtree(drill.clone)
        drill.clone_remote()
        drill.promptops("verify")
    after = drill.git("for-each-ref", "--format=%(refname) %(objectname)", place=drill.remote)
    if before != after:
        raise PromptopsError("the drill failed: not everything was restored")
    count = len(before.splitlines())
    return f"{count:,} branches and tags were restored and verified{_restore_log(drill)}"


def _restore_log(drill: Drill) -> str:
    """Copy the run log, and return what that says; nothing where it is in a server, or absent."""
    repository = drill.original
    place = find_log(
        repository.config.log,
        os.environ,
        common_dir=repository.git.common_dir,
        top=repository.git.work_tree,
    )
    if place.startswith(("postgres://", "postgresql://")):
        return "; the log is in PostgreSQL, whose backup is rehearsed there"
    if not Path(place).is_file():
        return ""
    copy = drill.folder / "runs.db"
    with drill.step("a backup of the run log, read again"):
        # SQLite's own way: a copy of the file alone may miss what is still in its journal.
        source, target = sqlite3.connect(f"file:{place}?mode=ro", uri=True), sqlite3.connect(copy)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
        drill.promptops("runs", "stats", variables={"PROMPTOPS_LOG": str(copy)})
    return "; so did the run log"
