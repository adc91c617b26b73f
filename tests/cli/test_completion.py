"""Scripts that have a shell ask for completions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept

if TYPE_CHECKING:
    from tests.repositories import Repo

SHELLS = ["bash", "zsh", "fish", "powershell"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_that_it_can_read(tmp_path: Path, shell: str) -> None:
    script = tmp_path / "script"
    script.write_text(accept(tmp_path, "completion", shell))
    assert "promptops complete -- " in script.read_text()
    if shell != "powershell" and shutil.which(shell):
        subprocess.run([shell, "-n", str(script)], check=True)


@pytest.mark.slow
def test_bash_completes_names_and_versions(small: Repo, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(accept(tmp_path, "completion", "bash"))
    asked = (
        f"source {script}; COMP_WORDBREAKS=$' @:='; COMP_LINE='promptops show a@1'; COMP_POINT=18;"
        "COMP_WORDS=(promptops show a @ 1); COMP_CWORD=4; _promptops; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "-c", asked],
        cwd=small.path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1.0.0\n"
